// SPDX-License-Identifier: Apache-2.0
// What every time axis has: its width, the request rate as a line, the times below.
import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Timeline } from "../../api/types";
import { clock } from "../../base/format";

export function useWidth(): [RefObject<HTMLDivElement | null>, number] {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (ref.current === null) return undefined;
    const element = ref.current;
    const watcher = new ResizeObserver(() => setWidth(element.clientWidth));
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);
  return [ref, width];
}

export function Rate({ line }: { line: Timeline }) {
  const most = line.request_rate.reduce<number>((a, b) => Math.max(a, b ?? 0), 0);
  if (most === 0) return null;
  let path = "";
  let pen = false;
  line.request_rate.forEach((value, i) => {
    if (value === null) {
      pen = false;
      return;
    }
    const x = (((i + 0.5) * line.step) / (line.to - line.from)) * 1000;
    path += `${pen ? "L" : "M"}${x.toFixed(1)} ${(40 - (value / most) * 36).toFixed(1)}`;
    pen = true;
  });
  return (
    <svg class="rate-line" viewBox="0 0 1000 42" preserveAspectRatio="none" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}

export function Scale({ line, width }: { line: { from: number; to: number }; width: number }) {
  const span = line.to - line.from;
  const steps = [30, 60, 120, 300, 600, 1800];
  const step = steps.find((s) => (s / span) * width >= 90) ?? 3600;
  const out = [];
  for (let time = Math.ceil(line.from / step) * step; time < line.to; time += step) {
    const left = ((time - line.from) / span) * width;
    if (left < 24 || left > width - 24) continue;
    out.push(
      <span key={time} style={{ left: `${left}px` }}>
        {clock(time, step < 60)}
      </span>,
    );
  }
  return (
    <div class="time-axis tabular" aria-hidden="true">
      {out}
    </div>
  );
}
