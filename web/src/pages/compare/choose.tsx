// SPDX-License-Identifier: Apache-2.0
// What stands on each side: a run, a step of it, a window of it or of what is stored.
import { getRun } from "../../api/runs";
import type { Run, RunDetail } from "../../api/run_types";
import { when } from "../../base/day";
import { clock, count } from "../../base/format";
import { useLoaded } from "../../widgets/loaded";
import { parseRef, type Ref, refText } from "./refs";
import { c } from "./words";

const STORED = ":stored";
const DEFAULT_WINDOW_S = 60;

function two(n: number): string {
  return String(n).padStart(2, "0");
}

function localText(time: number): string {
  const d = new Date(time * 1000);
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}T${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

function Moment({ name, value, onChange }: { name: string; value: number; onChange: (time: number) => void }) {
  return (
    <label class="moment">
      <span>{name}</span>
      <input
        type="datetime-local"
        step={1}
        value={localText(value)}
        onChange={(event) => {
          const time = Math.round(new Date(event.currentTarget.value).getTime() / 1000);
          if (Number.isFinite(time)) onChange(time);
        }}
      />
    </label>
  );
}

interface ChooseProps {
  side: string;
  letter: "A" | "B";
  value: string | undefined;
  runs: readonly Run[];
  onChange: (ref: string) => void;
}

function partOf(ref: Ref | null): string {
  if (ref === null) return "whole";
  if (ref.step !== null) return `step ${ref.step}`;
  return ref.window === null ? "whole" : "window";
}

export function Choose({ side, letter, value, runs, onChange }: ChooseProps) {
  const ref = parseRef(value);
  const run = ref === null || ref.run === "" ? null : ref.run;
  const { value: detail } = useLoaded<RunDetail>(run === null ? null : (signal) => getRun(run, signal), run ?? "");
  const stored = ref !== null && ref.run === "";
  const now = Math.floor(Date.now() / 1000);
  const window = ref?.window ?? null;
  const setWindow = (from: number, to: number) =>
    onChange(refText({ run: run ?? "", step: null, window: { from: Math.min(from, to - 1), to: Math.max(to, from + 1) } }));
  const chooseRun = (id: string) => {
    if (id === STORED) setWindow(now - DEFAULT_WINDOW_S, now);
    else onChange(id);
  };
  const choosePart = (part: string) => {
    if (run === null) return;
    if (part === "whole") onChange(run);
    else if (part === "window") setWindow(detail?.data.from ?? now - DEFAULT_WINDOW_S, detail?.data.to ?? now);
    else onChange(refText({ run, step: Number(part.slice(5)), window: null }));
  };
  return (
    <div class={`choose side-${letter.toLowerCase()}`}>
      <b class="letter" aria-hidden="true">
        {letter}
      </b>
      <label class="select">
        <span class="hidden">{c("choose_run", { side })}</span>
        <select value={stored ? STORED : (run ?? "")} onChange={(event) => chooseRun(event.currentTarget.value)}>
          <option value="" disabled>
            {c("choose")}
          </option>
          {run !== null && !runs.some((r) => r.id === run) && <option value={run}>{detail?.name ?? run}</option>}
          {runs.map((r) => (
            <option key={r.id} value={r.id}>
              {`${r.name}, ${when(r.begin)}`}
            </option>
          ))}
          <option value={STORED}>{c("stored")}</option>
        </select>
      </label>
      {run !== null && (
        <label class="select">
          <span class="hidden">{c("choose_part", { side })}</span>
          <select value={partOf(ref)} onChange={(event) => choosePart(event.currentTarget.value)}>
            <option value="whole">{c("whole")}</option>
            {(detail?.steps ?? []).map((step) => (
              <option key={step.index} value={`step ${step.index}`}>
                {`${c("step", { n: step.index + 1, rate: `${count(step.offered_rate)}/s` })} ${clock(step.from, false)}`}
              </option>
            ))}
            <option value="window">{c("window")}</option>
          </select>
        </label>
      )}
      {window !== null && (
        <>
          <Moment name={c("from")} value={window.from} onChange={(from) => setWindow(from, window.to)} />
          <Moment name={c("to")} value={window.to} onChange={(to) => setWindow(window.from, to)} />
        </>
      )}
    </div>
  );
}
