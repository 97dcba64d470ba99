import { useEffect, useRef } from "react";
import type uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { formatClock, formatTick, formatUnit } from "../text/format";
import { type Chart, ceilingOf, type EventMark, type Line, valueAt } from "./model";
import { Palette } from "./palette";

interface Props {
  chart: Chart;
  marks: readonly EventMark[];
  /** Second that the page looks at; null when it is live. */
  at: number | null;
  onSeek: (second: number) => void;
}

const HEIGHT = 132;

function data({ seconds, lines }: Chart): uPlot.AlignedData {
  return [[...seconds], ...lines.map(({ values }) => [...values])] as uPlot.AlignedData;
}

function vertical(plot: uPlot, second: number, colour: string, dash: number[]): void {
  const { min, max } = plot.scales.x ?? {};
  if (min == null || max == null || second < min || second > max) return;
  const { ctx, bbox } = plot;
  const x = Math.round(plot.valToPos(second, "x", true)) + 0.5;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}

function horizontal(plot: uPlot, value: number, label: string, colour: string): void {
  const { min, max } = plot.scales.y ?? {};
  if (min == null || max == null || value < min || value > max) return;
  const { ctx, bbox } = plot;
  const y = Math.round(plot.valToPos(value, "y", true)) + 0.5;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.fillStyle = colour;
  ctx.setLineDash([6, 4]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textAlign = "right";
  ctx.textBaseline = "bottom";
  ctx.fillText(label, bbox.left + bbox.width - 4, y - 3);
  ctx.restore();
}

function options(shown: { current: Props }, palette: Palette, width: number): uPlot.Options {
  const { chart } = shown.current;
  const axis = {
    stroke: () => palette.colour("--quiet"),
    grid: { stroke: () => palette.colour("--line"), width: 1 },
    ticks: { show: false },
    font: "11px system-ui, sans-serif",
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { sync: { key: "flashcrowd" }, drag: { x: false, y: false } },
    scales: { x: { time: false }, y: { range: () => [0, ceilingOf(shown.current.chart)] } },
    axes: [
      { ...axis, size: 24, values: (_, splits) => splits.map(formatClock) },
      { ...axis, size: 54, values: (_, splits) => splits.map((value) => formatTick(value, chart.unit)) },
    ],
    series: [
      {},
      ...chart.lines.map((line) => ({
        label: line.label,
        stroke: () => palette.colour(line.stroke),
        width: 1.5,
        points: { show: false },
        ...(line.dashed ? { dash: [4, 4] } : {}),
      })),
    ],
    hooks: {
      draw: [
        (plot) => {
          const { chart, marks, at } = shown.current;
          for (const { label, value } of chart.limits)
            horizontal(plot, value, label, palette.colour("--over"));
          for (const { second, stroke } of marks)
            vertical(plot, second, palette.colour(stroke ?? "--accent"), [2, 3]);
          if (at !== null) vertical(plot, at, palette.colour("--ink"), []);
        },
      ],
    },
  };
}

/** A time series that stays smooth at one point a second for an hour. A click looks at that second. */
export function TimeChart(props: Props) {
  const { chart, marks, at } = props;
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const shown = useRef(props);
  shown.current = props;

  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    let gone = false;
    const watch = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0);
      if (width > 0) plot.current?.setSize({ width, height: HEIGHT });
    });
    const palette = new Palette(element);
    const redraw = () => {
      palette.forget();
      plot.current?.redraw(false);
    };
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const seek = (event: MouseEvent) => {
      const made = plot.current;
      if (made === null) return;
      const left = event.clientX - made.over.getBoundingClientRect().left;
      shown.current.onSeek(made.posToVal(left, "x"));
    };
    void import("uplot").then(({ default: UPlot }) => {
      if (gone) return;
      plot.current = new UPlot(
        options(shown, palette, element.clientWidth || 300),
        data(shown.current.chart),
        element,
      );
      plot.current.over.addEventListener("click", seek);
      watch.observe(element);
      scheme.addEventListener("change", redraw);
    });
    return () => {
      gone = true;
      watch.disconnect();
      scheme.removeEventListener("change", redraw);
      plot.current?.destroy();
      plot.current = null;
    };
  }, []);

  useEffect(() => plot.current?.setData(data(chart)), [chart]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: both are read by the draw hook
  useEffect(() => plot.current?.redraw(false), [marks, at]);

  const value = (line: Line) => formatUnit(valueAt(chart.seconds, line.values, at), chart.unit);
  const now = chart.lines.map((line) => `${line.label} ${value(line)}`).join(", ");
  return (
    <figure className="fc-chart">
      <figcaption title={chart.explanation}>
        <b>{chart.title}</b>
        {chart.lines.map((line) => (
          <span key={line.label} className={line.dashed ? "fc-key fc-key-dashed" : "fc-key"}>
            <i style={{ borderColor: `var(${line.stroke})` }} aria-hidden="true" />
            {line.label} <output>{value(line)}</output>
          </span>
        ))}
      </figcaption>
      <div ref={host} className="fc-plot" role="img" aria-label={`${chart.title} over the run: ${now}`} />
    </figure>
  );
}
