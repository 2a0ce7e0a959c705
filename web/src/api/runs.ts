// SPDX-License-Identifier: Apache-2.0
// in: HTTP answers about runs and comparisons  out: the bodies of run_types.ts, or ApiError
import { call, json, query, signalled } from "./client";
import type {
  Comparison, LoadgenReport, PatchRun, Run, RunDetail, RunList, RunMark, RunSnapshot, StartRun,
} from "./run_types";
import type { Series, Timeline } from "./types";

export interface RunFilter {
  state?: string;
  origin?: string;
  label?: string;
  q?: string;
  limit?: number;
  before?: number;
}

export function getRuns(filter: RunFilter = {}, signal?: AbortSignal): Promise<RunList> {
  return call(`/runs${query({ ...filter })}`, signalled(signal));
}

export function getRun(id: string, signal?: AbortSignal): Promise<RunDetail> {
  return call(`/runs/${id}`, signalled(signal));
}

export function startRun(wish: StartRun): Promise<Run> {
  return call("/runs", json("POST", wish));
}

export function stopRun(id: string): Promise<Run> {
  return call(`/runs/${id}/stop`, json("POST", {}));
}

export function patchRun(id: string, changes: PatchRun): Promise<Run> {
  return call(`/runs/${id}`, json("PATCH", changes));
}

export function deleteRun(id: string): Promise<unknown> {
  return call(`/runs/${id}`, { method: "DELETE" });
}

export function markRun(id: string, text: string, step: boolean): Promise<RunMark> {
  return call(`/runs/${id}/marks`, json("POST", { text, step }));
}

export function attachLoad(id: string, file: File, begin?: number): Promise<LoadgenReport> {
  const values = { tool: "auto", file: file.name.slice(0, 200), begin };
  return call(`/runs/${id}/loadgen${query(values)}`, {
    method: "POST",
    headers: { "Content-Type": "application/octet-stream" },
    body: file,
  });
}

// Which stretch of a run: all of it, one step, one moment, or from a time to another.
export interface Stretch {
  step?: number;
  at?: number;
  from?: number;
  to?: number;
}

export function getRunMap(id: string, stretch: Stretch, signal?: AbortSignal): Promise<RunSnapshot> {
  return call(`/runs/${id}/map${query({ ...stretch })}`, signalled(signal));
}

export interface RunSeriesRequest {
  edge?: number;
  node?: number;
  metrics: readonly string[];
  from: number;
  to: number;
  step?: number;
}

export function getRunSeries(id: string, request: RunSeriesRequest, signal?: AbortSignal): Promise<Series> {
  const { metrics, ...rest } = request;
  return call(`/runs/${id}/series${query({ ...rest, metrics: metrics.join(",") })}`, signalled(signal));
}

export function getRunTimeline(id: string, signal?: AbortSignal): Promise<Timeline> {
  return call(`/runs/${id}/timeline`, signalled(signal));
}

export function getComparison(a: string, b: string, minChange?: number, signal?: AbortSignal): Promise<Comparison> {
  return call(`/compare${query({ a, b, min_change: minChange })}`, signalled(signal));
}

export function reportUrl(id: string, kind: "html" | "md" | "json"): string {
  return `/api/v1/runs/${id}/report.${kind}`;
}
