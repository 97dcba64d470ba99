import { createStore, type StoreApi } from "zustand/vanilla";
import type { Link } from "../feed/connection";
import { Recording } from "../replay/recording";
import { runAt } from "../replay/runat";
import { advance, type Cursor, LIVE, type Span, secondOf } from "../scrubber/cursor";
import type { Replay, Session } from "../wire";
import type { Frame } from "./frame";
import type { MetricStore } from "./metrics";
import { type FeedState, INITIAL_FEED, type Run } from "./run";

/** What the reader looks at closely. A decision brings its component along. */
export interface Selection {
  /** Component or instance by its id; null for the whole run. */
  node: string | null;
  /** Decision by its id; null for none. */
  decision: string | null;
}

/** Nothing is selected. */
export const NOTHING: Selection = { node: null, decision: null };

/** What the page knows and shows, but the measurements. */
export interface PageState {
  /** Run that is watched, by its UID; empty for none. */
  simulationId: string;
  feed: FeedState;
  link: Link;
  session: Session | null;
  /** Counts what was recorded: charts draw anew when it changes. */
  recorded: number;
  cursor: Cursor;
  selection: Selection;
}

/** The page's store with what changes it. Measurements are painted from metrics, outside React. */
export interface Page {
  readonly store: StoreApi<PageState>;
  readonly metrics: MetricStore;
  /** What was measured last, wherever the cursor is. */
  readonly newest: Frame;
  /** Every second of the run that is watched. */
  readonly recording: Recording;
  /** Turns to a run, forgetting the one before. */
  open(simulationId: string): void;
  /** Takes what the feed tells. */
  heard(feed: FeedState): void;
  linked(link: Link): void;
  measured(frame: Frame): void;
  /** Takes the server's history of the run. */
  loaded(replay: Replay): void;
  signedIn(session: Session): void;
  select(selection: Partial<Selection>): void;
  /** Moves in time, by a function of cursor.ts. */
  move(by: (cursor: Cursor, span: Span) => Cursor): void;
  /** Lets real time pass for a replay that plays. */
  pass(realSeconds: number): void;
}

const BLANK: PageState = {
  simulationId: "",
  feed: INITIAL_FEED,
  link: { kind: "connecting" },
  session: null,
  recorded: 0,
  cursor: LIVE,
  selection: NOTHING,
};

/** Second 0 of a run in milliseconds since 1970: when its traffic began, or when it was made. */
export function zeroOf(run: Run): number {
  return run.phase.startedAt ?? run.summary.createdAt;
}

/** The stretch of a run that can be looked at, by what was recorded and what the run says of its end. */
export function spanOf(run: Run, lastSecond: number | undefined): Span {
  const { endedAt, finished } = run.phase;
  const ended = endedAt === null ? 0 : (endedAt - zeroOf(run)) / 1000;
  return { end: Math.max(0, lastSecond ?? 0, ended), growing: !finished };
}

/**
 * The second at which a run is planned to end, on the clock that its marks and
 * measurements count by: pauses make it later by as long as they last.
 */
export function plannedEnd(run: Run, span: Span): number {
  const { pausedAt, pausedMs } = run.phase;
  const pausedFrom = pausedAt === null ? span.end : (pausedAt - zeroOf(run)) / 1000;
  return run.control.durationSeconds + pausedMs / 1000 + Math.max(0, span.end - pausedFrom);
}

const views = new WeakMap<Run, { second: number; view: Run }>();

/**
 * The run as the cursor sees it: the run itself when live, the run of then when
 * not. The last answer for a run is kept, so that equal questions give the same
 * object.
 */
export function viewOf(state: PageState): Run | null {
  const { run } = state.feed;
  if (run === null || state.cursor.kind === "live") return run;
  const { second } = state.cursor;
  const kept = views.get(run);
  if (kept?.second === second) return kept.view;
  const view = runAt(run, zeroOf(run) + second * 1000);
  views.set(run, { second, view });
  return view;
}

/** The store of one page over the metrics that it paints. */
export function createPage(metrics: MetricStore): Page {
  const store = createStore<PageState>(() => BLANK);
  const page = { recording: new Recording(), live: metrics.frame };

  const span = (): Span => {
    const { run } = store.getState().feed;
    return run === null ? { end: 0, growing: true } : spanOf(run, page.recording.seconds.at(-1));
  };
  const show = (cursor: Cursor) => {
    if (cursor === store.getState().cursor) return;
    store.setState({ cursor });
    metrics.set(cursor.kind === "live" ? page.live : page.recording.frameAt(secondOf(cursor, span())));
  };

  return {
    store,
    metrics,
    get newest() {
      return page.live;
    },
    get recording() {
      return page.recording;
    },
    open(simulationId) {
      page.recording = new Recording();
      page.live = page.recording.frameAt(0);
      metrics.set(page.live);
      store.setState({ ...BLANK, simulationId, session: store.getState().session });
    },
    heard: (feed) => store.setState({ feed }),
    linked: (link) => store.setState({ link }),
    measured(frame) {
      page.live = frame;
      const { feed, cursor, recorded } = store.getState();
      if (feed.run !== null && !feed.run.phase.finished) {
        const had = page.recording.seconds.length;
        const second = (frame.at - zeroOf(feed.run)) / 1000;
        page.recording.append(second, frame, feed.run.topology, feed.run.columns);
        if (page.recording.seconds.length > had) store.setState({ recorded: recorded + 1 });
      }
      if (cursor.kind === "live") metrics.set(frame);
    },
    loaded(replay) {
      page.recording.load(replay);
      const { cursor, recorded } = store.getState();
      store.setState({ recorded: recorded + 1 });
      if (cursor.kind === "at") metrics.set(page.recording.frameAt(cursor.second));
      else if (page.live.at === 0 || !span().growing) {
        page.live = page.recording.frameAt(span().end);
        metrics.set(page.live);
      }
    },
    signedIn: (session) => store.setState({ session }),
    select: (selection) => store.setState({ selection: { ...store.getState().selection, ...selection } }),
    move: (by) => show(by(store.getState().cursor, span())),
    pass: (realSeconds) => show(advance(store.getState().cursor, span(), realSeconds)),
  };
}
