import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Frame } from "../state/frame";
import { type FeedState, INITIAL_FEED } from "../state/run";
import { backoffMs } from "./backoff";
import { Connection, type Link, type Socket } from "./connection";

const session = readFileSync(
  new URL("../../../../internal/wire/testdata/session.jsonl", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n");

class FakeSocket implements Socket {
  sent: unknown[] = [];
  closed = false;
  onopen: Socket["onopen"] = null;
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  send(data: string) {
    this.sent.push(JSON.parse(data));
  }
  close() {
    this.closed = true;
  }
  hear(...lines: string[]) {
    for (const data of lines) this.onmessage?.({ data });
  }
  fail(code = 1006, reason = "") {
    this.onclose?.({ code, reason });
  }
}

function rig() {
  const sockets: FakeSocket[] = [];
  const timers: { at: number; fn: () => void }[] = [];
  const seen = { state: INITIAL_FEED as FeedState, links: [] as Link[], frames: [] as Frame[], now: 0 };
  const connection = new Connection(
    "run-1",
    {
      open() {
        const socket = new FakeSocket();
        sockets.push(socket);
        return socket;
      },
      now: () => seen.now,
      random: () => 0.5,
      after(ms, fn) {
        const timer = { at: seen.now + ms, fn };
        timers.push(timer);
        return () => {
          const place = timers.indexOf(timer);
          if (place >= 0) timers.splice(place, 1);
        };
      },
    },
    {
      feed: (state) => {
        seen.state = state;
      },
      frame: (frame) => seen.frames.push(frame),
      link: (link) => seen.links.push(link),
    },
  );
  const pass = (ms: number) => {
    seen.now += ms;
    for (const timer of timers.filter((one) => one.at <= seen.now)) {
      timers.splice(timers.indexOf(timer), 1);
      timer.fn();
    }
  };
  const newest = () => {
    const socket = sockets.at(-1);
    if (socket === undefined) throw new Error("no socket was opened");
    return socket;
  };
  connection.start();
  return { connection, sockets, newest, seen, pass };
}

describe("the connection", () => {
  it("asks for everything the first time", () => {
    const { newest } = rig();
    newest().hear(session[0] ?? "");
    expect(newest().sent).toEqual([{ type: "resume", epoch: "", lastSeq: 0 }]);
  });

  it("hands on states and frames", () => {
    const { newest, seen } = rig();
    newest().hear(...session.slice(0, 9));
    expect(seen.state.lastSeq).toBe(5);
    expect(seen.frames.map((frame) => frame.at)).toContain(1_767_225_646_005);
    expect(seen.links.at(-1)).toEqual({ kind: "live" });
  });

  it("resumes after the last number when it comes back, and loses nothing", () => {
    const { newest, seen, pass } = rig();
    newest().hear(...session.slice(0, 9));
    newest().fail();
    expect(seen.links.at(-1)).toEqual({ kind: "away", since: 0, retryAt: 187.5 });
    pass(200);
    newest().hear(session[0] ?? "");
    expect(newest().sent).toEqual([{ type: "resume", epoch: "5b0f3f1c", lastSeq: 5 }]);
    newest().hear(...session.slice(9));
    expect(seen.state.lastSeq).toBe(15);
    expect(seen.state.torn).toBe(false);
  });

  it("resumes by itself when a message was skipped", () => {
    const { sockets, newest, seen } = rig();
    newest().hear(...session.slice(0, 2), session[6] ?? "");
    expect(sockets).toHaveLength(2);
    expect(sockets[0]?.closed).toBe(true);
    newest().hear(session[0] ?? "");
    expect(newest().sent).toEqual([{ type: "resume", epoch: "5b0f3f1c", lastSeq: 0 }]);
    expect(seen.state.torn).toBe(false);
  });

  it("says that it is stale after three seconds of silence", () => {
    const { newest, seen, pass } = rig();
    newest().hear(...session.slice(0, 3));
    pass(2999);
    expect(seen.links.at(-1)).toEqual({ kind: "live" });
    pass(1);
    expect(seen.links.at(-1)).toEqual({ kind: "stale", at: 0 });
  });

  it("expects nothing more of a run that has ended", () => {
    const { newest, seen, pass } = rig();
    newest().hear(...session.filter((line) => !/"type":"(gap|bye)"/.test(line)));
    expect(seen.state.run?.phase.finished).toBe(true);
    pass(60_000);
    expect(seen.links.at(-1)).toEqual({ kind: "live" });
  });

  it("waits longer every time, and at most 8 s", () => {
    const waits = [0, 1, 2, 3, 4, 5, 6].map((attempt) => backoffMs(attempt, 0.999));
    expect(waits.map((ms) => Math.round(ms / 10) * 10)).toEqual([250, 500, 1000, 2000, 4000, 8000, 8000]);
    expect(backoffMs(0, 0)).toBe(125);
  });

  it("comes back at once when the network does", () => {
    const { connection, sockets, newest } = rig();
    newest().fail();
    connection.wake();
    expect(sockets).toHaveLength(2);
  });

  it.each([
    [4401, "unauthorized"],
    [4403, "forbidden"],
    [4404, "gone"],
  ])("does not come back after %i", (code, reason) => {
    const { sockets, newest, seen, pass } = rig();
    newest().fail(code, "words of the server");
    pass(60_000);
    expect(sockets).toHaveLength(1);
    expect(seen.links.at(-1)).toEqual({ kind: "refused", reason, message: "words of the server" });
  });

  it("waits as long as the server asks", () => {
    const { newest, seen } = rig();
    newest().hear(...session);
    newest().fail(1001);
    expect(seen.links.at(-1)).toEqual({ kind: "away", since: 0, retryAt: 1000 });
  });

  it("asks for no ticks while nobody looks", () => {
    const { connection, newest, seen, pass } = rig();
    newest().hear(...session.slice(0, 2));
    connection.limit(0);
    expect(newest().sent.at(-1)).toEqual({ type: "sub", maxHz: 0 });
    newest().hear(session[2] ?? "");
    pass(10_000);
    expect(seen.links.at(-1)).toEqual({ kind: "live" });
  });
});
