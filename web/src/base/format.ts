// SPDX-License-Identifier: Apache-2.0
// Numbers as people read them. null is "–": not known is never 0.
export const NONE = "–";

// At most three significant digits, never an exponent.
function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return String(Math.round(value));
  return size >= 10 ? trim(value.toFixed(1)) : trim(value.toFixed(size >= 0.095 ? 1 : 2));
}

function trim(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

export function count(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  const size = Math.abs(value);
  if (size > 0 && size < 0.005) return "<0.01";
  if (size < 999.5) return short(value);
  if (size < 999_500) return `${trim((value / 1e3).toFixed(size < 99_500 ? 1 : 0))}k`;
  if (size < 999_500_000) return `${trim((value / 1e6).toFixed(1))}M`;
  return `${trim((value / 1e9).toFixed(1))}G`;
}

export function rate(value: number | null | undefined): string {
  const text = count(value);
  return text === NONE ? NONE : `${text}/s`;
}

const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB"];

export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  let rest = value;
  let unit = 0;
  while (Math.abs(rest) >= 999.5 && unit < BYTE_UNITS.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  return `${short(rest)} ${BYTE_UNITS[unit]}`;
}

export function byteRate(value: number | null | undefined): string {
  const text = bytes(value);
  return text === NONE ? NONE : `${text}/s`;
}

// Microseconds in, the unit that keeps one to three digits out.
export function duration(us: number | null | undefined): string {
  if (us === null || us === undefined || !Number.isFinite(us)) return NONE;
  if (us === 0) return "0 ms";
  const size = Math.abs(us);
  if (size < 999.5) return `${short(us)} µs`;
  if (size < 999_500) return `${short(us / 1e3)} ms`;
  if (size < 120e6) {
    const seconds = us / 1e6;
    return `${size < 99.95e6 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  }
  return `${Math.round(us / 60e6)} min`;
}

export function percent(ratio: number | null | undefined): string {
  if (ratio === null || ratio === undefined || !Number.isFinite(ratio)) return NONE;
  const value = ratio * 100;
  return `${value >= 9.95 || value === 0 ? Math.round(value) : trim(value.toFixed(1))} %`;
}

function two(n: number): string {
  return String(n).padStart(2, "0");
}

// 42 -> "00:42", 3725 -> "1:02:05"
export function elapsed(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

export function clock(time: number, seconds = true): string {
  const date = new Date(time * 1000);
  const minutes = `${two(date.getHours())}:${two(date.getMinutes())}`;
  return seconds ? `${minutes}:${two(date.getSeconds())}` : minutes;
}

// "1500", "1.5 s", "250ms", "3k", "off" as typed into a limit; undefined when it is none of these.
export function parseQuantity(text: string, kind: "duration" | "rate" | "bytes"):
  | number
  | null
  | undefined {
  const clean = text.trim().toLowerCase();
  if (clean === "" || clean === "off" || clean === NONE || clean === "-") return null;
  const match = /^(\d+(?:[.,]\d+)?)\s*([a-zµ/]*)$/.exec(clean);
  if (match === null) return undefined;
  const value = Number((match[1] ?? "").replace(",", "."));
  const unit = (match[2] ?? "").replace(/\/s$/, "");
  const scale = UNITS[kind][unit];
  return scale === undefined ? undefined : value * scale;
}

const UNITS: Record<"duration" | "rate" | "bytes", Record<string, number>> = {
  duration: { "": 1000, ms: 1000, s: 1e6, us: 1, µs: 1, min: 60e6, m: 60e6 },
  rate: { "": 1, k: 1e3, m: 1e6 },
  bytes: { "": 1, b: 1, k: 1e3, kb: 1e3, m: 1e6, mb: 1e6, g: 1e9, gb: 1e9 },
};
