// SPDX-License-Identifier: Apache-2.0
// What "now" is compared with. Pinned by the person; else the stretch before the trouble began;
// else, when there is no trouble or it was there from the start, the time before the last change.
import type { MapEvent, State, Timeline } from "../../api/types";

export type Reason = "pinned" | "trouble" | "scale";

export interface Baseline {
  from: number;
  to: number;
  reason: Reason;
  text: string; // of the change, for "scale"
}

const WINDOW_S = 60;
const SCALE_WINDOW_S = 30;
const GUARD_S = 3; // the seconds right before a change already feel it
const HEALTHY_S = 15; // a shorter lull is part of the trouble

function isBad(state: State | undefined): boolean {
  return state === "over" || state === "near";
}

// End of the last healthy stretch before `at`, when `at` itself is in trouble.
function beforeTrouble(timeline: Timeline, at: number): { from: number; to: number } | null {
  const last = Math.min(timeline.state.length - 1, Math.floor((at - timeline.from) / timeline.step));
  if (!isBad(timeline.state[last]) && !isBad(timeline.state[last - 1])) return null;
  const need = Math.max(1, Math.ceil(HEALTHY_S / timeline.step));
  let run = 0;
  for (let i = last; i >= 0; i -= 1) {
    if (timeline.state[i] === "ok") run += 1;
    else run = 0;
    if (run < need) continue;
    const to = timeline.from + (i + need) * timeline.step;
    let first = i;
    while (first > 0 && timeline.state[first - 1] === "ok") first -= 1;
    return { from: timeline.from + first * timeline.step, to };
  }
  return null;
}

export function chooseBaseline(
  pinned: number | null,
  timeline: Timeline | null,
  events: readonly MapEvent[],
  at: number,
): Baseline | null {
  if (pinned !== null) {
    return { from: pinned - SCALE_WINDOW_S, to: pinned, reason: "pinned", text: "" };
  }
  const healthy = timeline === null ? null : beforeTrouble(timeline, at);
  if (healthy !== null) {
    const to = healthy.to - GUARD_S;
    return { from: Math.max(healthy.from, to - WINDOW_S), to, reason: "trouble", text: "" };
  }
  const change = events.findLast((e) => isChange(e) && e.time <= at - 5);
  if (change === undefined) return null;
  const to = change.time - GUARD_S;
  return { from: to - SCALE_WINDOW_S, to, reason: "scale", text: change.text || change.service || "" };
}

// What stands on the time axis: changes, and what happened to instances.
export function isShown(event: MapEvent): boolean {
  return isChange(event) || event.kind === "restart" || event.kind === "oom_kill";
}

export function isChange(event: MapEvent): boolean {
  return event.kind === "scale" || event.kind === "mark" || event.kind === "deploy";
}
