// SPDX-License-Identifier: Apache-2.0
// How the run went: its steps, its worst state, what happened; a handle to go to any moment of it.
import type { RunDetail, RunStep } from "../../api/run_types";
import type { MapNode, Timeline } from "../../api/types";
import { clock, count } from "../../base/format";
import { t } from "../../base/locale";
import { runsOf } from "../map/timeline_runs";
import { Rate, Scale, useWidth } from "../map/timeline_parts";
import { w } from "../runs/words";
import { boundsOf, type RunView } from "./view";

const NAME_LEAST_PX = 90;
const STEP_LEAST_PX = 58;
const FLICKER_S = 4;

export interface RunTimelineProps {
  run: RunDetail;
  line: Timeline | null;
  nodes: readonly MapNode[];
  view: RunView;
  onStep: (step: number | null) => void;
  onAt: (time: number | null) => void;
}

function stepText(step: RunStep): string {
  const rate = `${count(step.offered_rate)}/s`;
  const replicas = Object.entries(step.replicas).filter(([, n]) => n > 1).map(([name, n]) => `${name} ×${n}`);
  const label = step.reason === "load" || step.reason === "begin" ? "" : step.label;
  return [rate, label || replicas.join(", ")].filter((text) => text !== "").join(" · ");
}

function Steps({ run, width, from, span, picked, onStep }: { run: RunDetail; width: number; from: number; span: number; picked: number | null; onStep: (step: number) => void }) {
  return (
    <div class="step-bands">
      {run.steps.map((step) => {
        const left = ((step.from - from) / span) * width;
        const room = ((step.to - step.from) / span) * width;
        const name = `${w("step", { n: step.index + 1 })}: ${stepText(step)}, ${clock(step.from)}–${clock(step.to)}`;
        return (
          <button
            type="button"
            key={step.index}
            class={`step-band ${step.shape}`}
            style={{ left: `${left}px`, width: `${Math.max(4, room - 2)}px` }}
            aria-pressed={picked === step.index}
            aria-label={name}
            title={name}
            onClick={() => onStep(step.index)}
          >
            {room > STEP_LEAST_PX && (
              <span>
                <b>{step.index + 1}</b> {stepText(step)}
              </span>
            )}
          </button>
        );
      })}
    </div>
  );
}

export function RunTimeline({ run, line, nodes, view, onStep, onAt }: RunTimelineProps) {
  const [ref, width] = useWidth();
  const { from, to } = boundsOf(run);
  const span = Math.max(1, to - from);
  const step = run.steps.find((s) => s.index === view.step) ?? null;
  const at = view.at ?? step?.settled_from ?? to;
  const names = new Map(nodes.map((node) => [node.id, node.name]));
  const share = (time: number) => `${(Math.min(1, Math.max(0, (time - from) / span)) * 100).toFixed(3)}%`;
  const happened = [
    ...run.events.map((e) => ({ time: e.time, text: e.text || e.kind, kind: e.kind })),
    ...run.marks.map((m) => ({ time: m.time, text: m.text, kind: "mark" })),
  ].filter((e) => e.time >= from && e.time <= to);
  const index = line === null ? 0 : Math.min(line.state.length - 1, Math.max(0, Math.floor((at - line.from) / line.step)));
  const state = line?.state[index] ?? "nodata";
  const timeAt = (event: PointerEvent): number => {
    const box = ref.current?.getBoundingClientRect();
    if (box === undefined || box.width === 0) return at;
    return Math.round(from + Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * span);
  };
  const move = (by: number) => onAt(Math.min(to, Math.max(from + 1, at + by)));
  const onKeyDown = (event: KeyboardEvent) => {
    const unit = run.bucket_seconds;
    const moves: Record<string, number> = {
      ArrowLeft: -unit, ArrowDown: -unit, ArrowRight: unit, ArrowUp: unit, PageDown: -10 * unit, PageUp: 10 * unit,
      Home: -span, End: span,
    };
    const by = moves[event.key];
    if (by === undefined) return;
    event.preventDefault();
    move(by);
  };
  const text = view.at !== null ? clock(view.at) : step !== null ? w("step", { n: step.index + 1 }) : w("whole_run");
  return (
    <footer class="timeline run-timeline" aria-label={w("timeline")}>
      <div class="timeline-side">
        <button type="button" class="button" aria-pressed={view.at === null && step === null} onClick={() => onStep(null)}>
          {w("whole_run")}
        </button>
        <span class="tabular muted">{text}</span>
      </div>
      <div class="track-area">
        <Steps run={run} width={width} from={from} span={span} picked={view.at === null ? view.step : null} onStep={onStep} />
        <div
          ref={ref}
          class="track"
          role="slider"
          tabindex={0}
          aria-label={w("timeline")}
          aria-valuemin={from}
          aria-valuemax={to}
          aria-valuenow={at}
          aria-valuetext={t("timeline_value", { time: clock(at), state: t(`state_${state}`) })}
          onKeyDown={onKeyDown}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            onAt(timeAt(event));
          }}
          onPointerMove={(event) => {
            if (event.buttons === 1) onAt(timeAt(event));
          }}
        >
          {line !== null &&
            runsOf(line, FLICKER_S).map((stretch) => {
              const name = stretch.bottleneck === null ? undefined : names.get(stretch.bottleneck);
              const wide = ((stretch.to - stretch.from) / span) * width;
              return (
                <div key={stretch.from} class={`run s-${stretch.state}`} style={{ left: share(stretch.from), width: `${((stretch.to - stretch.from) / span) * 100}%` }}>
                  {name !== undefined && wide > NAME_LEAST_PX && <span>{name}</span>}
                </div>
              );
            })}
          {line !== null && <Rate line={line} />}
          {happened.map((e) => (
            <i key={`${e.time} ${e.text}`} class="tick" title={`${clock(e.time)} ${e.text}`} style={{ left: share(e.time) }} />
          ))}
          {step !== null && view.at === null && <i class="picked-step" style={{ left: share(step.from), width: `${((step.to - step.from) / span) * 100}%` }} />}
          {view.at !== null && <i class="cursor" style={{ left: share(view.at) }} />}
        </div>
        <Scale line={{ from, to }} width={width} />
      </div>
      <div class="timeline-side end">
        <span class="tabular muted">{`${clock(from)}–${clock(to)}`}</span>
      </div>
    </footer>
  );
}
