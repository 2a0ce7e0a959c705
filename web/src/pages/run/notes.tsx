// SPDX-License-Identifier: Apache-2.0
// What people say about a run: name, labels, notes, marks.
import { useState } from "preact/hooks";
import { markRun, patchRun } from "../../api/runs";
import type { RunDetail } from "../../api/run_types";
import { clock } from "../../base/format";
import { errorText } from "../../widgets/loaded";
import { toast } from "../../widgets/toast";
import { labelChanges, labelLines, parseLabels } from "../runs/chain";
import { forget } from "../runs/details";
import { w } from "../runs/words";

function Words({ run, onChange }: { run: RunDetail; onChange: () => void }) {
  const [name, setName] = useState(run.name);
  const [labels, setLabels] = useState(labelLines(run.labels));
  const [notes, setNotes] = useState(run.notes);
  const [problem, setProblem] = useState<string | null>(null);
  const same = name === run.name && labels === labelLines(run.labels) && notes === run.notes;
  const save = (event: Event) => {
    event.preventDefault();
    const read = parseLabels(labels);
    if (read.bad !== null) {
      setProblem(w("labels_bad", { text: read.bad }));
      return;
    }
    setProblem(null);
    patchRun(run.id, { name: name.trim() || run.name, notes, labels: labelChanges(run.labels, read.labels) }).then(
      () => {
        forget(run.id);
        toast(w("saved"));
        onChange();
      },
      (error: unknown) => setProblem(w("save_failed", { why: errorText(error) })),
    );
  };
  return (
    <form class="form" onSubmit={save}>
      <label>
        {w("name")}
        <input type="text" maxLength={200} value={name} onInput={(e) => setName(e.currentTarget.value)} />
      </label>
      <label>
        {w("labels")}
        <textarea rows={3} value={labels} placeholder="branch=main" onInput={(e) => setLabels(e.currentTarget.value)} />
        <small class="hint">{w("labels_hint")}</small>
      </label>
      <label>
        {w("notes")}
        <textarea rows={8} maxLength={20000} value={notes} onInput={(e) => setNotes(e.currentTarget.value)} />
      </label>
      {problem !== null && (
        <p class="hint bad" role="alert">
          {problem}
        </p>
      )}
      <div class="row">
        <button type="submit" class="button primary" disabled={same}>
          {w("save")}
        </button>
      </div>
    </form>
  );
}

function MarkForm({ run, onChange }: { run: RunDetail; onChange: () => void }) {
  const [text, setText] = useState("");
  const [step, setStep] = useState(true);
  const send = (event: Event) => {
    event.preventDefault();
    if (text.trim() === "") return;
    markRun(run.id, text.trim(), step).then(
      () => {
        setText("");
        onChange();
      },
      (error: unknown) => toast(errorText(error), true),
    );
  };
  return (
    <form class="form mark-form" onSubmit={send}>
      <label>
        {w("mark_text")}
        <input type="text" maxLength={120} value={text} onInput={(e) => setText(e.currentTarget.value)} />
      </label>
      <label class="check">
        <input type="checkbox" checked={step} onChange={(e) => setStep(e.currentTarget.checked)} />
        {w("mark_step")}
      </label>
      <div class="row">
        <button type="submit" class="button" disabled={text.trim() === ""}>
          {w("mark")}
        </button>
      </div>
    </form>
  );
}

export function Notes({ run, onChange, onAt }: { run: RunDetail; onChange: () => void; onAt: (time: number) => void }) {
  const happened = [
    ...run.events.map((e) => ({ time: e.time, text: e.text || `${e.service} ${e.kind}`, kind: e.kind })),
    ...run.marks.map((m) => ({ time: m.time, text: m.text, kind: "mark" })),
  ].sort((a, b) => a.time - b.time);
  return (
    <>
      <Words key={`${run.name} ${labelLines(run.labels)} ${run.notes}`} run={run} onChange={onChange} />
      <section aria-label={w("marks")}>
        <h3>{w("marks")}</h3>
        {run.state === "running" && <MarkForm run={run} onChange={onChange} />}
        {happened.length === 0 && <p class="hint">{w("no_marks")}</p>}
        <ul class="happened">
          {happened.map((e) => (
            <li key={`${e.time} ${e.kind} ${e.text}`}>
              <button type="button" class="link tabular" onClick={() => onAt(e.time)}>
                {clock(e.time)}
              </button>
              <span class="class-tag">{e.kind}</span>
              <span lang="en">{e.text}</span>
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}
