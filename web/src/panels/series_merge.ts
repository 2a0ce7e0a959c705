// SPDX-License-Identifier: Apache-2.0
// A series and its newer part as one: the newer wins where both know a second.
import type { Series, Value } from "../api/types";

export function mergeSeries(old: Series | null, more: Series, from: number): Series {
  if (old === null || old.step !== more.step) return more;
  const start = more.times[0] ?? Infinity;
  const keep = old.times.filter((time) => time >= from && time < start).length;
  const skip = old.times.findIndex((time) => time >= from);
  const first = skip < 0 ? old.times.length : skip;
  const join = <T>(a: readonly T[] | undefined, b: readonly T[] | undefined): T[] => [
    ...(a?.slice(first, first + keep) ?? []),
    ...(b ?? []),
  ];
  const series: Record<string, Value[]> = {};
  for (const name of Object.keys(more.series)) {
    series[name] = join(old.series[name] ?? old.times.map(() => null), more.series[name]);
  }
  return {
    from: Math.max(old.from, from),
    to: more.to,
    step: more.step,
    times: join(old.times, more.times),
    series,
    limits: more.limits,
  };
}
