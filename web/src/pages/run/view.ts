// SPDX-License-Identifier: Apache-2.0
// Which part of a run is looked at, as the address says it. Pure.
import type { Stretch } from "../../api/runs";
import type { RunDetail, RunStep } from "../../api/run_types";
import { packSelection, type Selection, unpackSelection } from "../../base/url_state";

export const RUN_TABS = ["overview", "curves", "walk", "load", "notes"] as const;
export type RunTab = (typeof RUN_TABS)[number];

export interface RunView {
  tab: RunTab;
  step: number | null;
  at: number | null;
  selection: Selection | null;
  hop: number;
}

function whole(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : null;
}

export function readRunView(query: Readonly<Record<string, string>>): RunView {
  const tab = RUN_TABS.find((name) => name === query["tab"]) ?? "overview";
  const selection = query["sel"];
  return {
    tab,
    step: whole(query["step"]),
    at: whole(query["at"]),
    selection: selection === undefined ? null : unpackSelection(selection),
    hop: whole(query["hop"]) ?? 0,
  };
}

export function selectionText(selection: Selection | null): string | null {
  return selection === null ? null : packSelection(selection);
}

// A moment wins over a step; neither is the whole run.
export function stretchOf(view: RunView): Stretch {
  if (view.at !== null) return { at: view.at };
  if (view.step !== null) return { step: view.step };
  return {};
}

export function stepAt(steps: readonly RunStep[], time: number): RunStep | null {
  return steps.find((step) => time >= step.from && time < step.to) ?? null;
}

export function boundsOf(run: RunDetail): { from: number; to: number } {
  const { from, to } = run.data;
  if (to > from) return { from, to };
  return { from: run.begin, to: Math.max(run.begin + 1, run.end ?? run.begin + (run.duration_s ?? 1)) };
}
