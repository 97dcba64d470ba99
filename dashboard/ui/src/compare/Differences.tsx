import type { Comparison, Difference } from "../wire";
import { Letter } from "./Outcome";
import { Wide } from "./Wide";

interface Props {
  id: string;
  title: string;
  what: string;
  differences: readonly Difference[];
  places: readonly number[];
  /** Said where nothing differs. */
  none: string;
}

function Table({ id, title, what, differences, places, none }: Props) {
  return (
    <section className="fc-part-of" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {differences.length === 0 ? (
        <p className="fc-quiet">{none}</p>
      ) : (
        <Wide label={`${title} of the runs`}>
          <table className="list">
            <thead>
              <tr>
                <th scope="col">{what}</th>
                {places.map((place) => (
                  <th key={place} scope="col">
                    <Letter place={place} />
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {differences.map(({ field, values }) => (
                <tr key={field}>
                  <th scope="row">{field}</th>
                  {places.map((place, nth) => (
                    <td key={place}>{values[nth] || <span className="fc-quiet">–</span>}</td>
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

/** What people wrote differently, and how large the components were in the end. */
export function Differences({ comparison, places }: { comparison: Comparison; places: readonly number[] }) {
  return (
    <div className="fc-pairs">
      <Table
        id="asked"
        title="What was asked for"
        what="Field"
        differences={comparison.settings}
        places={places}
        none="The same: graph, traffic and rules were written alike."
      />
      <Table
        id="replicas"
        title="Replicas at the end"
        what="Component"
        differences={comparison.replicas}
        places={places}
        none="The same in every component."
      />
    </div>
  );
}
