import type {
  Canvas,
  CanvasChange,
  Column,
  Control,
  FeedGap,
  FeedMessage,
  FeedSnapshot,
  Phase,
  RunAlert,
  RunFinding,
  RunSummary,
  ScalingDecision,
} from "../wire";
import { applyChange } from "./topology";

/** Everything that is known of a run, but its measurements. */
export interface Run {
  summary: RunSummary;
  base: Canvas;
  log: CanvasChange[];
  topology: Canvas;
  columns: Column[];
  decisions: ScalingDecision[];
  alerts: RunAlert[];
  findings: RunFinding[];
  control: Control;
  phase: Phase;
}

/** What the page holds of one feed. */
export interface FeedState {
  /** Life of the server that lastSeq belongs to; empty before the first hello. */
  epoch: string;
  /** Seq of the last lossless message that was applied. */
  lastSeq: number;
  tickMs: number;
  server: string;
  /** Version of the protocol that the server speaks. */
  version: number;
  /** Null before the first snapshot. */
  run: Run | null;
  /** What the server said is lost. */
  gaps: FeedGap[];
  /** A lossless message was skipped unsaid: the feed must be resumed after lastSeq. */
  torn: boolean;
}

/** The state before anything was heard. */
export const INITIAL_FEED: FeedState = {
  epoch: "",
  lastSeq: 0,
  tickMs: 1000,
  server: "",
  version: 0,
  run: null,
  gaps: [],
  torn: false,
};

/** What a snapshot says of its run. */
export function runOf(message: FeedSnapshot): Run {
  const { run, base, log, topology, columns, decisions, alerts, findings, control, phase } = message;
  return { summary: run, base, log, topology, columns, decisions, alerts, findings, control, phase };
}

function upsert<T extends { id: string }>(list: T[], item: T): T[] {
  const place = list.findIndex((have) => have.id === item.id);
  return place < 0 ? [...list, item] : list.with(place, item);
}

type Lossless = Extract<
  FeedMessage,
  { type: "topo" | "decision" | "alert" | "finding" | "control" | "phase" }
>;

function applyLossless(run: Run, message: Lossless): Run {
  switch (message.type) {
    case "topo":
      return {
        ...run,
        log: [...run.log, message.change],
        topology: applyChange(run.topology, message.change),
      };
    case "decision":
      return { ...run, decisions: upsert(run.decisions, message.decision) };
    case "alert":
      return { ...run, alerts: upsert(run.alerts, message.alert) };
    case "finding":
      return { ...run, findings: upsert(run.findings, message.finding) };
    case "control":
      return { ...run, control: message.control };
    case "phase":
      return { ...run, phase: message.phase };
  }
}

function lossless(state: FeedState, message: Lossless): FeedState {
  if (state.run === null || state.torn) return { ...state, torn: true };
  if (message.seq <= state.lastSeq) return state;
  if (message.seq > state.lastSeq + 1) return { ...state, torn: true };
  return { ...state, lastSeq: message.seq, run: applyLossless(state.run, message) };
}

/**
 * The state after a message. Lossless messages apply in order and once; one that
 * skips a number tears the feed, so that the caller resumes. Ticks change nothing
 * here: they are frames.
 */
export function reduce(state: FeedState, message: FeedMessage): FeedState {
  switch (message.type) {
    case "hello": {
      const known = message.epoch === state.epoch;
      return {
        ...state,
        epoch: message.epoch,
        lastSeq: known ? state.lastSeq : 0,
        run: state.run,
        tickMs: message.tickMs,
        server: message.server,
        version: message.v,
        torn: false,
      };
    }
    case "gap":
      return { ...state, gaps: [...state.gaps, message] };
    case "snapshot":
      return { ...state, lastSeq: message.seq, run: runOf(message), torn: false };
    case "tick":
    case "bye":
      return state;
    default:
      return lossless(state, message);
  }
}
