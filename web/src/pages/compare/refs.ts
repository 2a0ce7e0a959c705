// SPDX-License-Identifier: Apache-2.0
// What is compared, as one word: ID, ID@2, ID@T..T, or T..T of what is stored. Pure.
export interface Ref {
  run: string; // "": of what is stored
  step: number | null;
  window: { from: number; to: number } | null;
}

const WINDOW = /^(\d{1,12})\.\.(\d{1,12})$/;

function windowOf(text: string): Ref["window"] {
  const match = WINDOW.exec(text);
  return match === null ? null : { from: Number(match[1]), to: Number(match[2]) };
}

export function parseRef(text: string | undefined): Ref | null {
  if (text === undefined || text === "") return null;
  const stored = windowOf(text);
  if (stored !== null) return { run: "", step: null, window: stored };
  const match = /^([0-9a-z-]{1,40})(?:@(.+))?$/.exec(text);
  const run = match?.[1];
  if (run === undefined) return null;
  const part = match?.[2];
  if (part === undefined) return { run, step: null, window: null };
  if (/^\d{1,3}$/.test(part)) return { run, step: Number(part), window: null };
  const window = windowOf(part);
  return window === null ? null : { run, step: null, window };
}

export function refText(ref: Ref): string {
  const window = ref.window === null ? "" : `${ref.window.from}..${ref.window.to}`;
  if (ref.run === "") return window;
  if (ref.step !== null) return `${ref.run}@${ref.step}`;
  return window === "" ? ref.run : `${ref.run}@${window}`;
}
