// SPDX-License-Identifier: Apache-2.0
// What a run came to, in few words: the bottlenecks it went through and the loads it held. Pure.
import type { Run, RunDetail, RunStep, VerdictSpan } from "../../api/run_types";

const LEAST_SHARE = 0.04; // of the run; a shorter verdict is a flicker

// The bottlenecks in the order in which they were named, each once in a row.
export function chainOf(verdicts: readonly VerdictSpan[], seconds: number): string[] {
  const out: string[] = [];
  for (const span of verdicts) {
    if (span.status !== "bottleneck" || span.bottleneck === null) continue;
    if (span.to - span.from < seconds * LEAST_SHARE) continue;
    if (out.at(-1) !== span.bottleneck) out.push(span.bottleneck);
  }
  return out;
}

// Of a run that runs: until now.
export function lengthOf(run: Pick<Run, "begin" | "end" | "duration_s">, now = Date.now() / 1000): number {
  return Math.max(1, run.duration_s ?? (run.end ?? now) - run.begin);
}

export function verdictChain(run: Run, detail: RunDetail | null): string[] {
  const chain = detail === null ? [] : chainOf(detail.verdicts, lengthOf(run));
  if (chain.length > 0) return chain;
  return run.verdict.bottleneck === null ? [] : [run.verdict.bottleneck];
}

export interface Plateau {
  offered: number;
  seconds: number;
}

const SAME_LOAD = 0.1;

// Steps held at about the same load are one plateau, whatever was scaled meanwhile.
export function plateausOf(steps: readonly RunStep[]): Plateau[] {
  const out: Plateau[] = [];
  for (const step of steps) {
    const offered = step.offered_rate;
    if (step.shape === "ramp" || offered === null) continue;
    const seconds = step.to - step.from;
    const last = out.at(-1);
    const most = Math.max(offered, last?.offered ?? 0);
    if (last !== undefined && most > 0 && Math.abs(last.offered - offered) / most < SAME_LOAD) {
      last.offered = (last.offered * last.seconds + offered * seconds) / Math.max(1, last.seconds + seconds);
      last.seconds += seconds;
    } else out.push({ offered, seconds });
  }
  return out;
}

// "k=v" lines; the first that is none comes back as `bad`.
export function parseLabels(text: string): { labels: Record<string, string>; bad: string | null } {
  const labels: Record<string, string> = {};
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    if (line === "") continue;
    const at = line.indexOf("=");
    if (at <= 0) return { labels, bad: line };
    labels[line.slice(0, at).trim()] = line.slice(at + 1).trim();
  }
  return { labels, bad: null };
}

export function labelLines(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`).join("\n");
}

// PATCH wants null for a label that goes.
export function labelChanges(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): Record<string, string | null> {
  const out: Record<string, string | null> = { ...after };
  for (const key of Object.keys(before)) if (!(key in after)) out[key] = null;
  return out;
}

export function errorShare(requests: number | null, errors: number | null): number | null {
  if (requests === null || errors === null || requests <= 0) return null;
  return errors / requests;
}
