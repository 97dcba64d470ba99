import { parse, stringify } from "yaml";
import type { api, Graph, GraphDraft, ValidationFault, YAMLDocument } from "../src/wire";

const CORES = { least: 1, most: 256 } as const;

/** The one rule of the API server that the fixture knows: how many cores a replica may have. */
function faultsOf({ spec }: GraphDraft): ValidationFault[] {
  return (spec.components ?? []).flatMap(({ capacity }, place) => {
    const cores = capacity?.cores ?? CORES.least;
    if (cores >= CORES.least && cores <= CORES.most) return [];
    const message = `should be from ${CORES.least} to ${CORES.most}`;
    return [{ field: `spec.components[${place}].capacity.cores`, message }];
  });
}

function graphOf(draft: GraphDraft, version: number): Graph {
  const { namespace = "default", name, spec } = draft;
  const components = spec.components?.length ?? 0;
  return {
    summary: {
      id: `uid-of-${name}`,
      namespace,
      name,
      components,
      heldBy: "",
      accepted: true,
      message: "",
      createdAt: 0,
    },
    resourceVersion: String(version),
    spec,
    canvas: { order: 0, nodes: [], links: [], ids: [], linkIds: [], direction: "LR" },
    yaml: yamlOf(draft),
  };
}

/** A ComponentGraph as kubectl takes it. */
interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { namespace?: string; name: string };
  spec: api.ComponentGraphSpec;
}

function yamlOf({ namespace = "default", name, spec }: GraphDraft): string {
  const manifest: Manifest = {
    apiVersion: "flashcrowd.io/v1alpha1",
    kind: "ComponentGraph",
    metadata: { namespace, name },
    spec,
  };
  return stringify(manifest);
}

function draftOf(text: string): GraphDraft {
  const { metadata, spec } = parse(text) as Manifest;
  return { ...metadata, spec };
}

/** The graphs of a fixture: drafts are judged, written and kept as the real server does it. */
export class GraphShelf {
  readonly #graphs = new Map<string, Graph>();
  #version = 0;

  /** The answer to a request; undefined for one that is about no graph. */
  answer(method: string, path: string, body: string): unknown {
    const read = <T>() => JSON.parse(body) as T;
    switch (`${method} ${path}`) {
      case "GET /api/graphs":
        return { items: [...this.#graphs.values()].map(({ summary }) => summary) };
      case "POST /api/graphs":
        return this.#keep(read<GraphDraft>());
      case "POST /api/graphs/check": {
        const faults = faultsOf(read<GraphDraft>());
        return { valid: faults.length === 0, faults };
      }
      case "POST /api/graphs/yaml":
        return { yaml: yamlOf(read<GraphDraft>()) } satisfies YAMLDocument;
      case "POST /api/graphs/draft":
        return draftOf(read<YAMLDocument>().yaml);
    }
    const known = this.#graphs.get(decodeURIComponent(path.replace("/api/graphs/", "")));
    if (known === undefined) return undefined;
    return method === "PUT" ? this.#keep(read<GraphDraft>()) : known;
  }

  #keep(draft: GraphDraft): Graph {
    this.#version++;
    const graph = graphOf(draft, this.#version);
    this.#graphs.set(graph.summary.id, graph);
    return graph;
  }
}
