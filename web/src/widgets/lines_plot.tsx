// SPDX-License-Identifier: Apache-2.0
// One figure of several curves: its key says the values under the cursor, else the last ones.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Value } from "../api/types";
import { theme } from "../base/locale";
import { Lines, type LinesData, type LineStyle } from "./lines";

export interface LinesPlotProps extends LinesData {
  title: string;
  lines: readonly LineStyle[];
  format: (value: Value) => string;
  height?: number;
  group: string;
  onPick: (time: number) => void;
}

const HEIGHT = 128;

export function LinesPlot(props: LinesPlotProps) {
  const { title, lines, format, height = HEIGHT, group } = props;
  const host = useRef<HTMLDivElement>(null);
  const made = useRef<Lines | null>(null);
  const pick = useRef(props.onPick);
  pick.current = props.onPick;
  const [hover, setHover] = useState<readonly Value[] | null>(null);
  const shade = theme.value;
  const key = lines.map((line) => line.name).join(" ");
  useEffect(() => {
    if (host.current === null) return undefined;
    const chart = new Lines(host.current, {
      lines, height, group,
      format: (value) => format(value),
      onCursor: setHover,
      onPick: (time) => pick.current(time),
    });
    made.current = chart;
    const watcher = new ResizeObserver(() => chart.resize());
    watcher.observe(host.current);
    return () => {
      watcher.disconnect();
      chart.destroy();
      made.current = null;
    };
  }, [key, shade, group, height]);
  useEffect(() => {
    const { times, values, limit, bands, marks, at } = props;
    made.current?.show({ times, values, limit, bands, marks, at });
  }, [props.times, props.values, props.limit, props.bands, props.marks, props.at, key, shade]);
  const last = props.values.map((line) => line.findLast((value) => value !== null) ?? null);
  const shown = hover ?? last;
  const said = lines.map((line, i) => `${line.name} ${format(last[i] ?? null)}`).join(", ");
  return (
    <figure class="curve">
      <figcaption>
        <span>{title}</span>
        <span class="lines-key">
          {lines.map((line, i) => (
            <span key={line.name}>
              <svg width="16" height="8" aria-hidden="true">
                <path d="M0 4H16" style={{ stroke: `var(${line.colour})` }} stroke-width="2" stroke-dasharray={line.dash?.join(" ")} />
              </svg>
              {line.name} <b class="tabular">{format(shown[i] ?? null)}</b>
            </span>
          ))}
        </span>
      </figcaption>
      <div ref={host} class="plot" style={{ height: `${height}px` }} role="img" aria-label={`${title}: ${said}`} />
    </figure>
  );
}
