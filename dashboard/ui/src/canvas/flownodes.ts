import { type BoxFlowNode, labelOfBox } from "./BoxNode";
import { type Box, movable } from "./boxes";

function sameBox(a: Box, b: Box): boolean {
  const { rect: ra, ...restA } = a;
  const { rect: rb, ...restB } = b;
  const sameRect = ra.x === rb.x && ra.y === rb.y && ra.width === rb.width && ra.height === rb.height;
  const keys = Object.keys(restA) as (keyof typeof restA)[];
  return sameRect && keys.every((key) => restA[key] === restB[key]);
}

function flowNode(box: Box, selected: boolean): BoxFlowNode {
  const frame = box.shape === "frame";
  return {
    id: box.key,
    type: "box",
    position: { x: box.rect.x, y: box.rect.y },
    width: box.rect.width,
    height: box.rect.height,
    measured: { width: box.rect.width, height: box.rect.height },
    draggable: movable(box.state),
    data: { box, selected },
    focusable: !frame,
    zIndex: frame ? 0 : 1,
    // A button's name would have to say every number that is written on it.
    ariaRole: "group",
    ariaLabel: labelOfBox(box),
  };
}

/** The nodes of React Flow for boxes. One that did not change keeps its identity. */
export function flowNodes(
  boxes: readonly Box[],
  selected: string | null,
  before: readonly BoxFlowNode[],
): BoxFlowNode[] {
  const had = new Map(before.map((node) => [node.id, node]));
  return boxes.map((box) => {
    const chosen =
      selected !== null && (box.id === selected || (box.shape === "frame" && box.component === selected));
    const was = had.get(box.key);
    if (was !== undefined && was.data.selected === chosen && sameBox(was.data.box, box)) return was;
    return flowNode(box, chosen);
  });
}
