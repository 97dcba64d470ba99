import { type Frame, frameOf } from "../state/frame";
import { type FeedState, INITIAL_FEED, reduce } from "../state/run";
import {
  CloseForbidden,
  CloseNotFound,
  CloseUnauthorized,
  type FeedMessage,
  FeedPath,
  type FeedResume,
  FeedSubprotocol,
  type FeedSubscribe,
} from "../wire";
import { backoffMs } from "./backoff";

/** How the page and the server stand. */
export type Link =
  | { kind: "connecting" }
  | { kind: "live" }
  /** Connected, but nothing was heard since; At is the last message. */
  | { kind: "stale"; at: number }
  /** Away; the next attempt is at RetryAt. */
  | { kind: "away"; since: number; retryAt: number }
  /** It makes no sense to come back. */
  | { kind: "refused"; reason: "unauthorized" | "forbidden" | "gone" | "closed"; message: string };

/** What the connection needs of a WebSocket. */
export interface Socket {
  send(data: string): void;
  close(code?: number): void;
  onopen: ((event: unknown) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
}

/** The outside world of a connection. */
export interface Surroundings {
  open(simulationId: string): Socket;
  now(): number;
  random(): number;
  /** Runs fn after ms; the returned function takes it back. */
  after(ms: number, fn: () => void): () => void;
}

/** What a connection tells. */
export interface Listener {
  feed(state: FeedState): void;
  frame(frame: Frame): void;
  link(link: Link): void;
}

const SILENT_TICKS = 3;

function refusal(code: number): "unauthorized" | "forbidden" | "gone" | null {
  if (code === CloseUnauthorized) return "unauthorized";
  if (code === CloseForbidden) return "forbidden";
  return code === CloseNotFound ? "gone" : null;
}

/**
 * Follows the feed of one run: resumes after the last number it applied, comes
 * back with growing pauses, says when nothing was heard for three ticks.
 */
export class Connection {
  #state: FeedState = INITIAL_FEED;
  #socket: Socket | null = null;
  #attempt = 0;
  #closed = false;
  #awaySince: number | null = null;
  #cancelRetry: () => void = () => {};
  #cancelSilence: () => void = () => {};
  #retryAfterMs: number | null = null;
  #maxHz: number | null = null;

  constructor(
    private readonly simulationId: string,
    private readonly around: Surroundings,
    private readonly listener: Listener,
  ) {}

  /** Connects; call it once. */
  start(): void {
    this.listener.link({ kind: "connecting" });
    this.#connect();
  }

  /** Ends the connection for good. */
  stop(): void {
    this.#closed = true;
    this.#cancelRetry();
    this.#cancelSilence();
    this.#drop();
  }

  /** Comes back at once if away: the network or the page is back. */
  wake(): void {
    if (this.#closed || this.#socket !== null) return;
    this.#cancelRetry();
    this.#connect();
  }

  /** Bounds ticks a second; 0 for a page that nobody sees. */
  limit(maxHz: number): void {
    this.#maxHz = maxHz;
    this.#subscribe();
  }

  #connect(): void {
    const socket = this.around.open(this.simulationId);
    this.#socket = socket;
    socket.onopen = () => this.#touch();
    socket.onmessage = (event) => this.#receive(socket, event.data);
    socket.onclose = (event) => {
      if (this.#socket === socket) this.#lost(event.code, event.reason);
    };
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    socket.onopen = null;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  #receive(socket: Socket, data: unknown): void {
    if (socket !== this.#socket || typeof data !== "string") return;
    const message = JSON.parse(data) as FeedMessage;
    if (message.type === "hello") this.#greet(socket);
    if (message.type === "bye") this.#bye(message.retryAfterMs, message.reason);
    const state = reduce(this.#state, message);
    if (state !== this.#state) {
      this.#state = state;
      this.listener.feed(state);
    }
    if (socket === this.#socket) this.#touch(); // after the state: a run that has ended may be silent
    this.#frame(message);
    if (state.torn) this.#resumeAnew();
  }

  /** Answers hello with what was heard last, before hello overwrites it. */
  #greet(socket: Socket): void {
    const { epoch, lastSeq, run } = this.#state;
    const resume: FeedResume = {
      type: "resume",
      epoch: run === null ? "" : epoch,
      lastSeq: run === null ? 0 : lastSeq,
    };
    socket.send(JSON.stringify(resume));
    this.#subscribe();
    this.#attempt = 0;
    this.#awaySince = null;
  }

  #subscribe(): void {
    if (this.#maxHz === null) return;
    const message: FeedSubscribe = { type: "sub", maxHz: this.#maxHz };
    this.#socket?.send(JSON.stringify(message));
  }

  #frame(message: FeedMessage): void {
    const run = this.#state.run;
    if (run === null) return;
    const tick = message.type === "tick" ? message : message.type === "snapshot" ? message.tick : null;
    const frame = tick === null ? null : frameOf(run.topology, tick);
    if (frame !== null) this.listener.frame(frame);
  }

  #bye(retryAfterMs: number, reason: string): void {
    if (retryAfterMs >= 0) {
      this.#retryAfterMs = retryAfterMs;
      return;
    }
    this.#refuse("closed", reason);
  }

  #refuse(reason: "unauthorized" | "forbidden" | "gone" | "closed", message: string): void {
    this.stop();
    this.listener.link({ kind: "refused", reason, message });
  }

  #resumeAnew(): void {
    this.#drop();
    this.#connect();
  }

  #lost(code: number, reason: string): void {
    this.#drop();
    this.#cancelSilence();
    const refused = refusal(code);
    if (refused !== null) {
      this.#refuse(refused, reason);
      return;
    }
    const wait = Math.max(this.#retryAfterMs ?? 0, backoffMs(this.#attempt, this.around.random()));
    this.#retryAfterMs = null;
    this.#attempt++;
    this.#awaySince ??= this.around.now();
    this.listener.link({ kind: "away", since: this.#awaySince, retryAt: this.around.now() + wait });
    this.#cancelRetry = this.around.after(wait, () => this.#connect());
  }

  /** Something was heard: the link is live until three ticks pass in silence. */
  #touch(): void {
    this.#cancelSilence();
    this.listener.link({ kind: "live" });
    if (this.#maxHz === 0 || this.#state.run?.phase.finished === true) return;
    const at = this.around.now();
    const patience = Math.max(3000, SILENT_TICKS * this.#state.tickMs);
    this.#cancelSilence = this.around.after(patience, () => this.listener.link({ kind: "stale", at }));
  }
}

function adapt(socket: WebSocket): Socket {
  const adapted: Socket = {
    send: (data) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(data);
    },
    close: (code) => socket.close(code),
    onopen: null,
    onmessage: null,
    onclose: null,
  };
  socket.onopen = (event) => adapted.onopen?.(event);
  socket.onmessage = (event) => adapted.onmessage?.(event);
  socket.onclose = (event) => adapted.onclose?.(event);
  return adapted;
}

/** The surroundings of a real page. */
export function browserSurroundings(): Surroundings {
  return {
    open(simulationId) {
      const scheme = location.protocol === "https:" ? "wss:" : "ws:";
      const query = new URLSearchParams({ simulationId });
      return adapt(new WebSocket(`${scheme}//${location.host}${FeedPath}?${query}`, FeedSubprotocol));
    },
    now: () => Date.now(),
    random: () => Math.random(),
    after(ms, fn) {
      const timer = setTimeout(fn, ms);
      return () => clearTimeout(timer);
    },
  };
}
