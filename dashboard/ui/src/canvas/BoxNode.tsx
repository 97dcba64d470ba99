import type { Node as FlowNode, NodeProps } from "@xyflow/react";
import { memo, useEffect, useRef } from "react";
import { KindIcon } from "../icons/Icon";
import { words } from "../text/format";
import { provenance } from "../text/provenance";
import type { Column, MetricColumn } from "../wire";
import { type Box, REPLICAS_SHOWN } from "./boxes";
import { BoxPainter } from "./painter";
import { useScene } from "./scene";

/** A box as React Flow holds it: what it is, never what was measured. */
export type BoxFlowNode = FlowNode<{ box: Box; selected: boolean }, "box">;

/** A longer name is written smaller, on two lines. */
const LONG_NAME = 13;

/** What a screen reader says of a box. Measurements are in the inspector and the table. */
export function labelOfBox(box: Box): string {
  const ready = box.state === "live" && box.replicas > 1 ? `, ${box.ready} of ${box.replicas} ready` : "";
  const state = box.state === "live" ? "" : `, ${box.state}`;
  return `${box.title}, ${words(box.kind)}${ready}${state}${box.fresh ? ", new" : ""}`;
}

function Pips({ box }: { box: Box }) {
  if (box.replicas <= 1) return null;
  const title = `${box.ready} of ${box.replicas} replicas are ready`;
  if (box.replicas > REPLICAS_SHOWN) {
    return (
      <span className="count" title={title}>
        {box.ready < box.replicas ? `${box.ready}/${box.replicas}` : `×${box.replicas}`}
      </span>
    );
  }
  return (
    <span className="pips" title={title}>
      {Array.from({ length: box.replicas }, (_, i) => `pip-${i}`).map((key, i) => (
        <i key={key} className={i < box.ready ? "up" : ""} />
      ))}
    </span>
  );
}

function Numbers({ columns }: { columns: readonly Column[] }) {
  const source = (name: MetricColumn) => {
    const column = columns.find((one) => one.name === name);
    return column === undefined ? undefined : provenance(column);
  };
  return (
    <>
      <span className="main">
        <b data-slot="rate" title={source("requestRate")}>
          –
        </b>
        <small>req/s</small>
        <b data-slot="p95" title={source("latencyP95")}>
          –
        </b>
        <small>p95</small>
      </span>
      <span className="bars">
        <small>CPU</small>
        <span data-slot="cpu" title={source("cpu")}>
          –
        </span>
        <small>Mem</small>
        <span data-slot="memory" title={source("memory")}>
          –
        </span>
        <span className="bar">
          <i data-slot="cpuBar" />
        </span>
        <span className="bar">
          <i data-slot="memoryBar" />
        </span>
      </span>
      <span className="rest">
        <small>Queue</small>
        <span data-slot="queue" title={source("queueDepth")}>
          –
        </span>
        <small>Errors</small>
        <span data-slot="errors" title={source("errorRate")}>
          –
        </span>
      </span>
    </>
  );
}

function Origin({ rule }: { rule: string }) {
  return rule === "" ? null : <em title={`put there by the rule ${rule}`}>rule {rule}</em>;
}

function Frame({ box }: { box: Box }) {
  return <span className="frame-title">{`${box.title} · ${box.ready}/${box.replicas}`}</span>;
}

function BoxView({ data }: NodeProps<BoxFlowNode>) {
  const { box, selected } = data;
  const scene = useScene();
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (root.current === null || box.shape === "frame") return;
    const painter = new BoxPainter(root.current, box);
    return scene.metrics.subscribe((frame) => painter.paint(frame, scene));
  }, [box, scene]);
  const look = `box ${box.shape} ${box.state}${box.fresh ? " fresh" : ""}${selected ? " selected" : ""}`;
  return (
    <div
      ref={root}
      className={look}
      data-health="unknown"
      data-long={box.title.length > LONG_NAME ? "" : undefined}
    >
      {box.shape === "frame" ? (
        <Frame box={box} />
      ) : (
        <>
          <span className="head">
            <KindIcon kind={box.kind} />
            <b className="title" title={box.title}>
              {box.title}
            </b>
            <Pips box={box} />
          </span>
          <span className="state">
            <svg className="mark" viewBox="0 0 12 12" aria-hidden="true">
              <path data-slot="mark" d="" />
            </svg>
            <span data-slot="words" />
            {box.state === "live" && <Origin rule={box.rule} />}
          </span>
          {box.state !== "live" && (
            <span className="why-there">
              <Origin rule={box.rule} />
            </span>
          )}
          {box.state === "live" && <Numbers columns={scene.columns} />}
        </>
      )}
    </div>
  );
}

export const BoxNode = memo(BoxView);
