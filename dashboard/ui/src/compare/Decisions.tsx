import { formatClock } from "../text/format";
import type { Comparison, ReportDecision } from "../wire";
import { decisionRows, letterOf } from "./model";
import { Letter } from "./Outcome";
import { Wide } from "./Wide";

interface CellProps {
  decision: ReportDecision | null;
  letter: string;
  title: string;
  onSeek(second: number): void;
}

function Cell({ decision, letter, title, onSeek }: CellProps) {
  if (decision === null) return <td className="fc-quiet">not made</td>;
  const { second, from, to, reason } = decision;
  return (
    <td>
      <button
        type="button"
        className="text"
        aria-label={`Look at ${formatClock(second)}: ${title} in ${letter}`}
        onClick={() => onSeek(second)}
      >
        {formatClock(second)}
      </button>{" "}
      {from !== to && `${from} → ${to}`}
      <small title={reason}>{reason}</small>
    </td>
  );
}

interface Props {
  comparison: Comparison;
  places: readonly number[];
  onSeek(second: number): void;
}

/** What each run decided: the same decisions beside each other, and which were not made. */
export function Decisions({ comparison, places, onSeek }: Props) {
  const rows = decisionRows(comparison.runs);
  return (
    <section className="fc-part-of" aria-labelledby="decided">
      <h2 id="decided">Decisions</h2>
      {rows.length === 0 ? (
        <p className="fc-quiet">None of the runs changed its architecture.</p>
      ) : (
        <Wide label="Decisions of the runs">
          <table className="list fc-decided">
            <thead>
              <tr>
                <th scope="col">Decision</th>
                {places.map((place) => (
                  <th key={place} scope="col">
                    <Letter place={place} />
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(({ title, cells }, nth) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the nth of its kind has no other name
                <tr key={`${title} ${nth}`}>
                  <th scope="row">{title}</th>
                  {cells.map((decision, place) => (
                    <Cell
                      key={places[place]}
                      decision={decision}
                      letter={letterOf(places[place] ?? place)}
                      title={title}
                      onSeek={onSeek}
                    />
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Wide>
      )}
    </section>
  );
}
