import { useEffect, useMemo, useRef, useState } from "react";
import { useDesk, usePage, useSimulation } from "../hooks/useSimulation";
import type { Frame } from "../state/frame";
import { words } from "../text/format";
import type { Column } from "../wire";
import { cellOf, conditionOfRow, found, headingOf, type Row, rowsOf } from "./rows";

/** Writes the numbers of a frame into the cells, past React: there are many of them. */
function paint(body: HTMLElement, rows: readonly Row[], columns: readonly Column[], frame: Frame): void {
  rows.forEach((row, place) => {
    const line = body.children.item(place);
    const state = line?.querySelector<HTMLElement>("[data-state]");
    if (line == null || state == null) return;
    const condition = conditionOfRow(frame, row);
    state.dataset.state = condition.health;
    state.textContent = condition.words;
    line.querySelectorAll<HTMLElement>("[data-value]").forEach((cell, number) => {
      const column = columns[number];
      if (column !== undefined) cell.textContent = cellOf(frame, row.id, column).text;
    });
  });
}

/** The canvas as a table: the same data, the same selection, without a limit to their number. */
export function TableView() {
  const { page } = useDesk();
  const { view } = useSimulation();
  const selected = usePage((state) => state.selection.node);
  const [search, setSearch] = useState("");
  const body = useRef<HTMLTableSectionElement>(null);
  const topology = view?.topology;
  const columns = view?.columns;
  const rows = useMemo(
    () => (topology === undefined ? [] : found(rowsOf(topology), search)),
    [topology, search],
  );

  useEffect(() => {
    const element = body.current;
    if (element === null || columns === undefined) return;
    return page.metrics.subscribe((frame) => paint(element, rows, columns, frame));
  }, [page, rows, columns]);

  if (columns === undefined) return null;
  return (
    <section className="fc-table" aria-label="Components">
      <input
        type="search"
        value={search}
        placeholder="Search by name or type"
        aria-label="Search components"
        onChange={(event) => setSearch(event.target.value)}
      />
      {rows.length === 0 && <p className="fc-empty">No component is called like that.</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className="fc-scroll" tabIndex={0} aria-label="Table of components">
        <table>
          <thead>
            <tr>
              <th scope="col">Component</th>
              <th scope="col">Type</th>
              <th scope="col">Ready</th>
              <th scope="col">State</th>
              {columns.map((column) => (
                <th
                  key={column.name}
                  scope="col"
                  data-numeric=""
                  title={`${column.source}: ${column.explanation}`}
                >
                  {headingOf(column)}
                </th>
              ))}
              <th scope="col">Put there by</th>
            </tr>
          </thead>
          <tbody ref={body}>
            {rows.map((row) => (
              <tr key={row.id} className={row.parent === null ? undefined : "fc-instance"}>
                <th scope="row">
                  <button
                    type="button"
                    aria-pressed={selected === row.id}
                    onClick={() => page.select({ node: selected === row.id ? null : row.id, decision: null })}
                  >
                    {row.id}
                  </button>
                </th>
                <td>{row.parent === null ? words(row.kind) : "replica"}</td>
                <td>{row.ready}</td>
                <td>
                  <span className="fc-state" data-state="unknown" />
                </td>
                {columns.map((column) => (
                  <td key={column.name} data-value="" />
                ))}
                <td>{row.origin || "you"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}
