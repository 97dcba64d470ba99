import {
  applyNodeChanges,
  Background,
  type NodeChange,
  ReactFlow,
  ReactFlowProvider,
  useOnViewportChange,
  useReactFlow,
} from "@xyflow/react";
import { type DragEvent, type KeyboardEvent, useCallback, useEffect, useMemo, useRef, useState } from "react";
import "@xyflow/react/dist/base.css";
import "./canvas.css";
import { MetricStore } from "../state/metrics";
import type { api, Link, XY } from "../wire";
import { detour } from "./detour";
import { type EditBox, type EditFlowNode, EditNode } from "./EditNode";
import { fitView, levelOf, MAX_ZOOM, MIN_ZOOM, typeOf } from "./fit";
import { BOX, bounds, type Rect, rectAt, type View } from "./geometry";
import { LinkLayer } from "./LinkLayer";
import { drawLinks } from "./links";
import { isArrow, neighbour } from "./neighbours";
import { Scene, SceneContext, useScene } from "./scene";

const nodeTypes = { edit: EditNode };
const noEdges: never[] = [];
/** As what the palette hands over the type of a dragged component. */
export const TYPE_MEDIA = "application/x-flashcrowd-component";
/** Screen pixels around the dot of a box in which a connection snaps to it. */
const SNAP = 60;
/** Canvas pixels that a key moves a box by. */
const STEP = 12;

const steps: Readonly<Record<string, XY>> = {
  ArrowLeft: { x: -STEP, y: 0 },
  ArrowRight: { x: STEP, y: 0 },
  ArrowUp: { x: 0, y: -STEP },
  ArrowDown: { x: 0, y: STEP },
};

/** What an editor's canvas shows and tells. */
export interface EditorCanvasProps {
  boxes: readonly EditBox[];
  links: readonly { from: string; to: string }[];
  selected: string | null;
  /** The component whose connection is being drawn by keyboard. */
  calling: string | null;
  onSelect(name: string | null): void;
  onMove(name: string, to: XY): void;
  onDrop(type: api.ComponentType, at: XY): void;
  onConnect(from: string, to: string): void;
  onCalling(name: string | null): void;
  onRemove(name: string): void;
}

function flowNode(box: EditBox, selected: string | null, calling: string | null): EditFlowNode {
  return {
    id: box.name,
    type: "edit",
    position: box.place,
    width: BOX.width,
    height: BOX.height,
    measured: { width: BOX.width, height: BOX.height },
    data: { box, selected: box.name === selected, calling: box.name === calling },
    ariaRole: "button",
  };
}

/** In reading order, which is the order of the Tab key. */
const byPlace = (a: EditBox, b: EditBox) => a.place.x - b.place.x || a.place.y - b.place.y;

/** The nodes of React Flow: those of the draft, and where they are while one is dragged. */
function useNodes({ boxes, selected, calling }: EditorCanvasProps) {
  const drawn = useMemo(
    () => boxes.toSorted(byPlace).map((box) => flowNode(box, selected, calling)),
    [boxes, selected, calling],
  );
  const [nodes, setNodes] = useState(drawn);
  useEffect(() => setNodes(drawn), [drawn]);
  const onNodesChange = useCallback(
    (changes: NodeChange<EditFlowNode>[]) => setNodes((now) => applyNodeChanges(changes, now)),
    [],
  );
  return { nodes, onNodesChange };
}

function useLinks(links: EditorCanvasProps["links"], nodes: readonly EditFlowNode[]) {
  return useMemo(() => {
    const rects = new Map(nodes.map(({ id, position }) => [id, rectAt(position)]));
    const drawn = links.flatMap(({ from, to }): Link[] => {
      const source = rects.get(from);
      const target = rects.get(to);
      if (source === undefined || target === undefined) return [];
      const others = [...rects].flatMap(([id, rect]) => (id === from || id === to ? [] : [rect]));
      return [{ id: `${from}>${to}`, from, to, origin: {}, route: detour(source, target, others) }];
    });
    const ends = new Map([...rects].map(([id, rect]) => [id, { rect, replicas: [] }]));
    return drawLinks({ order: 0, nodes: [], links: drawn, ids: [], linkIds: [], direction: "LR" }, ends);
  }, [links, nodes]);
}

/** Screen pixels between a box and the edge from which on it counts as seen. */
const EDGE = 20;

const inside = (rect: Rect, { x, y, zoom }: View, width: number, height: number) =>
  rect.x * zoom + x >= EDGE &&
  rect.y * zoom + y >= EDGE &&
  (rect.x + rect.width) * zoom + x <= width - EDGE &&
  (rect.y + rect.height) * zoom + y <= height - EDGE;

/** Shows all at first, and again when a box was added out of sight. */
function useCamera(boxes: readonly EditBox[]) {
  const scene = useScene();
  const flow = useReactFlow();
  const root = useRef<HTMLDivElement>(null);
  const look = useCallback(
    (next: View) => {
      scene.look(next);
      scene.level = levelOf(next.zoom);
      if (root.current === null) return;
      root.current.dataset.level = scene.level;
      root.current.style.setProperty("--type", `${typeOf(next.zoom)}px`);
    },
    [scene],
  );
  useOnViewportChange({ onChange: look });
  const showAll = useCallback(() => {
    if (root.current === null || boxes.length === 0) return;
    const next = fitView(
      bounds(boxes.map(({ place }) => rectAt(place))),
      root.current.clientWidth,
      root.current.clientHeight,
    );
    flow.setViewport(next);
    look(next);
  }, [boxes, flow, look]);
  const shown = useRef(0);
  useEffect(() => {
    const grew = boxes.length > shown.current;
    shown.current = boxes.length;
    if (!grew || root.current === null) return;
    const { clientWidth, clientHeight } = root.current;
    if (boxes.every(({ place }) => inside(rectAt(place), scene.view, clientWidth, clientHeight))) return;
    showAll();
  }, [boxes, scene, showAll]);
  return { root, showAll };
}

const stopOf = ({ name, place }: EditBox) => ({
  key: name,
  component: name,
  rect: rectAt(place),
  shape: "component" as const,
});

function Stage(props: EditorCanvasProps) {
  const { boxes, calling, onSelect, onMove, onDrop, onConnect, onCalling, onRemove } = props;
  const flow = useReactFlow();
  const { root, showAll } = useCamera(boxes);
  const { nodes, onNodesChange } = useNodes(props);
  const links = useLinks(props.links, nodes);

  const choose = (name: string) => {
    if (calling === null) return onSelect(name);
    onCalling(null);
    onConnect(calling, name);
  };
  const receive = (event: DragEvent) => {
    const type = event.dataTransfer.getData(TYPE_MEDIA);
    if (type === "") return;
    event.preventDefault();
    const at = flow.screenToFlowPosition({ x: event.clientX, y: event.clientY });
    onDrop(type as api.ComponentType, { x: at.x - BOX.width / 2, y: at.y - BOX.height / 2 });
  };
  const goOn = (box: EditBox, key: string) => {
    if (!isArrow(key)) return;
    const stops = boxes.map(stopOf);
    const next = neighbour(stopOf(box), key, stops, { links: props.links });
    const nodes = root.current?.querySelectorAll<HTMLElement>(".react-flow__node") ?? [];
    if (next !== null) [...nodes].find(({ dataset }) => dataset.id === next.key)?.focus();
  };
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.ctrlKey || event.metaKey) return;
    if (event.key === "f" || event.key === "F") return showAll();
    if (event.key === "Escape") return onCalling(null);
    const name = (event.target as HTMLElement).closest(".react-flow__node")?.getAttribute("data-id");
    const box = boxes.find((one) => one.name === name);
    if (box === undefined) return;
    const step = event.altKey ? steps[event.key] : undefined;
    if (step !== undefined) onMove(box.name, { x: box.place.x + step.x, y: box.place.y + step.y });
    else if (event.key === "Enter" || event.key === " ") choose(box.name);
    else if (event.key === "c" || event.key === "C") onCalling(box.name);
    else if (event.key === "Delete" || event.key === "Backspace") onRemove(box.name);
    else if (isArrow(event.key)) goOn(box, event.key);
    else return;
    event.preventDefault();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys go with the boxes inside, which are buttons
    <div ref={root} className="canvas editing" data-level="mid" onKeyDown={onKeyDown}>
      <ReactFlow<EditFlowNode, never>
        nodes={nodes}
        edges={noEdges}
        nodeTypes={nodeTypes}
        minZoom={MIN_ZOOM}
        maxZoom={MAX_ZOOM}
        elementsSelectable={false}
        connectionRadius={SNAP}
        nodesDraggable
        nodesConnectable
        disableKeyboardA11y
        deleteKeyCode={null}
        zoomOnDoubleClick={false}
        onNodesChange={onNodesChange}
        onNodeClick={(_, node) => choose(node.id)}
        onNodeDragStop={(_, node) => onMove(node.id, node.position)}
        onConnect={({ source, target }) => onConnect(source, target)}
        onPaneClick={() => onSelect(null)}
        onDragOver={(event) => event.preventDefault()}
        onDrop={receive}
      >
        <Background gap={24} size={1} />
        <LinkLayer links={links} />
      </ReactFlow>
      <div className="lens">
        <button type="button" onClick={showAll} title="Show everything (F)">
          Fit
        </button>
      </div>
    </div>
  );
}

/** Nothing is measured of a drawing: its lines are painted once, without rates. */
function unmeasured(): MetricStore {
  return new MetricStore(
    (run) => run(),
    () => 0,
  );
}

/** A graph that is drawn by hand: boxes are dragged, connected and removed. */
export function EditorCanvas(props: EditorCanvasProps) {
  const [scene] = useState(() => new Scene(unmeasured(), []));
  return (
    <ReactFlowProvider>
      <SceneContext value={scene}>
        <Stage {...props} />
      </SceneContext>
    </ReactFlowProvider>
  );
}
