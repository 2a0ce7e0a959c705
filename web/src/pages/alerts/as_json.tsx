// SPDX-License-Identifier: Apache-2.0
// A rule or a route as the API takes it, for who prefers to write it.
import { useState } from "preact/hooks";
import { errorText } from "../../widgets/loaded";
import { CheckedForm, Field, type Problems, problemsOf } from "./field";
import { SaveRow } from "./form_parts";
import { aw } from "./words";

export function Modes({ json, disabled = false, onChange }: { json: boolean; disabled?: boolean; onChange: (json: boolean) => void }) {
  return (
    <div class="modes" role="group" aria-label={aw("edit_as")}>
      <button type="button" class="tool small" aria-pressed={!json} disabled={disabled} onClick={() => onChange(false)}>
        {aw("as_form")}
      </button>
      <button type="button" class="tool small" aria-pressed={json} onClick={() => onChange(true)}>
        {aw("as_json")}
      </button>
    </div>
  );
}

interface JsonFormProps {
  label: string;
  body: object;
  fixed: boolean; // there is no form for it
  onForm: (body: Record<string, unknown>) => void;
  onSave: (body: Record<string, unknown>) => Promise<unknown>;
  onDone: () => void;
}

function read(text: string): { body: Record<string, unknown> | null; problems: Problems } {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null && !Array.isArray(body)) return { body: body as Record<string, unknown>, problems: {} };
    return { body: null, problems: { json: aw("json_object") } };
  } catch (error) {
    return { body: null, problems: { json: aw("json_bad", { why: errorText(error) }) } };
  }
}

export function JsonForm({ label, body, fixed, onForm, onSave, onDone }: JsonFormProps) {
  const [text, setText] = useState(JSON.stringify(body, (key, value: unknown) => (key === "id" && value === "" ? undefined : value), 2));
  const [problems, setProblems] = useState<Problems>({});
  const use = (then: (body: Record<string, unknown>) => void) => {
    const found = read(text);
    setProblems(found.problems);
    if (found.body !== null) then(found.body);
  };
  const save = () =>
    use((found) => {
      onSave(found).then(onDone, (error: unknown) => {
        const [[place, why]] = Object.entries(problemsOf(error)) as [[string, string]];
        setProblems({ json: place === "" ? why : `${place}: ${why}` });
      });
    });
  return (
    <CheckedForm label={label} problems={problems} onSubmit={save}>
      <Modes json disabled={fixed} onChange={(json) => !json && use(onForm)} />
      <Field name="json" label={label} hint={aw("json_hint")}>
        {(control) => <textarea {...control} class="code" rows={18} spellcheck={false} value={text} onInput={(e) => setText(e.currentTarget.value)} />}
      </Field>
      <SaveRow onCancel={onDone} />
    </CheckedForm>
  );
}
