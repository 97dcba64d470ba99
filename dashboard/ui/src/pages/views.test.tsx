import type { ComponentProps } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";
import { readSession } from "../../bench/session";
import { BoxNode } from "../canvas/BoxNode";
import type { Box } from "../canvas/boxes";
import { drawingOf } from "../canvas/boxes";
import { CanvasView } from "../canvas/CanvasView";
import { Scene, SceneContext } from "../canvas/scene";
import { browserSurroundings } from "../feed/connection";
import { DeskContext } from "../hooks/useSimulation";
import { Inspector } from "../inspector/Inspector";
import { simulationService } from "../services/simulation.service";
import { MetricStore } from "../state/metrics";
import { INITIAL_FEED, type Run, reduce } from "../state/run";
import { createPage, type Page } from "../state/store";
import { sentenceOf, waitOf } from "./announce";

const play = readSession(new URL("../../../../internal/wire/testdata/session.jsonl", import.meta.url));
const state = [play.hello, play.snapshot, ...play.steps.map(({ message }) => message)].reduce(
  reduce,
  INITIAL_FEED,
);
const run = state.run as Run;
const decision = run.decisions.find(({ effect }) => effect !== null);

const newPage = () =>
  createPage(
    new MetricStore(
      (paint) => paint(),
      () => 0,
    ),
  );

function draw(page: Page, view: React.ReactNode): string {
  const service = simulationService(async () => new Response("{}"));
  return renderToStaticMarkup(
    <DeskContext value={{ page, service, surroundings: browserSurroundings() }}>{view}</DeskContext>,
  );
}

describe("the canvas", () => {
  it("shows no chip before it knows what is seen", () => {
    const page = newPage();
    const drawn = draw(
      page,
      <CanvasView run={run} metrics={page.metrics} selected={null} onSelect={() => {}} />,
    );
    expect(drawn).not.toContain("added");
  });
});

describe("a box", () => {
  const scene = new Scene(newPage().metrics, run.columns);
  const { boxes } = drawingOf({
    canvas: run.topology,
    difference: { fresh: new Set(), leftNodes: [], leftReplicas: [] },
    decisions: [],
    expanded: new Set(),
  });
  const drawBox = (box: Box) => {
    const props = { data: { box, selected: false } } as ComponentProps<typeof BoxNode>;
    return renderToStaticMarkup(
      <SceneContext value={scene}>
        <BoxNode {...props} />
      </SceneContext>,
    );
  };

  it("has its name, its type's sign and a dash for what was not measured", () => {
    for (const box of boxes.filter(({ shape, state }) => shape !== "frame" && state === "live")) {
      const drawn = drawBox(box);
      expect(drawn).toContain(`title="${box.title}"`);
      expect(drawn).toContain('<svg class="icon"');
      expect(drawn).toMatch(/data-slot="rate" title="Requests: measured in the running system[^"]*">–</);
    }
  });

  it("has no numbers while it is not there", () => {
    const [box] = boxes;
    if (box === undefined) throw new Error("the session has no box");
    for (const state of ["pending", "ghost", "leaving"] as const) {
      expect(drawBox({ ...box, shape: "component", state })).not.toContain('data-slot="rate"');
    }
  });
});

describe("the inspector", () => {
  it("lists decisions while nothing is selected", () => {
    const drawn = draw(newPage(), <Inspector run={run} />);
    for (const { component } of run.decisions) expect(drawn).toContain(component);
  });

  it("says rule, signal, threshold, effect and what was made of a decision", () => {
    if (decision === undefined) throw new Error("the session has no decision with an effect");
    const page = newPage();
    page.select({ decision: decision.id });
    // Rendering without a document reads the state that a store began with.
    page.store.getInitialState = page.store.getState;
    const drawn = draw(page, <Inspector run={run} />);
    expect(drawn).toContain(decision.rule);
    for (const signal of decision.signals) expect(drawn).toContain(signal.name);
    for (const id of decision.made) expect(drawn).toContain(id);
    expect(drawn).toMatch(/Before and after/);
    expect(drawn).toMatch(/80 %/);
  });

  it("says where each number of a component comes from", () => {
    const page = newPage();
    page.select({ node: run.topology.nodes[0]?.id ?? "" });
    page.store.getInitialState = page.store.getState;
    const drawn = draw(page, <Inspector run={run} />);
    expect(drawn).toContain("measured in the running system");
    for (const link of run.topology.links.filter(({ from }) => from === run.topology.nodes[0]?.id)) {
      expect(drawn).toContain(`to ${link.to}`);
    }
  });
});

describe("what is read out", () => {
  it("is the newest of decisions, alerts and the end", () => {
    expect(sentenceOf({ ...run, decisions: [], alerts: [], phase: { ...run.phase, endedAt: null } })).toBe(
      "",
    );
    const alert = {
      id: "a",
      t: 9e12,
      clearedAt: null,
      severity: "Warning",
      component: "api",
      message: "CPU at 85 %",
    };
    expect(sentenceOf({ ...run, alerts: [alert] })).toBe("CPU at 85 %");
    expect(sentenceOf({ ...run, alerts: [{ ...alert, clearedAt: 9e12 }] })).toBe("Cleared: CPU at 85 %");
  });

  it("keeps five seconds between two sentences", () => {
    expect([waitOf(Number.NEGATIVE_INFINITY, 100), waitOf(1000, 2000), waitOf(1000, 7000)]).toEqual([
      0, 4000, 0,
    ]);
  });
});
