import { useAnswer } from "../hooks/useAnswer";
import { useDesk } from "../hooks/useSimulation";
import { Problems } from "../panels/Problems";
import { graphPath, NEW_GRAPH } from "../route";
import { Go } from "./Go";

/** The graphs that can be changed, and the way to draw a new one. */
export function GraphsList() {
  const { service } = useDesk();
  const graphs = useAnswer(service.graphs);
  return (
    <section className="graphs" aria-label="Graphs">
      <h2>Graphs</h2>
      {graphs.state === "failed" && <Problems lines={graphs.lines} />}
      <ul className="cards">
        {graphs.state === "here" &&
          graphs.value.items.map(({ id, name, components, accepted, message }) => (
            <li key={id}>
              <Go to={graphPath(id)}>{name}</Go>
              <small className={accepted ? "" : "wrong"} title={message}>
                {accepted ? `${components} components` : "not accepted"}
              </small>
            </li>
          ))}
        <li className="new">
          <Go to={NEW_GRAPH}>Draw a graph</Go>
          <small>from nothing, or from YAML</small>
        </li>
      </ul>
    </section>
  );
}
