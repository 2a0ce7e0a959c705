// SPDX-License-Identifier: Apache-2.0
// One small curve: uPlot with a limit line, change marks, the time looked at, a shared cursor.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { MapEvent, Value } from "../api/types";
import { clock } from "../base/format";

export interface CurveData {
  times: number[];
  values: Value[];
  limit: number | null;
  marks: readonly MapEvent[];
  at: number | null;
  band: { from: number; to: number } | null; // the baseline's window
}

export interface CurveStyle {
  colour: string; // name of a CSS variable
  format: (value: number) => string;
  height: number;
}

function colourOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function line(plot: uPlot, time: number, colour: string, dash: number[]): void {
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

export class Curve {
  private readonly plot: uPlot;
  private data: CurveData = { times: [], values: [], limit: null, marks: [], at: null, band: null };

  constructor(
    private readonly host: HTMLElement,
    private readonly style: CurveStyle,
    private readonly onCursor: (value: string | null) => void,
  ) {
    const muted = colourOf("--muted");
    const grid = { stroke: colourOf("--grid"), width: 1 };
    const font = `11px ${colourOf("--font")}`;
    const stroke = colourOf(style.colour);
    const options: uPlot.Options = {
      width: Math.max(120, host.clientWidth),
      height: style.height,
      padding: [6, 6, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: "panel" }, points: { size: 6 }, y: false, drag: { x: false, y: false } },
      scales: { x: { time: true }, y: { range: (_plot, _low, high) => this.range(high) } },
      axes: [
        { stroke: muted, grid: { show: false }, ticks: { show: false }, font, size: 18, gap: 2, space: 70, values: (_p, ticks) => ticks.map((time) => clock(time, false)) },
        { stroke: muted, grid, ticks: { show: false }, font, size: 58, gap: 4, space: 26, values: (_p, ticks) => ticks.map((v) => style.format(v)) },
      ],
      series: [
        {},
        { stroke, width: 1.6, fill: `${stroke}22`, points: { show: false }, spanGaps: false },
        { stroke: colourOf("--limit-line"), width: 1.2, dash: [5, 4], points: { show: false } },
      ],
      hooks: {
        drawClear: [(plot) => this.shade(plot)],
        draw: [(plot) => this.overlay(plot)],
        setCursor: [(plot) => this.tell(plot)],
      },
    };
    this.plot = new uPlot(options, [[], [], []], host);
  }

  // From zero, with the limit in sight once the values come near it.
  private range(high: number): [number, number] {
    const limit = this.data.limit;
    let top = Number.isFinite(high) ? high : 1;
    const values = this.data.values.reduce<number>((most, v) => Math.max(most, v ?? 0), 0);
    top = values;
    if (limit !== null && limit > 0 && values > limit * 0.25) top = Math.max(top, limit * 1.1);
    return [0, top > 0 ? top * 1.12 : 1];
  }

  private shade(plot: uPlot): void {
    const { band } = this.data;
    if (band === null) return;
    const clampX = (time: number) => {
      const x = plot.valToPos(time, "x", true);
      return Math.min(plot.bbox.left + plot.bbox.width, Math.max(plot.bbox.left, x));
    };
    const left = clampX(band.from);
    const right = clampX(band.to);
    if (right <= left) return;
    plot.ctx.save();
    plot.ctx.fillStyle = colourOf("--band");
    plot.ctx.fillRect(left, plot.bbox.top, right - left, plot.bbox.height);
    plot.ctx.restore();
  }

  private overlay(plot: uPlot): void {
    for (const mark of this.data.marks) line(plot, mark.time, colourOf("--mark"), [2, 3]);
    if (this.data.at !== null) line(plot, this.data.at, colourOf("--accent"), []);
  }

  private tell(plot: uPlot): void {
    const index = plot.cursor.idx;
    const value = index === null || index === undefined ? null : plot.data[1]?.[index];
    this.onCursor(value === null || value === undefined ? null : this.style.format(value));
  }

  show(data: CurveData): void {
    this.data = data;
    const flat = data.limit === null ? data.times.map(() => null) : data.times.map(() => data.limit);
    this.plot.setData([data.times, data.values, flat] as uPlot.AlignedData);
  }

  resize(): void {
    const width = Math.max(120, this.host.clientWidth);
    if (width !== this.plot.width) this.plot.setSize({ width, height: this.style.height });
  }

  destroy(): void {
    this.plot.destroy();
  }
}
