// SPDX-License-Identifier: Apache-2.0
// The verdict in one sentence; the reasons and the other candidates on demand; the walk hop by hop.
import { useState } from "preact/hooks";
import type { Step, Verdict } from "../api/types";
import { duration, percent } from "../base/format";
import { language, t } from "../base/locale";
import { type Key, STRING_TABLE } from "../base/strings";
import { hop, shown, toggleDiagnosis, view, walk, drawn, selectNode } from "../pages/map/store";
import { Icon, StateIcon } from "../widgets/icon";

function Walk({ verdict }: { verdict: Verdict }) {
  const steps = verdict.steps;
  if (steps.length === 0) return null;
  const at = hop.value !== null && hop.value < steps.length ? hop.value : null;
  return (
    <div class="walk" role="group" aria-label={t("walk")}>
      <button type="button" class="tool small" aria-label={t("hop_previous")} title={t("hop_previous")} onClick={() => walk(-1)} disabled={at === 0}>
        <Icon name="left" size={13} />
      </button>
      <span class="tabular">{at === null ? t("walk") : t("hop_of", { i: at + 1, n: steps.length })}</span>
      <button
        type="button"
        class="tool small"
        aria-label={t("hop_next")}
        title={t("hop_next")}
        onClick={() => walk(1)}
        disabled={at === steps.length - 1}
      >
        <Icon name="right" size={13} />
      </button>
    </div>
  );
}

function DiagnosisButton() {
  return (
    <button type="button" class="tool small" aria-pressed={view.value.walk !== null} title={`${t("diagnosis")} (d)`} onClick={toggleDiagnosis}>
      <Icon name="steps" size={13} />
      <span>{t("diagnosis")}</span>
    </button>
  );
}

function causeOf(kind: string): string {
  const key = `class_${kind}`;
  return t(key in STRING_TABLE ? (key as Key) : "class_unknown");
}

// The server writes English; other languages say the same from the verdict's own fields.
function sentenceOf(verdict: Verdict): string {
  if (language.value === "en" && verdict.sentence !== "") return verdict.sentence;
  const causes = [causeOf(verdict.candidates.find((c) => c.id === verdict.bottleneck_id)?.class ?? "unknown")];
  const latency = verdict.steps.at(-1)?.latency_us ?? null;
  if (latency !== null) causes.push(t("sentence_latency", { v: duration(latency) }));
  return t("sentence", {
    name: verdict.bottleneck ?? "",
    cause: causes.join(language.value === "en" ? ", " : "，"),
    path: verdict.path.join(" → "),
  });
}

function stepText(step: Step): string {
  if (language.value === "en" && step.text !== "") return step.text;
  return `${step.client} → ${step.server}: ${duration(step.latency_us)}`;
}

function open(id: number): void {
  const node = drawn.peek()?.nodes.find((n) => n.id === id);
  if (node !== undefined) selectNode(node);
}

function Reasons({ verdict }: { verdict: Verdict }) {
  return (
    <div class="reasons" id="reasons">
      <section aria-label={t("walk")}>
        <h3>{t("walk")}</h3>
        <ol class="steps">
          {verdict.steps.map((step, i) => (
            <li key={step.edge} class={hop.value === i ? "current" : ""}>
              <span class="step-line">
                {step.client} → <b>{step.server}</b>
                <span class="tabular strong">{duration(step.latency_us)}</span>
                {step.share !== null && <span class="share tabular">{percent(step.share)}</span>}
              </span>
              <span class="muted" lang="en">{step.text}</span>
            </li>
          ))}
        </ol>
      </section>
      <section aria-label={t("evidence")}>
        <h3>{t("evidence")}</h3>
        <ul class="evidence">
          {verdict.evidence.length === 0 && <li class="muted">{t("no_evidence")}</li>}
          {verdict.evidence.map((line) => (
            <li key={line} lang="en">{line}</li>
          ))}
          {verdict.demand !== undefined && verdict.demand.text !== "" && <li lang="en">{verdict.demand.text}</li>}
          {verdict.next !== null && verdict.next.text !== "" && <li class="muted" lang="en">{verdict.next.text}</li>}
        </ul>
      </section>
      <section aria-label={t("candidates")}>
        <h3>{t("candidates")}</h3>
        <ul class="candidates">
          {verdict.candidates.map((candidate) => (
            <li key={candidate.id}>
              <button type="button" class="link" onClick={() => open(candidate.id)}>
                {candidate.service}
              </button>
              <span class="meter" aria-hidden="true">
                <i style={{ width: `${Math.round(Math.min(1, Math.max(0, candidate.score)) * 100)}%` }} />
              </span>
              <span class="tabular">{percent(candidate.score)}</span>
              <span class="muted">{(language.value === "en" && candidate.evidence[0]) || causeOf(candidate.class)}</span>
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}

export function Banner() {
  const [asked, setAsked] = useState(false);
  const verdict = shown.value?.verdict;
  if (verdict === undefined) return null;
  if (verdict.status !== "bottleneck" || verdict.bottleneck === null) {
    const calm = verdict.status === "none";
    return (
      <section class={`banner ${calm ? "calm" : "unknown"}`} aria-label={t("bottleneck")}>
        <div class="banner-row">
          <StateIcon state={calm ? "ok" : "nodata"} size={18} />
          <h2>{calm ? t("verdict_none") : t("verdict_unknown")}</h2>
          <p class="sentence">{(language.value === "en" && verdict.sentence) || t(calm ? "verdict_none_text" : "verdict_unknown_text")}</p>
          {verdict.candidates.length > 0 && <DiagnosisButton />}
        </div>
      </section>
    );
  }
  const at = hop.value;
  const step = at === null ? undefined : verdict.steps[at];
  return (
    <section class="banner trouble" aria-label={t("bottleneck")}>
      <div class="banner-row">
        <StateIcon state="over" tone="origin" size={20} />
        <h2>
          {t("bottleneck")}:{" "}
          <button type="button" class="link big" onClick={() => verdict.bottleneck_id !== null && open(verdict.bottleneck_id)}>
            {verdict.bottleneck}
          </button>
        </h2>
        <p class="sentence">{step === undefined ? sentenceOf(verdict) : stepText(step)}</p>
        {verdict.next !== null && (
          <span class="fact next" title={verdict.next.text}>
            <span>{t("next_bottleneck")}</span> <b>{verdict.next.service}</b>
          </span>
        )}
        {verdict.confidence !== null && <span class="fact tabular">{t("confidence", { p: percent(verdict.confidence) })}</span>}
        <Walk verdict={verdict} />
        <DiagnosisButton />
        <button type="button" class="tool small" aria-expanded={asked} aria-controls="reasons" onClick={() => setAsked(!asked)}>
          <span>{t("evidence")}</span>
          <Icon name="down" size={13} />
        </button>
      </div>
      {asked && <Reasons verdict={verdict} />}
    </section>
  );
}
