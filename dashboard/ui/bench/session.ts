import { readFileSync } from "node:fs";
import type { FeedHello, FeedMessage, FeedSnapshot } from "../src/wire";

/** What a fixture plays: the state at its beginning and what happens after. */
export interface Play {
  hello: FeedHello;
  snapshot: FeedSnapshot;
  /** Lossless messages and ticks in order, at milliseconds after the beginning. */
  steps: readonly { afterMs: number; message: FeedMessage }[];
}

/** Reads a recorded session. Its own gap and goodbye are left out: the fixture server says its own. */
export function readSession(file: string | URL): Play {
  const messages = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as FeedMessage);
  const hello = messages.find((message) => message.type === "hello");
  const snapshot = messages.find((message) => message.type === "snapshot");
  if (hello === undefined || snapshot === undefined) {
    throw new Error(`${file}: a session begins with hello and snapshot`);
  }
  const steps = messages
    .filter(({ type }) => !["hello", "snapshot", "gap", "bye"].includes(type))
    .map((message) => ({ afterMs: message.t - snapshot.t, message }));
  return { hello, snapshot, steps };
}
