// SPDX-License-Identifier: Apache-2.0
// Small signs about a run: its state, where it came from, what it came to. Never by colour alone.
import type { Run, RunDetail } from "../../api/run_types";
import { Icon, StateIcon } from "../../widgets/icon";
import { verdictChain } from "./chain";
import { w } from "./words";

export function StateBadge({ run }: { run: Pick<Run, "state"> }) {
  return (
    <span class={`run-state ${run.state}`}>
      <i aria-hidden="true" />
      {w(`state_${run.state}`)}
    </span>
  );
}

export function OriginMark({ run }: { run: Pick<Run, "origin" | "generator"> }) {
  if (run.origin !== "recognised") return null;
  return (
    <span class="origin-mark" title={w("origin_recognised_why")}>
      <Icon name="auto" size={12} />
      {w("origin_recognised")}
    </span>
  );
}

export function Labels({ labels, onPick }: { labels: Record<string, string>; onPick?: (label: string) => void }) {
  const all = Object.entries(labels);
  if (all.length === 0) return null;
  return (
    <span class="labels">
      {all.map(([key, value]) => {
        const text = `${key}=${value}`;
        return onPick === undefined ? (
          <span class="label-tag" key={key}>
            {text}
          </span>
        ) : (
          <button
            type="button"
            class="label-tag"
            key={key}
            aria-label={w("label_filter", { name: text })}
            onClick={(event) => {
              event.stopPropagation();
              onPick(text);
            }}
          >
            {text}
          </button>
        );
      })}
    </span>
  );
}

export function Chain({ run, detail }: { run: Run; detail: RunDetail | null }) {
  const { status } = run.verdict;
  const chain = status === "none" ? [] : verdictChain(run, detail);
  if (chain.length === 0) {
    return (
      <span class="chain calm">
        <StateIcon state={status === "none" ? "ok" : "nodata"} size={12} />
        {w(status === "none" ? "no_bottleneck" : "unclear")}
      </span>
    );
  }
  return (
    <span class="chain">
      <StateIcon state="over" tone="origin" size={12} />
      {chain.map((name, i) => (
        <span key={`${i} ${name}`}>
          {i > 0 && <span class="muted" aria-label={w("and_then")}>{" → "}</span>}
          <b>{name}</b>
        </span>
      ))}
    </span>
  );
}

export function Met({ met }: { met: boolean | null }) {
  if (met === null) return <span class="muted">{w("not_judged")}</span>;
  return (
    <span class={met ? "met yes" : "met no"}>
      {met ? <Icon name="check" size={13} /> : <StateIcon state="over" size={12} />}
      {w(met ? "met" : "not_met")}
    </span>
  );
}
