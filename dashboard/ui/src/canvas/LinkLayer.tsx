import { ViewportPortal } from "@xyflow/react";
import { memo, useEffect, useRef } from "react";
import type { Frame } from "../state/frame";
import { formatQuantity } from "../text/format";
import { type DrawnLink, widthOf } from "./links";
import { useScene } from "./scene";

/** Writes the rates of all links straight into their elements. */
function paintLinks(svg: SVGSVGElement, links: readonly DrawnLink[], frame: Frame, far: boolean): void {
  for (const [place, { link }] of links.entries()) {
    const group = svg.children[place];
    if (group === undefined) continue;
    const [line, text] = group.children;
    const rate = frame.linkRate(link.id);
    const width = widthOf(rate).toFixed(1);
    if (line?.getAttribute("stroke-width") !== width) line?.setAttribute("stroke-width", width);
    if (far || text === undefined) continue;
    const words = rate === null ? "" : `${formatQuantity(rate)}/s`;
    if (text.textContent !== words) text.textContent = words;
  }
}

/** The lines between boxes, along the ways that the layout found, with their measured rates. */
export const LinkLayer = memo(function LinkLayer({ links }: { links: readonly DrawnLink[] }) {
  const scene = useScene();
  const svg = useRef<SVGSVGElement>(null);
  useEffect(
    () =>
      scene.metrics.subscribe((frame) => {
        if (svg.current !== null) paintLinks(svg.current, links, frame, scene.level === "far");
      }),
    [links, scene],
  );
  return (
    <ViewportPortal>
      <svg ref={svg} className="links" aria-hidden="true">
        {links.map(({ link, path, heads, label }) => (
          <g key={link.id} data-link={link.id} className={link.origin.rule ? "made" : ""}>
            <path d={path} />
            <text x={label.x} y={label.y - 7} />
            <path className="heads" d={heads} />
          </g>
        ))}
      </svg>
    </ViewportPortal>
  );
});
