// SPDX-License-Identifier: Apache-2.0
// A field of a form with what is wrong about it beside it, for eyes and screen readers alike. What is
// wrong has a place: the server's names for them, "condition.value", "to[1]".
import { type ComponentChildren, createContext, type JSX } from "preact";
import { useContext, useEffect, useId, useRef, useState } from "preact/hooks";
import { ApiError } from "../../api/client";
import { errorText } from "../../widgets/loaded";
import { StateIcon } from "../../widgets/icon";

export type Problems = Record<string, string>;

const Wrong = createContext<Problems>({});

// "condition.value: is needed" of the server is a problem of that field; anything else is the form's.
export function problemsOf(error: unknown): Problems {
  const text = errorText(error);
  const match = error instanceof ApiError && error.code === "invalid" ? /^([a-z_]+[\w.[\]]*): (.+)$/s.exec(text) : null;
  return match === null ? { "": text } : { [match[1] ?? ""]: match[2] ?? "" };
}

// Its own, and those of its parts: "to[1]" stands beside "to" as that of its second line.
export function problemOf(problems: Problems, name: string): string | null {
  for (const [place, text] of Object.entries(problems)) {
    if (place === name) return text;
    if (!place.startsWith(`${name}[`) && !place.startsWith(`${name}.`)) continue;
    const index = /^\[(\d+)\]$/.exec(place.slice(name.length));
    return index === null ? `${place.slice(name.length + 1)}: ${text}` : `#${Number(index[1]) + 1}: ${text}`;
  }
  return null;
}

export interface Control {
  id: string;
  "aria-invalid": boolean;
  "aria-describedby": string | undefined;
}

interface FieldProps {
  name: string;
  label: string;
  hint?: string;
  children: (control: Control) => JSX.Element;
}

export function Field({ name, label, hint = "", children }: FieldProps) {
  const id = useId();
  const problem = problemOf(useContext(Wrong), name);
  const described = [hint === "" ? "" : `${id}-hint`, problem === null ? "" : `${id}-bad`].filter((part) => part !== "").join(" ");
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, "aria-invalid": problem !== null, "aria-describedby": described === "" ? undefined : described })}
      {hint !== "" && (
        <small class="hint" id={`${id}-hint`}>
          {hint}
        </small>
      )}
      {problem !== null && (
        <small class="hint bad" id={`${id}-bad`}>
          <StateIcon state="over" size={11} /> {problem}
        </small>
      )}
    </div>
  );
}

interface ChoicesProps {
  name: string;
  label: string;
  hint?: string;
  options: readonly (readonly [string, string])[]; // value, words
  picked: readonly string[];
  onPick: (value: string, on: boolean) => void;
}

// Several of a few: check boxes under one legend.
export function Choices({ name, label, hint = "", options, picked, onPick }: ChoicesProps) {
  const problem = problemOf(useContext(Wrong), name);
  return (
    <fieldset class="choices" data-invalid={problem !== null}>
      <legend>{label}</legend>
      {options.map(([value, words]) => (
        <label key={value} class="check">
          <input type="checkbox" checked={picked.includes(value)} onChange={(e) => onPick(value, e.currentTarget.checked)} />
          {words}
        </label>
      ))}
      {hint !== "" && <small class="hint">{hint}</small>}
      {problem !== null && (
        <small class="hint bad">
          <StateIcon state="over" size={11} /> {problem}
        </small>
      )}
    </fieldset>
  );
}

interface CheckedFormProps {
  label: string;
  problems: Problems;
  onSubmit: () => void;
  children: ComponentChildren;
}

// Brings who sends it to the first field that is wrong; what belongs to no field shown is said at the end.
export function CheckedForm({ label, problems, onSubmit, children }: CheckedFormProps) {
  const form = useRef<HTMLFormElement>(null);
  const [rest, setRest] = useState<string[]>([]);
  useEffect(() => {
    const first = form.current?.querySelector<HTMLElement>("[aria-invalid=true], [data-invalid=true] input");
    first?.focus();
    const shown = first !== null && first !== undefined;
    const all = Object.entries(problems);
    setRest(all.filter(([place]) => place === "" || !shown).map(([place, text]) => (place === "" ? text : `${place}: ${text}`)));
  }, [problems]);
  return (
    <Wrong.Provider value={problems}>
      <form
        class="form box"
        aria-label={label}
        noValidate
        ref={form}
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit();
        }}
      >
        {children}
        {rest.length > 0 && (
          <p class="hint bad" role="alert">
            {rest.join("; ")}
          </p>
        )}
      </form>
    </Wrong.Provider>
  );
}
