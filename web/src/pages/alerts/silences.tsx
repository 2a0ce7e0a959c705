// SPDX-License-Identifier: Apache-2.0
// What is held back, why, by whom and until when.
import { useState } from "preact/hooks";
import { addSilence, endSilence, getSilences } from "../../api/alerts";
import type { Matcher, Silence } from "../../api/alert_types";
import { when } from "../../base/day";
import { errorText, useLoaded } from "../../widgets/loaded";
import { toast } from "../../widgets/toast";
import { CheckedForm, Field, type Problems, problemsOf } from "./field";
import { SaveRow } from "./form_parts";
import { matcherProblems, MatcherRows } from "./matcher_rows";
import { matcherText } from "./texts";
import { aw } from "./words";

const REFRESH_MS = 5000;
const LENGTHS = [[3600, "h1"], [14_400, "h4"], [86_400, "h24"], [604_800, "d7"]] as const;

function Form({ onDone }: { onDone: () => void }) {
  const [matchers, setMatchers] = useState<Matcher[]>([{ label: "service", op: "=", value: "" }]);
  const [comment, setComment] = useState("");
  const [by, setBy] = useState("");
  const [seconds, setSeconds] = useState(3600);
  const [every, setEvery] = useState<Silence["every"]>("once");
  const [problems, setProblems] = useState<Problems>({});
  const save = () => {
    const found: Problems = matcherProblems(matchers);
    if (comment.trim() === "") found["comment"] = aw("comment_needed");
    setProblems(found);
    if (Object.keys(found).length > 0) return;
    const kind = matchers.length === 0 ? "maintenance" : "silence";
    addSilence({ kind, matchers, for_s: seconds, every, comment: comment.trim(), created_by: by.trim() }).then(onDone, (error: unknown) =>
      setProblems(problemsOf(error)),
    );
  };
  return (
    <CheckedForm label={aw("add_silence")} problems={problems} onSubmit={save}>
      <MatcherRows label={aw("matches")} hint={aw("matchers_silence_hint")} matchers={matchers} problems={problems} onChange={setMatchers} />
      <div class="limits-grid bare">
        <Field name="ends_at" label={aw("silence_for")}>
          {(control) => (
            <select {...control} value={String(seconds)} onChange={(e) => setSeconds(Number(e.currentTarget.value))}>
              {LENGTHS.map(([length, key]) => (
                <option key={key} value={String(length)}>
                  {aw(key)}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field name="every" label={aw("repeats")}>
          {(control) => (
            <select {...control} value={every} onChange={(e) => setEvery(e.currentTarget.value as Silence["every"])}>
              {(["once", "day", "week"] as const).map((one) => (
                <option key={one} value={one}>
                  {aw(`every_${one}`)}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field name="created_by" label={aw("by")}>
          {(control) => <input {...control} type="text" maxLength={128} value={by} onInput={(e) => setBy(e.currentTarget.value)} />}
        </Field>
      </div>
      <Field name="comment" label={aw("comment")}>
        {(control) => <input {...control} type="text" maxLength={500} value={comment} onInput={(e) => setComment(e.currentTarget.value)} />}
      </Field>
      <SaveRow onCancel={onDone} />
    </CheckedForm>
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
