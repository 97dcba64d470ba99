import type {
  AutoScalingPatch,
  Comparison,
  Graph,
  GraphDraft,
  GraphList,
  MetricsResponse,
  Replay,
  RunDetail,
  RunDraft,
  RunList,
  ScenarioList,
  Session,
  StartRequest,
  StartResponse,
  TrafficPatch,
  ValidationResult,
  YAMLDocument,
} from "../wire";
import { problemOf, unreachable } from "./problem";

type Fetch = (path: string, init: RequestInit) => Promise<Response>;

/** A part of the runs that only the history has. */
export interface HistoryPage {
  /** In name, namespace, graph or who started it; empty for anything. */
  search: string;
  verdict: string | null;
  /** Run that the page before ended with; empty for the first page. */
  before: string;
  limit: number;
}

/** What the page asks of the server. Every call rejects with a Problem. */
export interface SimulationService {
  session(): Promise<Session>;
  runs(): Promise<RunList>;
  /** Runs that only the history has, the newest first. */
  history(page: HistoryPage): Promise<RunList>;
  run(id: string): Promise<RunDetail>;
  graphs(): Promise<GraphList>;
  /** A graph by its UID or namespace/name. */
  graph(id: string): Promise<Graph>;
  createGraph(draft: GraphDraft): Promise<Graph>;
  /** Replaces the spec, if the draft began from the newest version. */
  saveGraph(id: string, draft: GraphDraft): Promise<Graph>;
  /** What the API server thinks of a draft, which is not saved. */
  checkGraph(draft: GraphDraft): Promise<ValidationResult>;
  graphYaml(draft: GraphDraft): Promise<YAMLDocument>;
  graphOfYaml(document: YAMLDocument): Promise<GraphDraft>;
  scenarios(): Promise<ScenarioList>;
  metrics(id: string): Promise<MetricsResponse>;
  /** The whole run for scrubbing, measurements included. */
  replay(id: string): Promise<Replay>;
  /** How runs compare with the first of them. */
  compare(ids: readonly string[]): Promise<Comparison>;
  start(request: StartRequest): Promise<StartResponse>;
  /** Starts a run with everything that a Simulation can say. */
  create(draft: RunDraft): Promise<StartResponse>;
  startScenario(name: string): Promise<StartResponse>;
  stop(id: string): Promise<void>;
  pause(id: string): Promise<void>;
  resume(id: string): Promise<void>;
  setTraffic(id: string, patch: TrafficPatch): Promise<void>;
  setAutoScaling(id: string, patch: AutoScalingPatch): Promise<void>;
}

async function answer(fetch: Fetch, method: string, path: string, body?: unknown): Promise<string> {
  const init: RequestInit = { method, credentials: "same-origin", headers: { accept: "application/json" } };
  if (body !== undefined) {
    init.headers = { ...init.headers, "content-type": "application/json" };
    init.body = JSON.stringify(body);
  }
  const response = await fetch(path, init).catch(() => {
    throw unreachable();
  });
  const text = await response.text();
  if (!response.ok) throw problemOf(response.status, text);
  return text;
}

function historyPath({ search, verdict, before, limit }: HistoryPage): string {
  const query = new URLSearchParams({ gone: "true", limit: String(limit) });
  if (search !== "") query.set("search", search);
  if (verdict !== null) query.set("verdict", verdict);
  if (before !== "") query.set("before", before);
  return `/api/history?${query}`;
}

const ofGraph = (id: string) => `/api/graphs/${encodeURIComponent(id)}`;
const ofRun = (id: string, rest = "") => `/api/simulation/${encodeURIComponent(id)}${rest}`;

/** The service over a fetch. This is the one place that knows the paths of the REST interface. */
export function simulationService(fetch: Fetch): SimulationService {
  const get = async <T>(path: string): Promise<T> => JSON.parse(await answer(fetch, "GET", path)) as T;
  const post = async <T>(path: string, body?: unknown): Promise<T> =>
    JSON.parse(await answer(fetch, "POST", path, body)) as T;
  const put = async <T>(path: string, body: unknown): Promise<T> =>
    JSON.parse(await answer(fetch, "PUT", path, body)) as T;
  const command = async (method: string, path: string, body?: unknown): Promise<void> => {
    await answer(fetch, method, path, body);
  };
  return {
    session: () => get("/api/session"),
    runs: () => get("/api/simulations"),
    history: (page) => get(historyPath(page)),
    run: (id) => get(ofRun(id)),
    graphs: () => get("/api/graphs"),
    graph: (id) => get(ofGraph(id)),
    createGraph: (draft) => post("/api/graphs", draft),
    saveGraph: (id, draft) => put(ofGraph(id), draft),
    checkGraph: (draft) => post("/api/graphs/check", draft),
    graphYaml: (draft) => post("/api/graphs/yaml", draft),
    graphOfYaml: (document) => post("/api/graphs/draft", document),
    scenarios: () => get("/api/scenarios"),
    metrics: (id) => get(ofRun(id, "/metrics")),
    compare: (ids) => get(`/api/compare?${new URLSearchParams(ids.map((id) => ["run", id]))}`),
    replay: (id) => get(ofRun(id, "/replay")),
    start: (request) => post("/api/simulation/start", request),
    create: (draft) => post("/api/simulations", draft),
    startScenario: (name) => post(`/api/scenarios/${encodeURIComponent(name)}/start`),
    stop: (id) => command("POST", "/api/simulation/stop", { simulationId: id }),
    pause: (id) => command("POST", ofRun(id, "/pause")),
    resume: (id) => command("POST", ofRun(id, "/resume")),
    setTraffic: (id, patch) => command("PATCH", ofRun(id, "/traffic"), patch),
    setAutoScaling: (id, patch) => command("PATCH", ofRun(id, "/autoscaling"), patch),
  };
}

/** The service of a real page. */
export function browserService(): SimulationService {
  return simulationService((path, init) => fetch(path, init));
}
