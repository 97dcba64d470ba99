import type { Column, DecisionSignal, MetricColumn } from "../wire";

/** The column that a rule's signal is drawn from; null where ticks have none. */
export function columnOf(
  signal: Pick<DecisionSignal, "name">,
  columns: readonly Column[],
): MetricColumn | null {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, "");
  const name = plain(signal.name);
  const found = columns.find((column) => plain(column.name) === name || plain(column.title) === name);
  return found?.name ?? null;
}
