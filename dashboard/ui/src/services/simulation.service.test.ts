import { describe, expect, it } from "vitest";
import { linesOf, Problem } from "./problem";
import { type SimulationService, simulationService } from "./simulation.service";

function server(status: number, body: string) {
  const asked: string[] = [];
  const service = simulationService(async (path, init) => {
    asked.push(`${init.method} ${path}${init.body === undefined ? "" : ` ${init.body}`}`);
    return new Response(body === "" ? null : body, { status });
  });
  return { asked, service };
}

describe("the service asks", () => {
  it.each<[string, (service: SimulationService) => Promise<unknown>]>([
    ["GET /api/session", (s) => s.session()],
    ["GET /api/simulations", (s) => s.runs()],
    [
      "GET /api/history?gone=true&limit=50",
      (s) => s.history({ search: "", verdict: null, before: "", limit: 50 }),
    ],
    [
      "GET /api/history?gone=true&limit=9&search=black+friday&verdict=Met&before=u1",
      (s) => s.history({ search: "black friday", verdict: "Met", before: "u1", limit: 9 }),
    ],
    ["GET /api/simulation/a%2Fb", (s) => s.run("a/b")],
    ["GET /api/compare?run=u1&run=a%2Fb", (s) => s.compare(["u1", "a/b"])],
    ["GET /api/simulation/u1/metrics", (s) => s.metrics("u1")],
    ["GET /api/simulation/u1/replay", (s) => s.replay("u1")],
    [
      'POST /api/simulation/start {"canvasId":"g","trafficIntensity":100,"autoScalingEnabled":true,"duration":60}',
      (s) => s.start({ canvasId: "g", trafficIntensity: 100, autoScalingEnabled: true, duration: 60 }),
    ],
    ['POST /api/simulation/stop {"simulationId":"u1"}', (s) => s.stop("u1")],
    ["POST /api/simulation/u1/pause", (s) => s.pause("u1")],
    [
      'PATCH /api/simulation/u1/traffic {"requestsPerSecond":2000}',
      (s) => s.setTraffic("u1", { requestsPerSecond: 2000 }),
    ],
    [
      'PATCH /api/simulation/u1/autoscaling {"mode":"DryRun"}',
      (s) => s.setAutoScaling("u1", { mode: "DryRun" }),
    ],
    ["GET /api/graphs/default%2Fshop", (s) => s.graph("default/shop")],
    ['POST /api/graphs {"name":"shop","spec":{}}', (s) => s.createGraph({ name: "shop", spec: {} })],
    [
      'PUT /api/graphs/u2 {"name":"shop","spec":{},"resourceVersion":"7"}',
      (s) => s.saveGraph("u2", { name: "shop", spec: {}, resourceVersion: "7" }),
    ],
    ['POST /api/graphs/check {"name":"shop","spec":{}}', (s) => s.checkGraph({ name: "shop", spec: {} })],
    ['POST /api/graphs/yaml {"name":"shop","spec":{}}', (s) => s.graphYaml({ name: "shop", spec: {} })],
    ['POST /api/graphs/draft {"yaml":"kind: x"}', (s) => s.graphOfYaml({ yaml: "kind: x" })],
    ["POST /api/scenarios/scenario-1/start", (s) => s.startScenario("scenario-1")],
  ])("%s", async (want, ask) => {
    const { asked, service } = server(200, "{}");
    await ask(service);
    expect(asked).toEqual([want]);
  });

  it("and takes an empty answer to a command", async () => {
    await expect(server(204, "").service.stop("u1")).resolves.toBeUndefined();
  });
});

describe("a refusal", () => {
  const lines = async (status: number, body: string) =>
    linesOf(
      await server(status, body)
        .service.runs()
        .catch((error: unknown) => error),
    );

  it("is told in the server's words", async () => {
    const body = JSON.stringify({ title: "Forbidden", detail: "you may not list simulations in team-a" });
    expect(await lines(403, body)).toEqual(["you may not list simulations in team-a"]);
  });

  it("names each field that is wrong", async () => {
    const body = JSON.stringify({
      detail: "validation failed",
      errors: [{ location: "body.duration", message: "must be at least 1" }],
    });
    expect(await lines(422, body)).toEqual(["validation failed", "duration: must be at least 1"]);
  });

  it("without words gets ours", async () => {
    expect((await lines(503, "<html>"))[0]).toMatch(/^The control plane is unreachable/);
    expect(await lines(418, "")).toEqual(["The server answered 418."]);
  });

  it("by silence says that the server does not answer", async () => {
    const service = simulationService(async () => {
      throw new TypeError("Failed to fetch");
    });
    const problem = await service.runs().catch((error: unknown) => error);
    expect(problem).toBeInstanceOf(Problem);
    expect(problem).toMatchObject({ status: 0 });
  });
});
