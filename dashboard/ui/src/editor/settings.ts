import type { api } from "../wire";
import type { Named } from "./draft";

/** One setting of a component. */
export interface Setting {
  /** The path in the component, such as capacity.serviceTime.mean. */
  path: string;
  title: string;
  /** What is written: a whole number, a text, or one of some words. */
  kind: "number" | "text" | "choice";
  choices?: readonly string[];
  unit?: string;
  /** Shown while nothing is written: an example. */
  example?: string;
}

const common: readonly Setting[] = [
  { path: "replicas", title: "Replicas", kind: "number", example: "1" },
  { path: "capacity.cores", title: "Cores", kind: "number", unit: "per replica" },
  { path: "capacity.serviceTime.mean", title: "Service time, mean", kind: "text", example: "2ms" },
  {
    path: "capacity.serviceTime.distribution",
    title: "Distribution",
    kind: "choice",
    choices: ["Constant", "Exponential", "LogNormal", "Uniform", "Erlang", "HyperExponential"],
  },
  { path: "capacity.maxInFlight", title: "In flight at most", kind: "number", unit: "requests" },
  { path: "capacity.queueLimit", title: "Queue at most", kind: "number", unit: "requests" },
  { path: "capacity.queueTimeout", title: "Queue timeout", kind: "text", example: "1s" },
  { path: "capacity.memory.limitMiB", title: "Memory limit", kind: "number", unit: "MiB" },
  { path: "startupDelay", title: "Startup delay", kind: "text", example: "3s" },
  { path: "errorRatePartsPerMillion", title: "Errors of its own", kind: "number", unit: "per million" },
];

const special: Readonly<Record<api.ComponentType, readonly Setting[]>> = {
  LoadBalancer: [
    {
      path: "loadBalancer.algorithm",
      title: "Algorithm",
      kind: "choice",
      choices: ["RoundRobin", "LeastRequests", "PowerOfTwoChoices"],
    },
  ],
  APIServer: [],
  Database: [
    { path: "database.connectionLimit", title: "Connections at most", kind: "number" },
    { path: "database.replicaOf", title: "Replica of", kind: "text", example: "database" },
    { path: "database.replicationLag", title: "Replication lag", kind: "text", example: "50ms" },
  ],
  Cache: [
    { path: "cache.entries", title: "Entries", kind: "number" },
    { path: "cache.policy", title: "Policy", kind: "choice", choices: ["LRU", "TinyLFU"] },
    { path: "cache.ttl", title: "Time to live", kind: "text", example: "60s" },
  ],
  MessageQueue: [{ path: "queue.depthLimit", title: "Depth at most", kind: "number", unit: "messages" }],
  Worker: [{ path: "worker.concurrency", title: "Messages at once", kind: "number" }],
  CDN: [{ path: "cdn.entries", title: "Entries", kind: "number" }],
};

/** The settings of a type, its own first. */
export function settingsOf(type: api.ComponentType | undefined): readonly Setting[] {
  return [...(type === undefined ? [] : special[type]), ...common];
}

type Tree = { [key: string]: unknown };

const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null;

/** What is set at a path, as text; empty if nothing is. */
export function textAt(component: Named, path: string): string {
  const value = path.split(".").reduce<unknown>((at, key) => (isTree(at) ? at[key] : undefined), component);
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function withAt(tree: Tree, keys: readonly string[], value: unknown): Tree {
  const [key, ...rest] = keys;
  if (key === undefined) return tree;
  const { [key]: old, ...others } = tree;
  const next = rest.length === 0 ? value : withAt(isTree(old) ? old : {}, rest, value);
  const nothing = next === undefined || (isTree(next) && Object.keys(next).length === 0);
  return nothing ? others : { ...others, [key]: next };
}

/**
 * A component with a text set at a path. An empty text takes the setting away, and
 * a block that holds nothing else with it. A text that is no number is given on as
 * it is, so that the server can say what to write instead.
 */
export function withText(component: Named, setting: Setting, text: string): Named {
  const written = text.trim();
  const number = Number(written);
  const value =
    written === "" ? undefined : setting.kind === "number" && Number.isFinite(number) ? number : written;
  return { ...withAt({ ...component }, setting.path.split("."), value), name: component.name } as Named;
}

/** The settings that matter most, in a line: 2 replicas · 4 cores · 3.6ms. */
export function gist(component: Named): string {
  const { replicas = 1, capacity } = component;
  const parts = [replicas === 1 ? "1 replica" : `${replicas} replicas`];
  if (capacity?.cores !== undefined) parts.push(capacity.cores === 1 ? "1 core" : `${capacity.cores} cores`);
  if (capacity?.serviceTime?.mean !== undefined) parts.push(capacity.serviceTime.mean);
  return parts.join(" · ");
}
