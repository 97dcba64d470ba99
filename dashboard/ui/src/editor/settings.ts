import type { api } from "../wire";

/** One setting of a component or of a connection. */
export interface Setting {
  /** The path in it, such as capacity.serviceTime.mean. */
  path: string;
  title: string;
  /** What is written: a whole number, a text, one of some words, or some of them. */
  kind: "number" | "text" | "choice" | "set";
  choices?: readonly string[];
  unit?: string;
  /** Shown while nothing is written: an example. */
  example?: string;
}

/** Settings that belong together. */
export interface Group {
  title: string;
  settings: readonly Setting[];
}

const size: readonly Setting[] = [{ path: "replicas", title: "Replicas", kind: "number", example: "1" }];

const capacity: readonly Setting[] = [
  { path: "capacity.cores", title: "Cores", kind: "number", unit: "cores" },
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
  { path: "capacity.memory.limitMiB", title: "Memory at most", kind: "number", unit: "MiB" },
  { path: "capacity.memory.baseMiB", title: "Memory when idle", kind: "number", unit: "MiB" },
  { path: "capacity.memory.perRequestKiB", title: "Memory per request", kind: "number", unit: "KiB" },
];

const life: readonly Setting[] = [
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

/** The settings of a type: of the whole, of each replica, and of how replicas start and fail. */
export function settingsOf(type: api.ComponentType | undefined): readonly Group[] {
  return [
    { title: "Component", settings: [...size, ...(type === undefined ? [] : special[type])] },
    { title: "Each replica", settings: capacity },
    { title: "Start and errors", settings: life },
  ];
}

/** The settings of a connection. */
export const connectionSettings: readonly Setting[] = [
  {
    path: "classes",
    title: "Traffic that passes",
    kind: "set",
    choices: ["Read", "Write", "Static", "Async"],
  },
  { path: "calls", title: "Calls", kind: "number", unit: "per request", example: "1" },
  { path: "probabilityPercent", title: "Made by", kind: "number", unit: "% of requests", example: "100" },
  { path: "mode", title: "Among other calls", kind: "choice", choices: ["Sequential", "Parallel"] },
  { path: "poolSize", title: "Pool", kind: "number", unit: "connections", example: "unbounded" },
];

type Tree = { [key: string]: unknown };

const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null;

/** What is set at a path, as text; some words with commas between them; empty if nothing is. */
export function textAt(subject: object, path: string): string {
  const value = path.split(".").reduce<unknown>((at, key) => (isTree(at) ? at[key] : undefined), subject);
  if (Array.isArray(value)) return value.join(",");
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

/** What a text means for a setting; undefined for an empty one. */
function meaningOf({ kind }: Setting, text: string): unknown {
  if (text === "") return undefined;
  if (kind === "set") return text.split(",");
  const number = Number(text);
  return kind === "number" && Number.isFinite(number) ? number : text;
}

/**
 * A component or connection with a text set at a path. An empty text takes the setting away, and
 * a block that holds nothing else with it. A text that is no number is given on as
 * it is, so that the server can say what to write instead.
 */
export function withText<T extends object>(subject: T, setting: Setting, text: string): T {
  return withAt({ ...(subject as Tree) }, setting.path.split("."), meaningOf(setting, text.trim())) as T;
}

/** The settings that matter most, in a line: 2 replicas · 4 cores · 3.6ms. */
export function gist(component: api.Component): string {
  const { replicas = 1, capacity } = component;
  const parts = [replicas === 1 ? "1 replica" : `${replicas} replicas`];
  if (capacity?.cores !== undefined) parts.push(capacity.cores === 1 ? "1 core" : `${capacity.cores} cores`);
  if (capacity?.serviceTime?.mean !== undefined) parts.push(capacity.serviceTime.mean);
  return parts.join(" · ");
}
