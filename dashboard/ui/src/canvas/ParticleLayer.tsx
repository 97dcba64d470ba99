import { memo, useEffect, useRef, useState } from "react";
import type { DrawnLink } from "./links";
import { useScene } from "./scene";
import type { TrafficMessage } from "./traffic";

type Tell = (message: TrafficMessage, transfer?: Transferable[]) => void;

/** Puts a canvas into a frame that a worker draws on; null while there is none, or no motion is wanted. */
function usePainter(frame: { readonly current: HTMLElement | null }): Tell | null {
  const [tell, setTell] = useState<Tell | null>(null);
  useEffect(() => {
    if (frame.current === null || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    // A canvas can be handed over only once, so each worker gets one of its own.
    const canvas = document.createElement("canvas");
    canvas.className = "particles";
    frame.current.append(canvas);
    const worker = new Worker(new URL("./traffic.worker.ts", import.meta.url), { type: "module" });
    const send: Tell = (message, transfer = []) => worker.postMessage(message, transfer);
    const drawn = canvas.transferControlToOffscreen();
    send({ kind: "canvas", canvas: drawn }, [drawn]);
    const look = () => {
      const ratio = devicePixelRatio;
      const width = Math.round(canvas.clientWidth * ratio);
      const height = Math.round(canvas.clientHeight * ratio);
      send({ kind: "pane", pane: { width, height, ratio, color: getComputedStyle(canvas).color } });
    };
    const resized = new ResizeObserver(look);
    resized.observe(canvas);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", look);
    setTell(() => send);
    return () => {
      setTell(null);
      dark.removeEventListener("change", look);
      resized.disconnect();
      worker.terminate();
      canvas.remove();
    };
  }, [frame]);
  return tell;
}

/**
 * The traffic as dots on one canvas above the boxes, at thirty pictures a second.
 * A worker draws it, so that it costs the page's own thread nothing.
 */
export const ParticleLayer = memo(function ParticleLayer({
  links,
  moving,
}: {
  links: readonly DrawnLink[];
  moving: boolean;
}) {
  const scene = useScene();
  const frame = useRef<HTMLDivElement>(null);
  const tell = usePainter(frame);
  useEffect(() => {
    tell?.({ kind: "streams", streams: links.map(({ link, tracks }) => ({ id: link.id, tracks })) });
    return scene.metrics.subscribe((now) =>
      tell?.({ kind: "rates", rates: links.map(({ link }) => now.linkRate(link.id)) }),
    );
  }, [tell, links, scene]);
  useEffect(() => scene.watch((view) => tell?.({ kind: "view", view })), [tell, scene]);
  useEffect(() => tell?.({ kind: "moving", moving }), [tell, moving]);
  return <div ref={frame} className="particles" aria-hidden="true" />;
});
