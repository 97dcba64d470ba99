import { capitalise, formatQuantity, formatUnit } from "../text/format";
import type { Comparison, Judgement, Measure, Spread } from "../wire";
import { letterOf, shareOf, strokeOf, whiskers } from "./model";
import { Wide } from "./Wide";

const titles: ReadonlyMap<string, string> = new Map([["capacity", "Capacity used"]]);

const meanings: Readonly<Record<Judgement, string>> = {
  differs: "Chance alone gives so large a difference in less than 5 of 100 cases.",
  "within noise": "Repeating one and the same run may differ as much.",
  "noise unknown": "One of the two was never repeated, so that nobody knows what chance does.",
  "not measured": "One of the two has no number.",
};

/** A letter in its run's colour. */
export function Letter({ place }: { place: number }) {
  return (
    <b className="fc-letter" style={{ color: `var(${strokeOf(place)})` }}>
      {letterOf(place)}
    </b>
  );
}

function Noise({ spreads, places }: { spreads: readonly Spread[]; places: readonly number[] }) {
  const x = (share: number) => 6 + 108 * share;
  return (
    <svg className="fc-noise" viewBox={`0 0 120 ${8 * spreads.length + 4}`} aria-hidden="true">
      {whiskers(spreads).map((whisker, place) => {
        if (whisker === null) return null;
        const y = 6 + 8 * place;
        const of = places[place] ?? place;
        return (
          <g key={of} style={{ color: `var(${strokeOf(of)})` }}>
            <line x1={x(whisker.from)} x2={x(whisker.to)} y1={y} y2={y} />
            <circle cx={x(whisker.at)} cy={y} r={3} />
          </g>
        );
      })}
    </svg>
  );
}

const noisy = ({ runs, deviation }: Spread, unit: string) =>
  runs < 2 ? "" : ` ± ${unit === "" ? formatQuantity(deviation) : formatUnit(deviation, unit)}`;

function runsIn({ runs }: Spread): string {
  return runs === 1 ? "1 run" : `${runs} runs`;
}

function Cell({ spread, unit }: { spread: Spread; unit: string }) {
  if (spread.runs === 0) return <td>–</td>;
  return (
    <td>
      {formatUnit(spread.mean, unit)}
      <small>
        {noisy(spread, unit)} of {runsIn(spread)}
      </small>
    </td>
  );
}

function Against({ measure, nth }: { measure: Measure; nth: number }) {
  const [first, spread] = [measure.spreads[0], measure.spreads[nth]];
  const judgement = measure.judgements[nth - 1];
  if (first === undefined || spread === undefined || judgement === undefined) return <td />;
  const share = judgement === "not measured" ? null : shareOf(spread, first);
  const sign = (value: number) =>
    `${value > 0 ? "+" : value < 0 ? "−" : "±"}${formatQuantity(Math.abs(value))}`;
  const by = share === null ? sign(spread.mean - first.mean) : `${sign(share)} %`;
  return (
    <td>
      {judgement !== "not measured" && <span>{by}</span>}{" "}
      <span className={`fc-judgement fc-${judgement.replace(" ", "-")}`} title={meanings[judgement]}>
        {judgement}
      </span>
    </td>
  );
}

function Row({ measure, places }: { measure: Measure; places: readonly number[] }) {
  const { name, unit, spreads } = measure;
  return (
    <tr>
      <th scope="row">{titles.get(name) ?? capitalise(name)}</th>
      <td>
        <Noise spreads={spreads} places={places} />
      </td>
      {spreads.map((spread, nth) => (
        <Cell key={places[nth]} spread={spread} unit={unit} />
      ))}
      {spreads.slice(1).map((_, nth) => (
        <Against key={places[nth + 1]} measure={measure} nth={nth + 1} />
      ))}
    </tr>
  );
}

/** What came of it: each number of each run with its noise, and what a difference is worth. */
export function Outcome({ comparison, places }: { comparison: Comparison; places: readonly number[] }) {
  const { measures } = comparison;
  const [first = 0, ...others] = places;
  const unknown = measures.some(({ judgements }) => judgements.includes("noise unknown"));
  return (
    <section className="fc-part-of" aria-labelledby="outcome">
      <h2 id="outcome">What came of it</h2>
      <Wide label="Measures of the runs">
        <table className="list fc-outcome">
          <thead>
            <tr>
              <th scope="col">Measure</th>
              <th scope="col">
                <span className="unseen">The runs beside each other</span>
              </th>
              {places.map((place) => (
                <th key={place} scope="col">
                  <Letter place={place} />
                </th>
              ))}
              {others.map((place) => (
                <th key={place} scope="col">
                  <Letter place={place} /> against <Letter place={first} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {measures.map((measure) => (
              <Row key={measure.name} measure={measure} places={places} />
            ))}
          </tbody>
        </table>
      </Wide>
      {unknown && (
        <p className="fc-hint">
          Noise is known by repetition: run the same again, and what differs by chance is told from what does
          not.
        </p>
      )}
    </section>
  );
}
