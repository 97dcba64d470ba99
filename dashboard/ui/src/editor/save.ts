import { Problem } from "../services/problem";
import type { SimulationService } from "../services/simulation.service";
import type { Graph } from "../wire";
import { bodyOf, type Draft } from "./draft";

/** A graph as it is on the server, as far as the page knows. */
export type Base = Pick<Graph, "summary" | "resourceVersion" | "spec">;

type Service = Pick<SimulationService, "graph" | "createGraph" | "saveGraph">;

/** So often a save is tried again whose version was overtaken by a change of the status. */
const TRIES = 5;

const CONFLICT = 409;

/**
 * Saves a draft: as a new graph when there is no base, else over it. The status of
 * a graph is written while it runs, and each write makes a new version; that is no
 * conflict as long as the spec is the one that the draft began from. Rejects with a
 * Problem when somebody else has changed the spec.
 */
export async function save(service: Service, draft: Draft, base: Base | null): Promise<Graph> {
  if (base === null) return service.createGraph(bodyOf(draft, null));
  const { id } = base.summary;
  let version = base.resourceVersion;
  for (let tried = 1; ; tried++) {
    try {
      return await service.saveGraph(id, bodyOf(draft, version));
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== CONFLICT || tried === TRIES) throw error;
      const now = await service.graph(id);
      if (JSON.stringify(now.spec) !== JSON.stringify(base.spec)) {
        throw new Problem(
          CONFLICT,
          "Somebody else changed this graph meanwhile. Copy your YAML, load the page anew, and paste it.",
        );
      }
      version = now.resourceVersion;
    }
  }
}
