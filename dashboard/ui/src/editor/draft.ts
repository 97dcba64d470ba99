import { BOX } from "../canvas/geometry";
import type { api, Graph, GraphDraft, XY } from "../wire";

/** Distance of two boxes along the flow and across it, as the layout in Go leaves it. */
const PITCH = { along: BOX.width + 110, across: BOX.height + 40 } as const;

/** A graph being drawn. */
export interface Draft {
  namespace: string;
  name: string;
  spec: api.ComponentGraphSpec;
  /**
   * Where boxes are that nobody put anywhere: the server's layout when it had
   * drawn the graph, else the first free slot. Only what the user moved goes into
   * the spec.
   */
  places: ReadonlyMap<string, XY>;
}

/** A component that has a name. */
export type Named = api.Component & { name: string };

export function emptyDraft(namespace: string): Draft {
  return { namespace, name: "my-architecture", spec: { components: [], connections: [] }, places: new Map() };
}

/** The components of a draft that have a name: the others cannot be drawn. */
export function componentsOf(draft: Draft): Named[] {
  return (draft.spec.components ?? []).flatMap((one) =>
    one.name === undefined || one.name === "" ? [] : [{ ...one, name: one.name }],
  );
}

export function componentOf(draft: Draft, name: string | null): Named | undefined {
  return componentsOf(draft).find((one) => one.name === name);
}

/** Where a component is drawn: where the user put it, else where it was laid. */
export function placeOf(draft: Draft, component: Named): XY {
  const { position } = component;
  if (position !== undefined) return { x: position.x ?? 0, y: position.y ?? 0 };
  return draft.places.get(component.name) ?? { x: 0, y: 0 };
}

const overlap = (a: XY, b: XY) =>
  Math.abs(a.x - b.x) < BOX.width + 20 && Math.abs(a.y - b.y) < BOX.height + 20;

/** The first free slot from a place on, downwards. */
function freeFrom(taken: readonly XY[], start: XY): XY {
  let place = start;
  while (taken.some((other) => overlap(other, place))) place = { x: place.x, y: place.y + PITCH.across };
  return place;
}

function takenPlaces(draft: Draft): XY[] {
  return componentsOf(draft).map((one) => placeOf(draft, one));
}

/** "APIServer" as the name of a component: api-server. */
function nameFor(type: api.ComponentType, taken: ReadonlySet<string>): string {
  const base = type
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1-$2")
    .toLowerCase();
  if (!taken.has(base)) return base;
  let count = 2;
  while (taken.has(`${base}-${count}`)) count++;
  return `${base}-${count}`;
}

/** Adds a component, called by another one if that is named; says which name it got. */
export function add(
  draft: Draft,
  type: api.ComponentType,
  after: string | null,
): { draft: Draft; name: string } {
  const name = nameFor(type, new Set(componentsOf(draft).map((one) => one.name)));
  const caller = componentOf(draft, after);
  const start =
    caller === undefined
      ? { x: 0, y: 0 }
      : { ...placeOf(draft, caller), x: placeOf(draft, caller).x + PITCH.along };
  const grown: Draft = {
    ...draft,
    spec: { ...draft.spec, components: [...(draft.spec.components ?? []), { name, type }] },
    places: new Map(draft.places).set(name, freeFrom(takenPlaces(draft), start)),
  };
  return { draft: caller === undefined ? grown : connect(grown, caller.name, name), name };
}

/** Removes a component with its connections. */
export function remove(draft: Draft, name: string): Draft {
  return {
    ...draft,
    spec: {
      ...draft.spec,
      components: (draft.spec.components ?? []).filter((one) => one.name !== name),
      connections: (draft.spec.connections ?? []).filter((one) => one.from !== name && one.to !== name),
    },
  };
}

/** Replaces a component. A new name is taken over wherever the old one stood. */
export function replace(draft: Draft, name: string, next: Named): Draft {
  const renamed = (other: string | undefined) => (other === name ? next.name : other);
  const components = (draft.spec.components ?? []).map((one): api.Component => {
    const component = one.name === name ? next : one;
    const { database } = component;
    if (next.name === name || database?.replicaOf !== name) return component;
    return { ...component, database: { ...database, replicaOf: next.name } };
  });
  const connections = (draft.spec.connections ?? []).map(
    (one): api.Connection => withoutUndefined({ ...one, from: renamed(one.from), to: renamed(one.to) }),
  );
  const places = new Map(draft.places);
  const place = places.get(name);
  if (place !== undefined && next.name !== name) {
    places.delete(name);
    places.set(next.name, place);
  }
  return { ...draft, spec: { ...draft.spec, components, connections }, places };
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

/** Why two components cannot be connected; null if they can. */
export function refusal(draft: Draft, from: string, to: string): string | null {
  if (from === to) return `${from} cannot call itself.`;
  const there = (draft.spec.connections ?? []).some((one) => one.from === from && one.to === to);
  return there ? `${from} calls ${to} already.` : null;
}

/** Connects two components; what cannot be connected stays as it is. */
export function connect(draft: Draft, from: string, to: string): Draft {
  if (refusal(draft, from, to) !== null) return draft;
  return {
    ...draft,
    spec: { ...draft.spec, connections: [...(draft.spec.connections ?? []), { from, to }] },
  };
}

export function disconnect(draft: Draft, from: string, to: string): Draft {
  const connections = (draft.spec.connections ?? []).filter((one) => one.from !== from || one.to !== to);
  return { ...draft, spec: { ...draft.spec, connections } };
}

/** Replaces what a connection says of itself; its ends stay. */
export function adjust(draft: Draft, next: api.Connection): Draft {
  const connections = (draft.spec.connections ?? []).map((one) =>
    one.from === next.from && one.to === next.to ? next : one,
  );
  return { ...draft, spec: { ...draft.spec, connections } };
}

/**
 * The components that traffic enters at: those that nobody calls. Workers pull,
 * and a read replica is fed by its primary, so nobody need call them.
 */
export function entriesOf(draft: Draft): ReadonlySet<string> {
  const called = new Set((draft.spec.connections ?? []).map(({ to }) => to));
  const free = componentsOf(draft).filter(
    ({ name, type, database }) => !called.has(name) && type !== "Worker" && database?.replicaOf === undefined,
  );
  return new Set(free.map(({ name }) => name));
}

/** Adds a component where it was dropped, called by nobody yet; says which name it got. */
export function drop(draft: Draft, type: api.ComponentType, at: XY): { draft: Draft; name: string } {
  const added = add(draft, type, null);
  return { ...added, draft: move(added.draft, added.name, at) };
}

/** Puts a component somewhere, where it stays. */
export function move(draft: Draft, name: string, to: XY): Draft {
  const component = componentOf(draft, name);
  if (component === undefined) return draft;
  const position = { x: Math.round(to.x), y: Math.round(to.y) };
  const at = placeOf(draft, component);
  return at.x === position.x && at.y === position.y
    ? draft
    : replace(draft, name, { ...component, position });
}

/** Layers along the calls: a component stands behind all that call it. In a circle the order of the spec decides. */
function layersOf(draft: Draft): ReadonlyMap<string, number> {
  const names = componentsOf(draft).map((one) => one.name);
  const layers = new Map(names.map((name) => [name, 0]));
  for (let round = 0; round < names.length; round++) {
    let changed = false;
    for (const { from = "", to = "" } of draft.spec.connections ?? []) {
      const wanted = (layers.get(from) ?? 0) + 1;
      if (!layers.has(from) || wanted <= (layers.get(to) ?? wanted) || wanted >= names.length) continue;
      layers.set(to, wanted);
      changed = true;
    }
    if (!changed) break;
  }
  return layers;
}

/** Places in layers for a draft that the server has not laid out. */
function slots(draft: Draft): Map<string, XY> {
  const layers = layersOf(draft);
  const places = new Map<string, XY>();
  for (const { name } of componentsOf(draft)) {
    const start = { x: (layers.get(name) ?? 0) * PITCH.along, y: 0 };
    places.set(name, freeFrom([...places.values()], start));
  }
  return places;
}

/** Takes every pin out and puts the boxes in layers. */
export function tidy(draft: Draft): Draft {
  const components = (draft.spec.components ?? []).map(({ position: _, ...rest }): api.Component => rest);
  const loose: Draft = { ...draft, spec: { ...draft.spec, components } };
  return { ...loose, places: slots(loose) };
}

/** The draft that changes a graph of the server. */
export function draftOfGraph({ summary, spec, canvas }: Graph): Draft {
  const draft = { namespace: summary.namespace, name: summary.name, spec, places: new Map<string, XY>() };
  const laid = canvas.nodes.map(({ id, position }): [string, XY] => [id, position]);
  return { ...draft, places: new Map([...slots(draft), ...laid]) };
}

/** The draft that a YAML document holds, with the boxes that both have where they were. */
export function draftOfYaml({ namespace, name, spec }: GraphDraft, before: Draft): Draft {
  const draft = { namespace: namespace || before.namespace, name, spec, places: new Map<string, XY>() };
  return { ...draft, places: new Map([...slots(draft), ...before.places]) };
}

/** What the server is given. */
export function bodyOf(draft: Draft, resourceVersion: string | null): GraphDraft {
  const { namespace, name, spec } = draft;
  return {
    ...(namespace === "" ? {} : { namespace }),
    name,
    spec,
    ...(resourceVersion === null ? {} : { resourceVersion }),
  };
}
