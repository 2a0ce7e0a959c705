// SPDX-License-Identifier: Apache-2.0
// Values of a comparison as people read them.
import type { Value } from "../../api/types";
import { count, NONE, percent } from "../../base/format";
import { formatMetric } from "../../base/metric";

const SHARES = new Set(["error_share", "connect_failure_share", "cpu_throttled"]);

export function isShare(metric: string): boolean {
  return SHARES.has(metric);
}

export function formatChangeValue(metric: string, value: Value): string {
  if (isShare(metric)) return percent(value);
  if (metric === "cpu_usage") return count(value);
  return formatMetric(metric, value);
}

function sign(value: number): string {
  return value > 0 ? "+" : value < 0 ? "−" : "";
}

// How far it moved: relative, for shares (which may come from 0) the difference itself.
export function movedBy(metric: string, a: Value, b: Value, change: Value): Value {
  if (!isShare(metric)) return change;
  return a === null || b === null ? null : b - a;
}

function points(value: number): string {
  const size = Math.abs(value) * 100;
  return `${sign(value)}${size >= 9.95 ? Math.round(size) : Number(size.toFixed(2))} pt`;
}

// Almost all of it is not all of it: "99.7 %", and 100 % only where nothing is left.
export function shareOf(change: number): string {
  const size = Math.abs(change);
  if (change < 0 && size > 0.95 && size < 1) return `${Math.min(99.9, Math.floor(size * 1000) / 10)} %`;
  return percent(size);
}

// A change or a bound of one: relative, for shares in percentage points.
export function bound(value: Value, metric = ""): string {
  if (value === null) return NONE;
  if (isShare(metric)) return points(value);
  if (value >= 9) return `×${count(1 + value)}`;
  return `${sign(value)}${shareOf(value)}`;
}

// Where a relative change stands on a bar from -100 % to beyond +100 %: -1 to 1, never off the bar.
export function barPlace(change: number): number {
  if (change <= 0) return Math.max(-1, change);
  return change / (1 + change);
}
