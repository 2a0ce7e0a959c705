// SPDX-License-Identifier: Apache-2.0
// Steps of equal state and bottleneck as runs, and labels that do not run into each other. Pure.
import type { MapEvent, State, Timeline } from "../../api/types";

export interface Run {
  from: number;
  to: number;
  state: State;
  bottleneck: number | null;
}

// A healthy or troubled stretch shorter than `least` seconds between two equal ones joins them: the
// strip tells the story, not every flicker.
export function runsOf(timeline: Timeline, least = 0): Run[] {
  const runs: Run[] = [];
  timeline.state.forEach((state, i) => {
    const from = timeline.from + i * timeline.step;
    const to = Math.min(from + timeline.step, timeline.to);
    const bottleneck = timeline.bottleneck[i] ?? null;
    const last = runs.at(-1);
    if (last !== undefined && last.state === state && last.bottleneck === bottleneck) last.to = to;
    else runs.push({ from, to, state, bottleneck });
  });
  if (least <= 0) return runs;
  const out: Run[] = [];
  for (const run of runs) {
    const last = out.at(-1);
    const before = out.at(-2);
    if (
      last !== undefined &&
      before !== undefined &&
      last.to - last.from < least &&
      before.state === run.state &&
      before.bottleneck === run.bottleneck
    ) {
      out.pop();
      before.to = run.to;
    } else out.push({ ...run });
  }
  return out;
}

const TURNED_PX = 130;

export interface Labelled<T> {
  item: T;
  left: number; // where its tick is, in pixels
  room: number; // pixels for its label; 0: no label
  before: boolean; // the label stands left of its tick, for want of room on the right
}

// Labels stand right of their tick; the last one turns left when the edge is too near. Where two do
// not fit, the later wins: the latest change is what people look for.
export function labelRoom<T>(
  items: readonly { item: T; left: number }[],
  width: number,
  least: number,
): Labelled<T>[] {
  const sorted = [...items].sort((a, b) => a.left - b.left);
  const last = sorted.at(-1);
  const turned = last !== undefined && width - last.left < least * 2;
  const limit = turned ? last.left - Math.min(TURNED_PX, last.left) : width;
  return sorted.map(({ item, left }, i) => {
    if (turned && i === sorted.length - 1) return { item, left, room: Math.min(TURNED_PX, left), before: true };
    const next = Math.min(sorted[i + 1]?.left ?? width, limit);
    const room = next - left;
    return { item, left, room: room >= least ? room : 0, before: false };
  });
}

// What a tick of the strip has room for: a scaling as "×2 cart" (the end may be cut), all else in the event's own words.
export function shortText(event: MapEvent): string {
  const count = event.kind === "scale" ? /\bto (\d+)$/.exec(event.text)?.[1] : undefined;
  if (count !== undefined && event.service) return `×${count} ${event.service}`;
  return event.text || event.service || event.kind;
}
