// SPDX-License-Identifier: Apache-2.0
// What every form about alerts ends with, and the one question that two of them ask.
import type { ComponentChildren } from "preact";
import type { Severity } from "../../api/alert_types";
import { t } from "../../base/locale";
import { Field } from "./field";
import { aw } from "./words";

const SEVERITIES = ["info", "warning", "critical"] as const;

interface SaveRowProps {
  busy?: boolean;
  onCancel: () => void;
  children?: ComponentChildren; // further ways to go on, between the two
}

export function SaveRow({ busy = false, onCancel, children }: SaveRowProps) {
  return (
    <div class="row">
      <button type="submit" class="button primary" disabled={busy}>
        {t("save")}
      </button>
      {children}
      <button type="button" class="button" onClick={onCancel}>
        {t("cancel")}
      </button>
    </div>
  );
}

interface SeverityFieldProps {
  name: "severity" | "min_severity";
  value: Severity;
  onPick: (value: Severity) => void;
}

export function SeverityField({ name, value, onPick }: SeverityFieldProps) {
  return (
    <Field name={name} label={aw(name)}>
      {(control) => (
        <select {...control} value={value} onChange={(e) => onPick(e.currentTarget.value as Severity)}>
          {SEVERITIES.map((severity) => (
            <option key={severity} value={severity}>
              {aw(`sev_${severity}`)}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
