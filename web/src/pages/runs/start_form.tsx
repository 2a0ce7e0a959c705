// SPDX-License-Identifier: Apache-2.0
// Starting a run by hand: name, labels, and what it is held to.
import { useState } from "preact/hooks";
import { startRun } from "../../api/runs";
import type { StartRun } from "../../api/run_types";
import { METRICS } from "../../api/types";
import { parseQuantity } from "../../base/format";
import { t } from "../../base/locale";
import { limitKind, metricLabel } from "../../base/metric";
import { errorText } from "../../widgets/loaded";
import { toast } from "../../widgets/toast";
import { parseLabels } from "./chain";
import { w } from "./words";

function nameOf(metric: string): string {
  const label = metricLabel(metric);
  return label === undefined ? metric : t(label);
}

interface Read {
  wish: StartRun;
  problem: string | null;
}

function read(name: string, labelText: string, notes: string, own: boolean, limits: Record<string, string>): Read {
  const { labels, bad } = parseLabels(labelText);
  if (bad !== null) return { wish: {}, problem: w("labels_bad", { text: bad }) };
  const wish: StartRun = { labels };
  if (name.trim() !== "") wish.name = name.trim();
  if (notes.trim() !== "") wish.notes = notes.trim();
  if (!own) return { wish, problem: null };
  const defaults: Record<string, number | null> = {};
  for (const metric of METRICS) {
    const text = (limits[metric] ?? "").trim();
    if (text === "") continue;
    const value = parseQuantity(text, limitKind(metric));
    if (value === undefined) return { wish, problem: `${nameOf(metric)}: ${t("limit_bad")}` };
    defaults[metric] = value;
  }
  return { wish: { ...wish, objectives: { defaults, overrides: [] } }, problem: null };
}

export function StartForm({ onDone }: { onDone: () => void }) {
  const [name, setName] = useState("");
  const [labels, setLabels] = useState("");
  const [notes, setNotes] = useState("");
  const [own, setOwn] = useState(false);
  const [limits, setLimits] = useState<Record<string, string>>({});
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const send = (event: Event) => {
    event.preventDefault();
    const { wish, problem: found } = read(name, labels, notes, own, limits);
    setProblem(found);
    if (found !== null) return;
    setBusy(true);
    startRun(wish).then(
      (run) => {
        toast(w("started", { name: run.name }));
        onDone();
      },
      (error: unknown) => {
        setBusy(false);
        setProblem(errorText(error));
      },
    );
  };
  return (
    <form class="form" onSubmit={send}>
      <label>
        {w("name")}
        <input type="text" maxLength={200} value={name} placeholder={w("name_hint")} onInput={(e) => setName(e.currentTarget.value)} />
      </label>
      <label>
        {w("labels")}
        <textarea rows={2} value={labels} placeholder={"branch=main\nusers=1500"} onInput={(e) => setLabels(e.currentTarget.value)} />
        <small class="hint">{w("labels_hint")}</small>
      </label>
      <label>
        {w("notes")}
        <textarea rows={2} value={notes} maxLength={20000} onInput={(e) => setNotes(e.currentTarget.value)} />
      </label>
      <label class="check">
        <input type="checkbox" checked={own} onChange={(e) => setOwn(e.currentTarget.checked)} />
        {w("objectives_own")}
      </label>
      {own ? (
        <fieldset class="limits-grid">
          <legend class="hint">{w("objectives_hint")}</legend>
          {METRICS.map((metric) => (
            <label key={metric}>
              {nameOf(metric)}
              <input
                type="text"
                value={limits[metric] ?? ""}
                placeholder={metric === "latency" ? "500 ms" : metric === "connect_latency" ? "10 ms" : metric === "traffic" ? "10 MB" : "0"}
                onInput={(e) => setLimits({ ...limits, [metric]: e.currentTarget.value })}
              />
            </label>
          ))}
        </fieldset>
      ) : (
        <p class="hint">{w("objectives_now")}</p>
      )}
      {problem !== null && (
        <p class="hint bad" role="alert">
          {problem}
        </p>
      )}
      <div class="row">
        <button type="submit" class="button primary" disabled={busy}>
          {w("start")}
        </button>
        <button type="button" class="button" onClick={onDone}>
          {t("cancel")}
        </button>
      </div>
    </form>
  );
}
