import { readFileSync } from "node:fs";
import type { ReactNode } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";
import type { Link } from "../feed/connection";
import { type Desk, DeskContext } from "../hooks/useSimulation";
import { AutoScaleToggle } from "../panels/AutoScaleToggle";
import { MetricsDashboard } from "../panels/MetricsDashboard";
import { SimulationControls } from "../panels/SimulationControls";
import { TrafficSlider } from "../panels/TrafficSlider";
import { seek } from "../scrubber/cursor";
import { Scrubber } from "../scrubber/Scrubber";
import { simulationService } from "../services/simulation.service";
import { frameOf } from "../state/frame";
import { MetricStore } from "../state/metrics";
import { INITIAL_FEED, reduce } from "../state/run";
import { createPage } from "../state/store";
import { Notices } from "../states/Notices";
import { TableView } from "../table/TableView";
import { Timeline } from "../timeline/Timeline";
import type { FeedMessage, Session } from "../wire";

const session = readFileSync(
  new URL("../../../../internal/wire/testdata/session.jsonl", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as FeedMessage);
const running = session.slice(0, 5);

function may(allowed: boolean): Session {
  const access = {
    action: "patch simulations",
    allowed,
    ...(allowed ? {} : { reason: "ada has no role here" }),
  };
  return { user: "ada", mode: "Cluster", namespace: "team-a", access: [access], server: "dev" };
}

/** A desk that heard some messages. */
function desk(heard: FeedMessage[], { link = { kind: "live" } as Link, who = may(true) } = {}): Desk {
  const page = createPage(
    new MetricStore(
      (run) => run(),
      () => 0,
    ),
  );
  // A server draws the initial state; here it is to draw what was heard.
  Object.assign(page.store, { getInitialState: page.store.getState });
  page.open("u1");
  page.signedIn(who);
  page.linked(link);
  let feed = INITIAL_FEED;
  for (const message of heard) {
    feed = reduce(feed, message);
    page.heard(feed);
    const frame = message.type === "tick" && feed.run !== null ? frameOf(feed.run.topology, message) : null;
    if (frame !== null) page.measured(frame);
  }
  const silent = async () => Promise.reject(new Error("no server"));
  return {
    page,
    service: simulationService(silent),
    surroundings: {
      open: () => {
        throw new Error("no feed");
      },
      now: () => 0,
      random: () => 0,
      after: () => () => {},
    },
  };
}

const html = (at: Desk, view: ReactNode) =>
  renderToStaticMarkup(<DeskContext value={at}>{view}</DeskContext>).replaceAll("&quot;", '"');

describe("controls", () => {
  it("of a running run can be pressed", () => {
    const shown = html(desk(running), <SimulationControls />);
    expect(shown).toContain(">Pause<");
    expect(shown).toContain('aria-valuetext="00:42 of 02:00"');
    expect(shown).not.toContain("aria-disabled");
  });

  it("that the reader may not press say why", () => {
    const at = desk(running, { who: may(false) });
    for (const view of [
      <SimulationControls key={1} />,
      <TrafficSlider key={2} />,
      <AutoScaleToggle key={3} />,
    ]) {
      expect(html(at, view)).toContain("ada has no role here");
    }
    expect(html(at, <TrafficSlider />)).toContain("disabled");
  });

  it("of a finished run are gone, and the rest is locked", () => {
    const at = desk(session);
    expect(html(at, <SimulationControls />)).not.toContain("Stop");
    expect(html(at, <AutoScaleToggle />)).toContain("The run has ended.");
  });

  it("put the target beside what was achieved", () => {
    const shown = html(desk(running), <TrafficSlider />);
    expect(shown).toMatch(/target<\/dt><dd>730 req\/s/);
    expect(shown).toMatch(/achieved<\/dt><dd>729 req\/s/);
  });
});

describe("the timeline", () => {
  it("opens what is selected with its stages, threshold and alternatives", () => {
    const at = desk(session);
    at.page.select({ decision: "d1", node: "api-server" });
    const shown = html(at, <Timeline />);
    for (const text of [
      "Add replica · api-server",
      "Helped",
      "CPU overload (85.5%)",
      "above 80 %",
      "Effect measured",
      "1 → 2 replicas",
      "load-balancer stands before api-server",
      "too soon after the last change",
    ]) {
      expect(shown).toContain(text);
    }
  });

  it("shows of a replayed second only what had happened", () => {
    const at = desk(session);
    at.page.move((cursor, span) => seek(cursor, span, 10));
    expect(html(at, <Timeline />)).toContain("Nothing was decided yet.");
  });
});

describe("the page of a run", () => {
  it("charts it with its objectives, and says what to select", () => {
    const shown = html(desk(running), <MetricsDashboard />);
    expect(shown).toContain("Latency over the run: p50 7.4 ms, p95 14 ms, p99 21 ms");
    expect(shown).toContain("at most 500 ms");
    expect(shown).toContain("Select a component");
  });

  it("lists components with their replicas", () => {
    const shown = html(desk(running), <TableView />);
    expect(shown.match(/scope="row"/g)).toHaveLength(6);
    expect(shown).toContain("load balancer");
  });

  it("marks each decision on the line of time", () => {
    expect(html(desk(session), <Scrubber />)).toContain("Look at 00:44: Add replica api-server");
  });

  it("says that it is disconnected, and locks what could not be seen to arrive", () => {
    const at = desk(running, { link: { kind: "away", since: 0, retryAt: 1 } });
    expect(html(at, <Notices />)).toContain('data-notice="disconnected"');
    expect(html(at, <SimulationControls />)).toContain("Disconnected: what you change");
  });
});
