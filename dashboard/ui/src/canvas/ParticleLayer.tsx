import { memo, useEffect, useRef } from "react";
import type { DrawnLink } from "./links";
import { particles, speed, walk } from "./particles";
import { type Scene, useScene } from "./scene";

const FRAME_MS = 1000 / 30;
const DOT = 2.4;

/** Draws the traffic of all links at a moment; travelled is advanced by the time that passed. */
function drawTraffic(
  context: CanvasRenderingContext2D,
  scene: Scene,
  links: readonly DrawnLink[],
  travelled: Map<string, number>,
  seconds: number,
): void {
  const { x, y, zoom } = scene.view;
  const ratio = context.canvas.width / Math.max(1, context.canvas.clientWidth);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, context.canvas.width, context.canvas.height);
  const size = Math.max(DOT * zoom, 1.2) * ratio;
  context.beginPath();
  for (const { link, tracks } of links) {
    const rate = scene.metrics.frame.linkRate(link.id);
    if (rate === null || rate <= 0) continue;
    const way = (travelled.get(link.id) ?? 0) + speed(rate) * seconds;
    travelled.set(link.id, way);
    for (const track of tracks) {
      for (const distance of particles(track.length, rate / tracks.length, way)) {
        const at = walk(track, distance);
        const right = (at.x * zoom + x) * ratio;
        const down = (at.y * zoom + y) * ratio;
        context.moveTo(right + size, down);
        context.arc(right, down, size, 0, 2 * Math.PI);
      }
    }
  }
  context.fill();
}

/** The traffic as dots on one canvas above the boxes, at thirty pictures a second. */
export const ParticleLayer = memo(function ParticleLayer({
  links,
  moving,
}: {
  links: readonly DrawnLink[];
  moving: boolean;
}) {
  const scene = useScene();
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d") ?? null;
    if (element === null || context === null || !moving) return;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const resize = new ResizeObserver(() => {
      element.width = Math.round(element.clientWidth * devicePixelRatio);
      element.height = Math.round(element.clientHeight * devicePixelRatio);
      context.fillStyle = getComputedStyle(element).color;
    });
    resize.observe(element);
    const travelled = new Map<string, number>();
    let last = performance.now();
    let request = 0;
    const step = (now: number) => {
      request = requestAnimationFrame(step);
      if (now - last < FRAME_MS - 2) return;
      const seconds = Math.min(0.2, (now - last) / 1000);
      last = now;
      drawTraffic(context, scene, links, travelled, seconds);
    };
    request = requestAnimationFrame(step);
    return () => {
      cancelAnimationFrame(request);
      resize.disconnect();
      context.clearRect(0, 0, element.width, element.height);
    };
  }, [links, moving, scene]);
  return <canvas ref={canvas} className="particles" />;
});
