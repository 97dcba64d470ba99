// Numbers as people read them. What was not measured is "–", never 0.

/** Shown for what was not measured. */
export const NOT_MEASURED = "–";

const count = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

function scaled(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 0.01) return "<0.01";
  if (size < 1) return value.toFixed(2).replace(/0$/, "");
  if (size < 9.95) return value.toFixed(1).replace(/\.0$/, "");
  if (size < 9999.5) return count.format(value);
  if (size < 999_950) return `${(value / 1e3).toFixed(size < 99_950 ? 1 : 0).replace(/\.0$/, "")}k`;
  return `${(value / 1e6).toFixed(1).replace(/\.0$/, "")}M`;
}

/** A plain quantity in at most five characters: 0.42, 7.5, 1,986, 12.4k. */
export function formatQuantity(value: number | null | undefined): string {
  return value == null || !Number.isFinite(value) ? NOT_MEASURED : scaled(value);
}

/** Milliseconds with the unit that suits: 850 µs, 12 ms, 1.2 s. */
export function formatMs(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return NOT_MEASURED;
  if (value > 0 && value < 0.9995) return `${Math.round(value * 1000)} µs`;
  if (value < 999.5) return `${scaled(value)} ms`;
  return `${(value / 1000).toFixed(value < 99_950 ? 1 : 0)} s`;
}

/** A percentage: 0.4 %, 85 %. */
export function formatPercent(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return NOT_MEASURED;
  return `${scaled(value)} %`;
}

/** A rate with its unit, to the request while it has five digits: 1,986 req/s, 10,012 req/s. */
export function formatRate(value: number | null | undefined): string {
  const text =
    value != null && value >= 9999.5 && value < 99_999.5 ? count.format(value) : formatQuantity(value);
  return text === NOT_MEASURED ? text : `${text} req/s`;
}

/** A value with the unit of its column. */
export function formatUnit(value: number | null | undefined, unit: string): string {
  switch (unit) {
    case "ms":
      return formatMs(value);
    case "%":
      return formatPercent(value);
    case "req/s":
      return formatRate(value);
    case "s":
      return value == null ? NOT_MEASURED : formatMs(value * 1000);
    default: {
      const text = formatQuantity(value);
      return unit === "" || text === NOT_MEASURED ? text : `${text} ${unit}`;
    }
  }
}

/** A value of a scale: without the unit where a chart's caption has it. */
export function formatTick(value: number, unit: string): string {
  return unit === "req/s" ? formatQuantity(value) : formatUnit(value, unit);
}

/** A value beside the one that it is held against, with as many digits as tell the two apart. */
export function formatBeside(value: number, other: number | null, unit: string): string {
  const text = formatUnit(value, unit);
  if (other === null || value === other || text !== formatUnit(other, unit)) return text;
  const digits = [1, 2, 3].find((digit) => value.toFixed(digit) !== other.toFixed(digit));
  return digits === undefined ? text : `${value.toFixed(digits)} ${unit}`.trimEnd();
}

/** Seconds of a run as a clock: 04:12, 1:04:12. */
export function formatClock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const pad = (n: number) => String(n).padStart(2, "0");
  const minutes = `${pad(Math.floor(whole / 60) % 60)}:${pad(whole % 60)}`;
  return whole >= 3600 ? `${Math.floor(whole / 3600)}:${minutes}` : minutes;
}

const moment = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});

/** A time in milliseconds since 1970, to the minute, as it was where the reader is: 26 Nov, 14:02. */
export function formatMoment(at: number): string {
  return moment.format(at);
}

/** How long something took, in words: 0.8 s, 12 s, 4 min, 2 h. */
export function formatDuration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1).replace(/\.0$/, "")} s`;
  if (seconds < 119.5) return `${Math.round(seconds)} s`;
  if (seconds < 7199.5) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1).replace(/\.0$/, "")} h`;
}

/** "AddReadReplica" as "add read replica". */
export function words(identifier: string): string {
  return identifier
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
    .split(" ")
    .map((word) => (word.length > 1 && word === word.toUpperCase() ? word : word.toLowerCase()))
    .join(" ");
}

/** The first letter made large. */
export function capitalise(text: string): string {
  return text === "" ? text : text[0]?.toUpperCase() + text.slice(1);
}
