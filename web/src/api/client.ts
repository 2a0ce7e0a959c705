// SPDX-License-Identifier: Apache-2.0
// in: HTTP answers of /api/v1  out: the bodies of types.ts, or ApiError
import type { Limits, MapEvent, Schema, Series, Snapshot, Timeline } from "./types";

export class ApiError extends Error {
  readonly code: string;
  readonly hint: string;
  constructor(code: string, message: string, hint = "") {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.hint = hint;
  }
}

const ROOT = "/api/v1";

export async function call<T>(path: string, init: RequestInit = {}): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(ROOT + path, { cache: "no-store", ...init });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ApiError("unreachable", String(cause));
  }
  let body: unknown = null;
  try {
    body = await answer.json();
  } catch {
    // The status decides below; a body that is not JSON is only fatal when it was asked for.
    if (answer.ok) throw new ApiError("invalid", `${path}: the answer is not JSON`);
  }
  if (!answer.ok) {
    const error = (body as { error?: { code?: string; message?: string; hint?: string } } | null)
      ?.error;
    throw new ApiError(
      error?.code ?? String(answer.status),
      error?.message ?? `${path}: ${answer.status}`,
      error?.hint ?? "",
    );
  }
  return body as T;
}

export function query(values: Record<string, string | number | undefined>): string {
  const out = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) {
    if (value !== undefined) out.set(key, String(value));
  }
  const text = out.toString();
  return text === "" ? "" : `?${text}`;
}

export function signalled(signal?: AbortSignal): RequestInit {
  return signal === undefined ? {} : { signal };
}

export function getMap(
  range: { at?: number; from?: number; to?: number } = {},
  signal?: AbortSignal,
): Promise<Snapshot> {
  return call(`/map${query(range)}`, signalled(signal));
}

export interface SeriesRequest {
  edge?: number;
  node?: number;
  metrics: readonly string[];
  from: number;
  to: number;
  step?: number;
}

export function getSeries(request: SeriesRequest, signal?: AbortSignal): Promise<Series> {
  const { metrics, ...rest } = request;
  return call(`/series${query({ ...rest, metrics: metrics.join(",") })}`, signalled(signal));
}

export function getTimeline(from: number, to: number, step: number): Promise<Timeline> {
  return call(`/timeline${query({ from, to, step })}`);
}

export function getEvents(from: number, to: number): Promise<{ events: MapEvent[] }> {
  return call(`/events${query({ from, to })}`);
}

export function json(method: string, body: unknown): RequestInit {
  return { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

export function postMark(text: string): Promise<unknown> {
  return call("/events", json("POST", { kind: "mark", text }));
}

export function getLimits(): Promise<Limits> {
  return call("/limits");
}

export function putLimits(limits: Limits): Promise<Limits> {
  return call("/limits", json("PUT", limits));
}

export function getSchema(): Promise<Schema> {
  return call("/schema");
}
