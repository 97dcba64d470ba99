import type { Graph, GraphDraft, ValidationFault, YAMLDocument } from "../src/wire";

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

/** A draft as YAML. It is written as JSON, which is YAML too. */
function yamlOf(draft: GraphDraft): string {
  return JSON.stringify(draft, null, 2);
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
        return JSON.parse(read<YAMLDocument>().yaml);
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
