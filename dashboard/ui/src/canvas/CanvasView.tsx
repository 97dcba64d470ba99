import {
  Background,
  type NodeMouseHandler,
  ReactFlow,
  ReactFlowProvider,
  useOnViewportChange,
  useReactFlow,
} from "@xyflow/react";
import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef, useState } from "react";
import "@xyflow/react/dist/base.css";
import "./canvas.css";
import type { MetricStore } from "../state/metrics";
import type { Run } from "../state/run";
import { appearances } from "../state/topology";
import { type BoxFlowNode, BoxNode } from "./BoxNode";
import { drawingOf } from "./boxes";
import { type Chip, chipsOf, outOfSight, visiblePart } from "./chips";
import { fitView, levelOf, MAX_ZOOM, MIN_ZOOM, typeOf } from "./fit";
import { flowNodes } from "./flownodes";
import { bounds, middleOf, type View } from "./geometry";
import { LinkLayer } from "./LinkLayer";
import { drawLinks, ledAround } from "./links";
import { isArrow, neighbour } from "./neighbours";
import { newsKey, newsOf } from "./news";
import { ParticleLayer } from "./ParticleLayer";
import { arranged, type Pins } from "./pins";
import { Scene, SceneContext, useScene } from "./scene";
import { type Arranging, useArranging } from "./useArranging";

const nodeTypes = { box: BoxNode };
const noEdges: never[] = [];
/** A hand that trembles by so many screen pixels has not dragged. */
const DRAG_FROM = 4;
/** Above so many boxes those out of sight are left out, when looked at from near. */
const CULL_ABOVE = 100;

/** What a canvas shows and tells. */
export interface CanvasProps {
  /** The run as the cursor sees it. */
  run: Run;
  metrics: MetricStore;
  /** Id of the component or instance that is selected. */
  selected: string | null;
  onSelect(id: string | null): void;
}

/** The latest time that was measured, as far as it changes what is new. */
function useNewsTime(run: Run, metrics: MetricStore): number {
  const last = run.log.at(-1)?.t ?? 0;
  const [at, setAt] = useState(last);
  useEffect(
    () =>
      metrics.subscribe((frame) => {
        if (frame.at === 0) return;
        setAt((was) => (newsKey(run.log, was) === newsKey(run.log, frame.at) ? was : frame.at));
      }),
    [run.log, metrics],
  );
  return Math.max(at, last);
}

function useDrawing(props: CanvasProps, expanded: ReadonlySet<string>, places: Pins) {
  const { run, metrics } = props;
  const at = useNewsTime(run, metrics);
  const { base, log, topology, decisions } = run;
  return useMemo(() => {
    const difference = newsOf(base, log, topology, at);
    const placed = arranged({ canvas: topology, difference, decisions }, places);
    const drawing = drawingOf({ ...placed, expanded });
    const { ends } = drawing;
    return { drawing, links: drawLinks(ledAround(placed.canvas, ends, places), ends) };
  }, [base, log, topology, decisions, at, expanded, places]);
}

/** Nodes of React Flow that keep their identity from one drawing to the next. */
function useFlowNodes(boxes: Parameters<typeof flowNodes>[0], selected: string | null): BoxFlowNode[] {
  const before = useRef<BoxFlowNode[]>([]);
  const nodes = useMemo(() => flowNodes(boxes, selected, before.current), [boxes, selected]);
  useEffect(() => {
    before.current = nodes;
  }, [nodes]);
  return nodes;
}

function Chips({ chips, onGo }: { chips: readonly Chip[]; onGo(chip: Chip): void }) {
  return (["left", "right", "top", "bottom"] as const).map((side) => (
    <div key={side} className={`chips ${side}`}>
      {chips
        .filter((chip) => chip.side === side)
        .slice(0, 3)
        .map((chip) => (
          <button key={chip.key} type="button" onClick={() => onGo(chip)}>
            {chip.text}
          </button>
        ))}
    </div>
  ));
}

interface LensProps {
  arranging: Arranging;
  /** Boxes that are not wholly seen. */
  hidden: number;
  onZoom(nearer: boolean): void;
  onFit(): void;
}

function Lens({ arranging, hidden, onZoom, onFit }: LensProps) {
  const { touched, undoable, tidy, undo } = arranging;
  return (
    <div className="lens">
      <button type="button" onClick={() => onZoom(false)} aria-label="Zoom out" title="Zoom out (-)">
        −
      </button>
      <button type="button" onClick={onFit} title="Show everything (F)">
        Fit{hidden > 0 && <small> · {hidden} out of sight</small>}
      </button>
      <button type="button" onClick={() => onZoom(true)} aria-label="Zoom in" title="Zoom in (+)">
        +
      </button>
      <button
        type="button"
        aria-disabled={touched ? undefined : true}
        onClick={tidy}
        title={touched ? "Put every box back where the layout has it (T)" : "No box was moved by hand"}
      >
        Tidy
      </button>
      {undoable && (
        <button type="button" onClick={undo} title="Take the last move back (Ctrl+Z)">
          Undo
        </button>
      )}
    </div>
  );
}

function Stage(props: CanvasProps) {
  const { run, selected, onSelect } = props;
  const scene = useScene();
  const flow = useReactFlow();
  const root = useRef<HTMLDivElement>(null);
  const [expanded, setExpanded] = useState<ReadonlySet<string>>(new Set());
  const [view, setView] = useState<View | null>(null);
  const arranging = useArranging(run);
  const { drawing, links } = useDrawing(props, expanded, arranging.places);
  const nodes = useFlowNodes(drawing.boxes, selected);
  const { boxes } = drawing;

  useEffect(() => {
    scene.appeared = appearances(run.log, Number.POSITIVE_INFINITY);
  }, [scene, run.log]);

  const look = useCallback(
    (next: View) => {
      scene.look(next);
      const level = levelOf(next.zoom);
      if (root.current !== null) {
        root.current.dataset.level = level;
        root.current.style.setProperty("--type", `${typeOf(next.zoom)}px`);
      }
      if (level === scene.level) return;
      scene.level = level;
      scene.metrics.set(scene.metrics.frame);
    },
    [scene],
  );
  useOnViewportChange({ onChange: look, onEnd: setView });

  const size = () => ({ width: root.current?.clientWidth ?? 1, height: root.current?.clientHeight ?? 1 });
  const turn = useCallback(
    (next: View) => {
      flow.setViewport(next);
      look(next);
      setView(next);
    },
    [flow, look],
  );
  const showAll = () => {
    const { width, height } = size();
    turn(fitView(bounds(boxes.map((box) => box.rect)), width, height));
  };

  // The camera moves by itself once: when there is something to see.
  const fitted = useRef(false);
  useEffect(() => {
    if (fitted.current || boxes.length === 0 || root.current === null) return;
    fitted.current = true;
    const { clientWidth, clientHeight } = root.current;
    turn(fitView(bounds(boxes.map((box) => box.rect)), clientWidth, clientHeight));
  }, [boxes, turn]);

  const goTo = (key: string) => {
    const box = boxes.find((one) => one.key === key);
    if (box === undefined) return;
    const { width, height } = size();
    const at = middleOf(box.rect);
    const { zoom } = scene.view;
    turn({ x: width / 2 - at.x * zoom, y: height / 2 - at.y * zoom, zoom });
  };
  const elementOf = (key: string) =>
    root.current?.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(key)}"]`) ?? null;

  const choose: NodeMouseHandler<BoxFlowNode> = (_, node) => onSelect(node.data.box.id);
  const unfold: NodeMouseHandler<BoxFlowNode> = (_, { data: { box } }) => {
    if (!box.folded && box.shape !== "frame") return;
    setExpanded((was) => {
      const next = new Set(was);
      if (!next.delete(box.component)) next.add(box.component);
      return next;
    });
  };
  const zoom = (nearer: boolean) => void (nearer ? flow.zoomIn() : flow.zoomOut());
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const key = (event.target as HTMLElement).closest(".react-flow__node")?.getAttribute("data-id");
    const box = boxes.find((one) => one.key === key);
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key === "z") return arranging.undo();
    if (event.altKey && box !== undefined && arranging.nudge(box, event.key)) return event.preventDefault();
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "f" || event.key === "F") return showAll();
    if (event.key === "t" || event.key === "T") return arranging.tidy();
    if (event.key === "+" || event.key === "-") return zoom(event.key === "+");
    if (box === undefined) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      return onSelect(box.id);
    }
    if (!isArrow(event.key)) return;
    event.preventDefault();
    const next = neighbour(box, event.key, boxes, run.topology);
    if (next !== null) elementOf(next.key)?.focus();
  };

  const { width, height } = size();
  const seen = view === null ? null : visiblePart(view, width, height);
  const chips = seen === null ? [] : chipsOf(boxes, seen);
  const hidden = seen === null ? 0 : outOfSight(boxes, seen);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys go with the boxes inside, which are buttons
    <div ref={root} className="canvas" data-level={scene.level} onKeyDown={onKeyDown}>
      <ReactFlow<BoxFlowNode, never>
        nodes={nodes}
        edges={noEdges}
        nodeTypes={nodeTypes}
        minZoom={MIN_ZOOM}
        maxZoom={MAX_ZOOM}
        nodeDragThreshold={DRAG_FROM}
        onNodeDragStart={arranging.onDragStart}
        onNodeDrag={arranging.onDrag}
        onNodeDragStop={arranging.onDragStop}
        nodesConnectable={false}
        elementsSelectable={false}
        disableKeyboardA11y
        zoomOnDoubleClick={false}
        onlyRenderVisibleElements={boxes.length > CULL_ABOVE && view !== null && view.zoom > 0.5}
        onNodeClick={choose}
        onNodeDoubleClick={unfold}
        onPaneClick={() => onSelect(null)}
      >
        <Background gap={24} size={1} />
        <LinkLayer links={links} />
      </ReactFlow>
      <ParticleLayer links={links} moving={!run.phase.finished && run.phase.pausedAt === null} />
      <Chips chips={chips} onGo={(chip) => goTo(chip.key)} />
      <Lens arranging={arranging} hidden={hidden} onZoom={zoom} onFit={showAll} />
    </div>
  );
}

/** The architecture of a run, as it is now or was then, with its traffic. */
export function CanvasView(props: CanvasProps) {
  const { metrics, run } = props;
  const [scene] = useState(() => new Scene(metrics, run.columns));
  return (
    <ReactFlowProvider>
      <SceneContext value={scene}>
        <Stage {...props} />
      </SceneContext>
    </ReactFlowProvider>
  );
}
