// SPDX-License-Identifier: Apache-2.0
// Which key means what; pure, so that it can be tested without a page.
export type Action =
  | "pause" | "problems" | "find" | "group" | "table" | "hop_next" | "hop_previous" | "close"
  | "diagnosis" | "fit" | "zoom_in" | "zoom_out" | "earlier" | "later" | "live" | "help";

export interface Press {
  key: string;
  ctrl: boolean; // Ctrl, Alt or Meta
  typing: boolean; // the focus is in a text field
  control: boolean; // the focus is on a button or another control that uses Space itself
}

const ACTIONS: Record<string, Action> = {
  " ": "pause",
  o: "problems",
  "/": "find",
  g: "group",
  t: "table",
  "]": "hop_next",
  "[": "hop_previous",
  d: "diagnosis",
  Escape: "close",
  "0": "fit",
  "+": "zoom_in",
  "=": "zoom_in",
  "-": "zoom_out",
  ",": "earlier",
  ".": "later",
  l: "live",
  "?": "help",
};

export function actionOf(press: Press): Action | null {
  if (press.ctrl) return null;
  const action = ACTIONS[press.key] ?? null;
  if (press.typing && action !== "close") return null;
  if (press.control && press.key === " ") return null;
  return action;
}

export function pressOf(event: KeyboardEvent): Press {
  const target = event.target instanceof Element ? event.target : null;
  return {
    key: event.key,
    ctrl: event.ctrlKey || event.metaKey || event.altKey,
    typing: target?.closest("input, textarea, select") !== null && target !== null,
    control: target?.closest("button, summary, [role=button], a") !== null && target !== null,
  };
}
