// SPDX-License-Identifier: Apache-2.0
// The head of a run: what it was called, when, what may be done with it, and what it came to.
import { useState } from "preact/hooks";
import { deleteRun, stopRun } from "../../api/runs";
import type { RunDetail, RunStep } from "../../api/run_types";
import type { Verdict } from "../../api/types";
import { span, when } from "../../base/day";
import { clock, percent } from "../../base/format";
import { t } from "../../base/locale";
import { goTo, href } from "../../base/route";
import { Icon, StateIcon } from "../../widgets/icon";
import { errorText } from "../../widgets/loaded";
import { toast } from "../../widgets/toast";
import { Labels, Met, OriginMark, StateBadge } from "../runs/badges";
import { chainOf, lengthOf } from "../runs/chain";
import { w } from "../runs/words";

function Remove({ run }: { run: RunDetail }) {
  const [asked, setAsked] = useState(false);
  const remove = () => {
    deleteRun(run.id).then(
      () => {
        toast(w("removed", { name: run.name }));
        goTo(href.runs());
      },
      (error: unknown) => toast(errorText(error), true),
    );
  };
  if (!asked) {
    return (
      <button type="button" class="tool" aria-label={w("remove")} title={w("remove")} onClick={() => setAsked(true)}>
        <Icon name="trash" size={14} />
      </button>
    );
  }
  return (
    <span class="sure" role="group" aria-label={w("remove_sure")}>
      <span>{w("remove_sure")}</span>
      <button type="button" class="button danger" onClick={remove}>
        {w("remove")}
      </button>
      <button type="button" class="button" onClick={() => setAsked(false)}>
        {t("cancel")}
      </button>
    </span>
  );
}

export function RunHead({ run, onChange }: { run: RunDetail; onChange: () => void }) {
  const stop = () => {
    stopRun(run.id).then(
      () => {
        toast(w("stopped", { name: run.name }));
        onChange();
      },
      (error: unknown) => toast(errorText(error), true),
    );
  };
  return (
    <section class="run-head" aria-label={run.name}>
      <nav class="crumbs" aria-label={w("back")}>
        <a class="link" href={href.runs()}>
          <Icon name="left" size={12} />
          {w("back")}
        </a>
      </nav>
      <h2 title={run.id}>{run.name}</h2>
      <StateBadge run={run} />
      <OriginMark run={run} />
      <span class="muted tabular">{`${when(run.begin)}${run.end === null ? "" : `–${clock(run.end)}`}, ${span(lengthOf(run))}`}</span>
      <Labels labels={run.labels} />
      <div class="spacer" />
      <Met met={run.objectives_met} />
      {run.state === "running" && (
        <button type="button" class="button" onClick={stop}>
          <Icon name="stop" size={12} />
          {w("stop_run")}
        </button>
      )}
      <a class="button" href={href.report(run.id)}>
        <Icon name="doc" size={13} />
        {w("report")}
      </a>
      <a class="button" href={href.compare({ b: run.id })}>
        <Icon name="compare" size={13} />
        {w("compare_with")}
      </a>
      <Remove run={run} />
    </section>
  );
}

// The verdict of what is shown: the run, one of its steps, or a moment.
export function RunBanner({ run, step, verdict, scope }: { run: RunDetail; step: RunStep | null; verdict: Verdict | null; scope: string }) {
  const from = verdict ?? step?.verdict ?? run.verdict;
  const { status, bottleneck, sentence } = from;
  const confidence = "confidence" in from ? from.confidence : null;
  const chain = step === null && verdict === null ? chainOf(run.verdicts, lengthOf(run)) : [];
  const names = chain.length > 0 ? chain : bottleneck === null ? [] : [bottleneck];
  const trouble = status === "bottleneck";
  return (
    <section class={`banner ${trouble ? "trouble" : status === "none" ? "calm" : "unknown"}`} aria-label={w("verdict")}>
      <div class="banner-row">
        <StateIcon state={trouble ? "over" : status === "none" ? "ok" : "nodata"} tone={trouble ? "origin" : "ok"} size={18} />
        <h2>
          {trouble ? `${w("bottleneck")}: ${names.join(" → ")}` : w(status === "none" ? "verdict_none" : "verdict_unknown")}
        </h2>
        <p class="sentence" lang="en">
          {sentence}
        </p>
        {typeof confidence === "number" && trouble && <span class="fact tabular">{t("confidence", { p: percent(confidence) })}</span>}
        <span class="fact">
          <span>{w("shown_now")}</span> <b>{scope}</b>
        </span>
      </div>
    </section>
  );
}
