// SPDX-License-Identifier: Apache-2.0
// Several curves on one time axis, with the bands of steps behind and the time looked at in front.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Value } from "../api/types";
import { clock } from "../base/format";

export interface LineStyle {
  name: string;
  colour: string; // name of a CSS variable
  dash?: number[]; // told apart without colour
  fill?: boolean;
}

export interface LinesData {
  times: number[];
  values: readonly (readonly Value[])[];
  limit: number | null;
  bands: readonly { from: number; to: number; picked: boolean }[];
  marks: readonly number[];
  at: number | null;
}

export interface LinesOptions {
  lines: readonly LineStyle[];
  format: (value: number) => string;
  height: number;
  group: string; // curves of one group share their cursor
  onCursor: (values: readonly Value[] | null, time: number | null) => void;
  onPick: (time: number) => void;
}

function colourOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export class Lines {
  private readonly plot: uPlot;
  private data: LinesData = { times: [], values: [], limit: null, bands: [], marks: [], at: null };

  constructor(
    private readonly host: HTMLElement,
    private readonly options: LinesOptions,
  ) {
    const muted = colourOf("--muted");
    const font = `11px ${colourOf("--font")}`;
    const { format, lines } = options;
    this.plot = new uPlot(
      {
        width: Math.max(120, host.clientWidth),
        height: options.height,
        padding: [6, 6, 0, 0],
        legend: { show: false },
        cursor: { sync: { key: options.group }, points: { size: 5 }, y: false, drag: { x: false, y: false } },
        scales: { x: { time: true }, y: { range: () => this.range() } },
        axes: [
          { stroke: muted, grid: { show: false }, ticks: { show: false }, font, size: 18, gap: 2, space: 70, values: (_p, ticks) => ticks.map((time) => clock(time, this.span() < 300)) },
          { stroke: muted, grid: { stroke: colourOf("--grid"), width: 1 }, ticks: { show: false }, font, size: 58, gap: 4, space: 26, values: (_p, ticks) => ticks.map(format) },
        ],
        series: [
          {},
          ...lines.map((style): uPlot.Series => {
            const stroke = colourOf(style.colour);
            return {
              stroke, width: 1.6, points: { show: false }, spanGaps: false,
              ...(style.dash === undefined ? {} : { dash: style.dash }),
              ...(style.fill === true ? { fill: `${stroke}22` } : {}),
            };
          }),
          { stroke: colourOf("--limit-line"), width: 1.2, dash: [5, 4], points: { show: false } },
        ],
        hooks: {
          drawClear: [(plot) => this.shade(plot)],
          draw: [(plot) => this.overlay(plot)],
          setCursor: [(plot) => this.tell(plot)],
        },
      },
      [[], ...lines.map(() => []), []] as uPlot.AlignedData,
      host,
    );
    this.plot.over.addEventListener("click", (event) => {
      const time = this.plot.posToVal(event.offsetX, "x");
      if (Number.isFinite(time)) options.onPick(Math.round(time));
    });
  }

  private span(): number {
    return (this.data.times.at(-1) ?? 0) - (this.data.times[0] ?? 0);
  }

  private range(): [number, number] {
    let top = 0;
    for (const line of this.data.values) for (const value of line) top = Math.max(top, value ?? 0);
    const { limit } = this.data;
    if (limit !== null && limit > 0 && top > limit * 0.25) top = Math.max(top, limit * 1.1);
    return [0, top > 0 ? top * 1.12 : 1];
  }

  private shade(plot: uPlot): void {
    const { left, width, top, height } = plot.bbox;
    const clampX = (time: number) => Math.min(left + width, Math.max(left, plot.valToPos(time, "x", true)));
    plot.ctx.save();
    this.data.bands.forEach((band, i) => {
      if (!band.picked && i % 2 === 0) return;
      plot.ctx.fillStyle = colourOf(band.picked ? "--band" : "--grid");
      plot.ctx.globalAlpha = band.picked ? 1 : 0.5;
      const x = clampX(band.from);
      plot.ctx.fillRect(x, top, clampX(band.to) - x, height);
    });
    plot.ctx.restore();
  }

  private stroke(plot: uPlot, time: number, colour: string, dash: number[]): void {
    const x = Math.round(plot.valToPos(time, "x", true));
    if (x < plot.bbox.left || x > plot.bbox.left + plot.bbox.width) return;
    const { ctx } = plot;
    ctx.save();
    ctx.strokeStyle = colour;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash(dash);
    ctx.beginPath();
    ctx.moveTo(x, plot.bbox.top);
    ctx.lineTo(x, plot.bbox.top + plot.bbox.height);
    ctx.stroke();
    ctx.restore();
  }

  private overlay(plot: uPlot): void {
    for (const time of this.data.marks) this.stroke(plot, time, colourOf("--mark"), [2, 3]);
    if (this.data.at !== null) this.stroke(plot, this.data.at, colourOf("--select"), []);
  }

  private tell(plot: uPlot): void {
    const { idx } = plot.cursor;
    if (idx === null || idx === undefined) this.options.onCursor(null, null);
    else this.options.onCursor(this.data.values.map((line) => line[idx] ?? null), this.data.times[idx] ?? null);
  }

  show(data: LinesData): void {
    this.data = data;
    const flat = data.times.map(() => data.limit);
    const columns: uPlot.AlignedData = [data.times, ...data.values.map((line) => [...line]), flat];
    this.plot.setData(columns);
  }

  resize(): void {
    const width = Math.max(120, this.host.clientWidth);
    if (width !== this.plot.width) this.plot.setSize({ width, height: this.options.height });
  }

  destroy(): void {
    this.plot.destroy();
  }
}
