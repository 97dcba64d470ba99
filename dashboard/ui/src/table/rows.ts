import type { Frame } from "../state/frame";
import { type Condition, conditionOf } from "../state/health";
import { formatTick, NOT_MEASURED } from "../text/format";
import type { Canvas, Column } from "../wire";

/** A row of the table: a component, or one of its instances below it. */
export interface Row {
  id: string;
  /** Component that an instance belongs to; null for a component. */
  parent: string | null;
  kind: string;
  /** "2/3" for a component, "ready" or "starting" for an instance. */
  ready: string;
  /** Who put it there, in words; empty for the user. */
  origin: string;
}

/** What a row says of one column. */
export interface Cell {
  text: string;
  value: number | null;
}

/** The rows in the order of the canvas, each component with its instances. */
export function rowsOf(canvas: Canvas): Row[] {
  const inReadingOrder = [...canvas.nodes].sort((a, b) =>
    canvas.direction === "LR"
      ? a.position.x - b.position.x || a.position.y - b.position.y
      : a.position.y - b.position.y || a.position.x - b.position.x,
  );
  return inReadingOrder.flatMap((node) => [
    {
      id: node.id,
      parent: null,
      kind: node.kind,
      ready: `${node.ready}/${node.replicas}`,
      origin: node.origin.rule ? `rule ${node.origin.rule}` : "",
    },
    ...node.instances.map((instance) => ({
      id: instance.id,
      parent: node.id,
      kind: node.kind,
      ready: instance.ready ? "ready" : "starting",
      origin: "",
    })),
  ]);
}

/** The rows that a search leaves: those whose name or kind has it, with the component of each. */
export function found(rows: Row[], search: string): Row[] {
  const wanted = search.trim().toLowerCase();
  if (wanted === "") return rows;
  const hit = (row: Row) => row.id.toLowerCase().includes(wanted) || row.kind.toLowerCase().includes(wanted);
  const kept = new Set(rows.filter(hit).flatMap((row) => [row.id, row.parent ?? row.id]));
  return rows.filter((row) => kept.has(row.id));
}

/** What is written above a column; a rate has its unit there. */
export function headingOf({ title, unit }: Column): string {
  return unit === "req/s" ? `${title}/s` : title;
}

/** One cell. */
export function cellOf(frame: Frame, id: string, column: Column): Cell {
  const value = frame.value(id, column.name);
  return { value, text: value === null ? NOT_MEASURED : formatTick(value, column.unit) };
}

/** How the row's component is, as on the canvas. */
export function conditionOfRow(frame: Frame, row: Row): Condition {
  return conditionOf(frame, row.id);
}
