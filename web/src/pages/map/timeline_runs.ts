// SPDX-License-Identifier: Apache-2.0
// Steps of equal state and bottleneck as runs, and labels that do not run into each other. Pure.
import type { State, Timeline } from "../../api/types";

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

export interface Labelled<T> {
  item: T;
  left: number; // where its tick is, in pixels
  room: number; // pixels until the next label or the edge; 0: no label
}

// Labels stand right of their tick; the later one wins when there is no room for both, because the
// latest change is what people look for.
export function labelRoom<T>(
  items: readonly { item: T; left: number }[],
  width: number,
  least: number,
): Labelled<T>[] {
  const sorted = [...items].sort((a, b) => a.left - b.left);
  return sorted.map(({ item, left }, i) => {
    const next = sorted[i + 1]?.left ?? width;
    const room = next - left;
    return { item, left, room: room >= least ? room : 0 };
  });
}
