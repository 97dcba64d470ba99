import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { Connection, type Link, type Socket } from "../src/feed/connection";
import type { FeedState } from "../src/state/run";
import { FeedPath, FeedSubprotocol } from "../src/wire";
import { FixtureServer } from "./server";
import { readSession } from "./session";

const play = readSession(new URL("../../../internal/wire/testdata/session.jsonl", import.meta.url));
const run = play.snapshot.run.id;
const lastSeq = Math.max(...play.steps.map(({ message }) => message.seq));

/** How long anything may take: a busy machine is slow. */
const PATIENCE_MS = 60_000;

let server: FixtureServer;
let port: number;
let connection: Connection | null = null;

beforeEach(async () => {
  server = new FixtureServer({ dist: "", plays: new Map([[run, play]]), pace: 200 });
  port = await server.listen();
});

afterEach(async () => {
  connection?.stop();
  connection = null;
  await server.close();
});

function open(id: string): Socket {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${FeedPath}?simulationId=${id}`, FeedSubprotocol);
  const adapted: Socket = {
    send: (data) => socket.send(data),
    close: () => socket.close(),
    onopen: null,
    onmessage: null,
    onclose: null,
  };
  socket.on("open", () => adapted.onopen?.({}));
  socket.on("message", (data) => adapted.onmessage?.({ data: String(data) }));
  socket.on("close", (code, reason) => adapted.onclose?.({ code, reason: String(reason) }));
  socket.on("error", () => {}); // a close follows, which the connection handles
  return adapted;
}

function watch(id: string) {
  const heard: { feed: FeedState | null; links: Link[]; frames: number } = {
    feed: null,
    links: [],
    frames: 0,
  };
  connection = new Connection(
    id,
    {
      open,
      now: () => Date.now(),
      random: () => 0,
      after(ms, fn) {
        const timer = setTimeout(fn, ms);
        return () => clearTimeout(timer);
      },
    },
    {
      feed(state) {
        heard.feed = state;
      },
      frame() {
        heard.frames++;
      },
      link: (link) => heard.links.push(link),
    },
  );
  connection.start();
  return heard;
}

describe("the fixture server", () => {
  it("plays a session to its end, in order and whole", async () => {
    const heard = watch(run);
    await vi.waitFor(() => expect(heard.feed?.lastSeq).toBe(lastSeq), { timeout: PATIENCE_MS });
    expect(heard.feed?.gaps).toEqual([]);
    expect(heard.frames).toBeGreaterThan(0);
    expect(heard.feed?.run?.topology.nodes.length).toBeGreaterThan(0);
  });

  it("loses no decision over a cut connection", async () => {
    const heard = watch(run);
    await vi.waitFor(() => expect(heard.feed?.lastSeq).toBeGreaterThan(1), {
      timeout: PATIENCE_MS,
      interval: 1,
    });
    server.cut();
    await vi.waitFor(() => expect(heard.feed?.lastSeq).toBe(lastSeq), { timeout: PATIENCE_MS });
    expect(heard.links.some(({ kind }) => kind === "away")).toBe(true);
    const told = new Set(
      play.steps.flatMap(({ message }) => (message.type === "decision" ? [message.decision.id] : [])),
    );
    expect(new Set(heard.feed?.run?.decisions.map(({ id }) => id))).toEqual(told);
  });

  it("refuses a run that it does not play", async () => {
    const heard = watch("nobody");
    await vi.waitFor(() => expect(heard.links.at(-1)).toMatchObject({ kind: "refused", reason: "gone" }), {
      timeout: PATIENCE_MS,
    });
  });

  it("answers what the page asks, and says what it does not play", async () => {
    const runs = await fetch(`http://127.0.0.1:${port}/api/simulations`);
    expect(await runs.json()).toMatchObject({ items: [{ id: run }] });
    expect((await fetch(`http://127.0.0.1:${port}/api/nothing`)).status).toBe(404);
  });
});
