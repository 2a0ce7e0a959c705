// SPDX-License-Identifier: Apache-2.0
// Dates beside times of day; the day is left out where it is today's.
import { clock } from "./format";

function two(n: number): string {
  return String(n).padStart(2, "0");
}

export function day(time: number): string {
  const date = new Date(time * 1000);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export function when(time: number, now = Date.now() / 1000): string {
  return day(time) === day(now) ? clock(time) : `${day(time)} ${clock(time, false)}`;
}

// "1:02:05" reads as a clock; a length says its units: "2 min 34 s".
export function span(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  if (hours > 0) return minutes === 0 ? `${hours} h` : `${hours} h ${two(minutes)} min`;
  if (minutes > 0) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${two(whole % 60)} s`;
  return `${whole} s`;
}
