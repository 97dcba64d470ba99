import { type Node as FlowNode, Handle, type NodeProps, Position } from "@xyflow/react";
import { memo } from "react";
import { KindIcon } from "../icons/Icon";
import { words } from "../text/format";
import type { XY } from "../wire";
import { MARKS } from "./painter";

/** A component of a graph that is drawn. */
export interface EditBox {
  name: string;
  kind: string;
  /** Its settings in a line. */
  gist: string;
  /** Traffic enters here. */
  entry: boolean;
  /** How much the server finds wrong with it. */
  faults: number;
  /** The user put it where it is. */
  pinned: boolean;
  place: XY;
}

export type EditFlowNode = FlowNode<{ box: EditBox; selected: boolean; calling: boolean }, "edit">;

function EditView({ data: { box, selected, calling } }: NodeProps<EditFlowNode>) {
  const wrong = box.faults > 0;
  const look = `box edit${selected ? " selected" : ""}${calling ? " calling" : ""}`;
  return (
    <>
      <Handle type="target" position={Position.Left} />
      <div
        className={look}
        data-health={wrong ? "failing" : "unknown"}
        data-long={box.name.length > 13 ? "" : undefined}
      >
        <span className="head">
          <KindIcon kind={box.kind} />
          <b className="title" title={box.name}>
            {box.name}
          </b>
        </span>
        <span className="state">
          {wrong && (
            <svg className="mark" viewBox="0 0 12 12" aria-hidden="true">
              <path d={MARKS.failing} />
            </svg>
          )}
          {wrong ? `${box.faults} ${box.faults === 1 ? "fault" : "faults"}` : words(box.kind)}
          {box.pinned && <em>pinned</em>}
        </span>
        <span className="gist">{box.gist}</span>
        {box.entry && <span className="entry">traffic enters here</span>}
      </div>
      <Handle type="source" position={Position.Right} />
    </>
  );
}

export const EditNode = memo(EditView);
