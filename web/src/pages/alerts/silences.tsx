// SPDX-License-Identifier: Apache-2.0
// What is held back, why, by whom and until when.
import { useState } from "preact/hooks";
import { addSilence, endSilence, getSilences } from "../../api/alerts";
import type { Silence } from "../../api/alert_types";
import { when } from "../../base/day";
import { t } from "../../base/locale";
import { errorText, useLoaded } from "../../widgets/loaded";
import { toast } from "../../widgets/toast";
import { matcherText, parseMatchers } from "./texts";
import { aw } from "./words";

const REFRESH_MS = 5000;
const LENGTHS = [[3600, "h1"], [14_400, "h4"], [86_400, "h24"], [604_800, "d7"]] as const;

function Form({ onDone }: { onDone: () => void }) {
  const [lines, setLines] = useState("");
  const [comment, setComment] = useState("");
  const [seconds, setSeconds] = useState(3600);
  const [problem, setProblem] = useState<string | null>(null);
  const send = (event: Event) => {
    event.preventDefault();
    const { matchers, bad } = parseMatchers(lines);
    if (bad !== null) {
      setProblem(aw("matchers_bad", { text: bad }));
      return;
    }
    const kind = matchers.length === 0 ? "maintenance" : "silence";
    addSilence({ kind, matchers, for_s: seconds, every: "once", comment: comment.trim(), created_by: "" }).then(
      onDone,
      (error: unknown) => setProblem(errorText(error)),
    );
  };
  return (
    <form class="form box" onSubmit={send}>
      <label>
        {aw("matches")}
        <textarea rows={2} value={lines} spellcheck={false} placeholder="service = cart" onInput={(e) => setLines(e.currentTarget.value)} />
        <small class="hint">{`${aw("matchers_hint")}; ∅ = ${aw("everything")}, ${aw("maintenance")}`}</small>
      </label>
      <label>
        {aw("silence_for")}
        <select value={String(seconds)} onChange={(e) => setSeconds(Number(e.currentTarget.value))}>
          {LENGTHS.map(([length, key]) => (
            <option key={key} value={String(length)}>
              {aw(key)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {aw("comment")}
        <input type="text" required value={comment} onInput={(e) => setComment(e.currentTarget.value)} />
      </label>
      {problem !== null && (
        <p class="hint bad" role="alert">
          {problem}
        </p>
      )}
      <div class="row">
        <button type="submit" class="button primary">
          {t("save")}
        </button>
        <button type="button" class="button" onClick={onDone}>
          {t("cancel")}
        </button>
      </div>
    </form>
  );
}

export function Silences() {
  const { value: silences, error, reload } = useLoaded<Silence[]>((signal) => getSilences(signal), "silences", REFRESH_MS);
  const [adding, setAdding] = useState(false);
  const end = (id: string) => {
    endSilence(id).then(reload, (failure: unknown) => toast(errorText(failure), true));
  };
  return (
    <>
      <p class="list-tools">
        <button type="button" class="button primary" onClick={() => setAdding(true)}>
          {aw("add_silence")}
        </button>
      </p>
      {error !== null && <p class="band warn" role="alert">{error}</p>}
      {adding && (
        <Form
          onDone={() => {
            setAdding(false);
            reload();
          }}
        />
      )}
      {silences !== null && silences.length === 0 && <p class="hint">{aw("no_silences")}</p>}
      {silences !== null && silences.length > 0 && (
        <div class="table-scroll" tabindex={0} role="region" aria-label={aw("tab_silences")}>
          <table class="big alerts">
            <thead>
              <tr>
                <th scope="col">{aw("matches")}</th>
                <th scope="col">{aw("comment")}</th>
                <th scope="col">{aw("enabled")}</th>
                <th scope="col">{aw("until")}</th>
                <th scope="col">{aw("by")}</th>
                <td />
              </tr>
            </thead>
            <tbody>
              {silences.map((silence) => (
                <tr key={silence.id} class={silence.state === "ended" ? "dim" : ""}>
                  <th scope="row">
                    {silence.matchers.length === 0 ? aw("everything") : silence.matchers.map(matcherText).join(", ")}
                    {silence.kind === "maintenance" && <small class="muted">{aw("maintenance")}</small>}
                  </th>
                  <td class="wrap">{silence.comment}</td>
                  <td>
                    {aw(`s_${silence.state ?? "active"}`)}
                    <small class="muted tabular">{aw("held", { n: silence.matched ?? 0 })}</small>
                  </td>
                  <td class="tabular">
                    {when(silence.ends_at)}
                    {silence.every !== "once" && <small class="muted">{aw(silence.every === "day" ? "every_day" : "every_week")}</small>}
                  </td>
                  <td>{silence.created_by || "–"}</td>
                  <td class="actions">
                    {silence.state !== "ended" && silence.origin !== "file" && (
                      <button type="button" class="link" onClick={() => end(silence.id)}>
                        {aw("end_now")}
                      </button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
