import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Link } from "../feed/connection";
import { type FeedState, INITIAL_FEED, reduce } from "../state/run";
import type { FeedMessage, Phase, Session } from "../wire";
import { noticesOf } from "./notice";

const session = readFileSync(
  new URL("../../../../internal/wire/testdata/session.jsonl", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as FeedMessage);
const calm = session.slice(0, 2).reduce(reduce, INITIAL_FEED);
const live: Link = { kind: "live" };
const ada: Session = { user: "ada", mode: "Cluster", namespace: "team-a", access: [], server: "dev" };

function withPhase(phase: Partial<Phase>): FeedState {
  if (calm.run === null) throw new Error("the golden session has no snapshot");
  return { ...calm, run: { ...calm.run, phase: { ...calm.run.phase, ...phase } } };
}
const told = (feed: FeedState, link: Link = live, now = 0) =>
  noticesOf(feed, link, ada, now).map(({ kind, title, detail }) => `${kind}: ${title}. ${detail}`);

describe("notices", () => {
  it("are none while all is well, or before anything was heard", () => {
    expect(told(calm)).toEqual([]);
    expect(told(INITIAL_FEED, { kind: "connecting" })).toEqual([]);
  });

  it("tell the age of the picture and when the page comes back", () => {
    expect(told(calm, { kind: "away", since: 1000, retryAt: 9000 }, 5000)).toEqual([
      "disconnected: Disconnected for 4 s. The run goes on; what you see is that old. Trying again in 4 s.",
    ]);
    expect(told(calm, { kind: "stale", at: 1000 }, 4500)[0]).toMatch(/^stale: Nothing heard for 3.5 s/);
  });

  it("name the verb that is missing", () => {
    const forbidden: Link = { kind: "refused", reason: "forbidden", message: "" };
    expect(told(calm, forbidden)[0]).toMatch(
      /ada is missing the verb get on simulations in namespace team-a/,
    );
    expect(told(calm, { ...forbidden, message: "no get on simulations" })[0]).toMatch(
      /no get on simulations$/,
    );
  });

  it("tell the control plane, Prometheus and rules apart, the worst first", () => {
    const dark = withPhase({
      metrics: { ok: false, message: "connection refused" },
      rules: { ok: false, message: "cache: no such signal" },
      controlPlane: { ok: false },
    });
    expect(noticesOf(dark, live, ada, 0).map(({ kind }) => kind)).toEqual([
      "controlPlane",
      "metrics",
      "rules",
    ]);
    expect(told(dark)[1]).toMatch(/connection refused$/);
  });

  it("say that numbers cannot be believed", () => {
    expect(told(withPhase({ invalid: "the generator was late" }))[0]).toMatch(/the generator was late$/);
  });

  it("say that a run is only in the history", () => {
    const kept = (startedBy: string): FeedState => {
      if (calm.run === null) throw new Error("the golden session has no snapshot");
      return { ...calm, run: { ...calm.run, summary: { ...calm.run.summary, kept: true, startedBy } } };
    };
    expect(told(kept("ada"))[0]).toMatch(/^kept: .* what was recorded, started by ada\.$/);
    expect(told(kept(""))[0]).toMatch(/what was recorded\.$/);
  });

  it("say what was lost", () => {
    const gap = session.find((message) => message.type === "gap");
    if (gap === undefined) throw new Error("the golden session has no gap");
    const lost = reduce(calm, { ...gap, from: 3, to: 7, reason: "ring" } as FeedMessage);
    expect(told(lost)[0]).toMatch(/you were away too long, 5 events/);
  });

  it("offer to reload a page that is older than its server", () => {
    const [notice] = noticesOf({ ...calm, version: 2 }, live, ada, 0);
    expect(notice).toMatchObject({ kind: "outdated", reload: true });
  });
});
