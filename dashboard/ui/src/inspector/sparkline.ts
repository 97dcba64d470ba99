/** A line through values with a threshold, both in the pixels of a small picture. */
export interface Sparkline {
  /** Data of an SVG path; empty where nothing was measured. Gaps stay gaps. */
  path: string;
  /** Height of the threshold from the top; null where there is none. */
  threshold: number | null;
  /** Largest value of the scale, which begins at zero. */
  top: number;
}

/** Draws values over a scale from zero that holds the threshold too. */
export function sparkline(
  values: readonly (number | null)[],
  threshold: number | null,
  width: number,
  height: number,
): Sparkline {
  const seen = values.filter((value): value is number => value !== null);
  const top = Math.max(1e-9, ...seen, threshold ?? 0) * 1.1;
  const y = (value: number) => height - (Math.max(0, value) / top) * height;
  const step = width / Math.max(1, values.length - 1);
  let pen = false;
  const path = values
    .map((value, place) => {
      if (value === null) {
        pen = false;
        return "";
      }
      const move = pen ? "L" : "M";
      pen = true;
      return `${move}${(place * step).toFixed(1)},${y(value).toFixed(1)}`;
    })
    .join("");
  return { path, threshold: threshold === null ? null : y(threshold), top };
}

/** The values of the seconds from one to another, both included. */
export function window(
  seconds: readonly number[],
  values: readonly (number | null)[],
  from: number,
  to: number,
): (number | null)[] {
  return values.filter((_, place) => {
    const second = seconds[place];
    return second !== undefined && second >= from && second <= to;
  });
}
