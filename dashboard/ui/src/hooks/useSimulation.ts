import { createContext, useContext, useEffect, useMemo, useState } from "react";
import { useStore } from "zustand";
import { browserSurroundings, Connection, type Surroundings } from "../feed/connection";
import { linesOf } from "../services/problem";
import { browserService, type SimulationService } from "../services/simulation.service";
import { browserMetrics } from "../state/metrics";
import { changeable, type Permission } from "../state/permission";
import type { Run } from "../state/run";
import { createPage, type Page, type PageState, viewOf } from "../state/store";
import type { AutoScalingPatch, TrafficPatch } from "../wire";

/** What the views share: the store of the page and the server behind it. */
export interface Desk {
  page: Page;
  service: SimulationService;
  surroundings: Surroundings;
}

/** The desk of a real page. */
export function browserDesk(): Desk {
  return {
    page: createPage(browserMetrics()),
    service: browserService(),
    surroundings: browserSurroundings(),
  };
}

export const DeskContext = createContext<Desk | null>(null);

/** The desk that the page was given. */
export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (desk === null) throw new Error("views stand inside a DeskContext");
  return desk;
}

/** A part of the page's state; the view is drawn anew when it changes. */
export function usePage<T>(part: (state: PageState) => T): T {
  return useStore(useDesk().page.store, part);
}

/** What can be done to the run that is watched. Each resolves when the server took it. */
export interface Commands {
  stop(): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  setTraffic(patch: TrafficPatch): Promise<void>;
  setAutoScaling(patch: AutoScalingPatch): Promise<void>;
}

/** The run that is watched, as the panels see it. */
export interface Simulation {
  /** The run as it is now; null before the first snapshot. */
  run: Run | null;
  /** The run as the cursor sees it. */
  view: Run | null;
  /** Whether the run can be changed, and why not. */
  permission: Permission;
  /** A command is under way. */
  busy: boolean;
  /** What the last command was refused with, line by line. */
  problem: readonly string[];
  commands: Commands;
}

/** The run that the page watches, and the commands on it. */
export function useSimulation(): Simulation {
  const { page, service } = useDesk();
  const simulationId = usePage((state) => state.simulationId);
  const run = usePage((state) => state.feed.run);
  const view = usePage(viewOf);
  const session = usePage((state) => state.session);
  const link = usePage((state) => state.link);
  const [underWay, setUnderWay] = useState(0);
  const [problem, setProblem] = useState<readonly string[]>([]);

  const commands = useMemo<Commands>(() => {
    const tell = async (command: Promise<void>) => {
      setUnderWay((count) => count + 1);
      setProblem([]);
      try {
        await command;
      } catch (error) {
        if (page.store.getState().simulationId === simulationId) setProblem(linesOf(error));
      } finally {
        setUnderWay((count) => count - 1);
      }
    };
    return {
      stop: () => tell(service.stop(simulationId)),
      pause: () => tell(service.pause(simulationId)),
      resume: () => tell(service.resume(simulationId)),
      setTraffic: (patch) => tell(service.setTraffic(simulationId, patch)),
      setAutoScaling: (patch) => tell(service.setAutoScaling(simulationId, patch)),
    };
  }, [page, service, simulationId]);

  return { run, view, permission: changeable(session, link, run), busy: underWay > 0, problem, commands };
}

/** Loads the history of a run again whenever the feed begins anew, so that charts have no hole. */
function useHistory(simulationId: string): void {
  const { page, service } = useDesk();
  const epoch = usePage((state) => state.feed.epoch);
  const live = usePage((state) => state.link.kind === "live" || state.link.kind === "stale");
  useEffect(() => {
    if (epoch === "" || !live) return;
    let wanted = true;
    service.replay(simulationId).then(
      (replay) => wanted && page.loaded(replay),
      () => {}, // the feed tells the state of the source; charts go on from what is heard
    );
    return () => {
      wanted = false;
    };
  }, [page, service, simulationId, epoch, live]);
}

/** Watches a run for as long as the view stands: connects, resumes, rests while the page is hidden. */
export function useFeed(simulationId: string): void {
  const { page, surroundings } = useDesk();
  useEffect(() => {
    page.open(simulationId);
    const connection = new Connection(simulationId, surroundings, {
      feed: page.heard,
      frame: page.measured,
      link: page.linked,
    });
    const wake = () => connection.wake();
    const look = () => {
      connection.limit(document.hidden ? 0 : 4);
      if (!document.hidden) connection.wake();
    };
    connection.limit(document.hidden ? 0 : 4);
    connection.start();
    addEventListener("online", wake);
    document.addEventListener("visibilitychange", look);
    return () => {
      removeEventListener("online", wake);
      document.removeEventListener("visibilitychange", look);
      connection.stop();
    };
  }, [page, simulationId, surroundings]);
  useHistory(simulationId);
}

/** Asks once who the reader is and what they may do; returns why that is not known. */
export function useSession(): readonly string[] {
  const { page, service } = useDesk();
  const [problem, setProblem] = useState<readonly string[]>([]);
  useEffect(() => {
    service.session().then(page.signedIn, (error: unknown) => setProblem(linesOf(error)));
  }, [page, service]);
  return problem;
}
