// SPDX-License-Identifier: Apache-2.0
// The load generator's own report beside what was seen at the entry: where they differ, whether it
// was the generator that could not, and what its way of waiting hides.
import { useRef, useState } from "preact/hooks";
import { attachLoad } from "../../api/runs";
import type { LoadgenReport, ReconciliationRow, RunDetail } from "../../api/run_types";
import type { Value } from "../../api/types";
import { span } from "../../base/day";
import { count, duration, percent } from "../../base/format";
import { t } from "../../base/locale";
import { formatMetric } from "../../base/metric";
import { Icon, StateIcon } from "../../widgets/icon";
import { errorText } from "../../widgets/loaded";
import { toast } from "../../widgets/toast";
import { w } from "../runs/words";

const MOST_BYTES = 1024 * 1024; // the command line reads longer ones

function valueText(unit: string, value: Value): string {
  if (unit === "us") return duration(value);
  return unit === "1/s" ? formatMetric("request_rate", value) : count(value);
}

function rowName(name: string): string {
  const quantile = /^latency_p([\d.]+)$/.exec(name);
  if (quantile !== null) return w("row_latency_p", { p: quantile[1] ?? "" });
  const keys = {
    requests: "row_requests", errors: "row_errors", rate: "row_rate", latency_mean: "row_latency_mean",
    latency_max: "row_latency_max", connect_errors: "row_connect_errors", connect_failures: "row_connect_errors", bytes: "row_bytes",
  } as const;
  return name in keys ? w(keys[name as keyof typeof keys]) : name;
}

export function signedPercent(ratio: Value): string {
  if (ratio === null) return "–";
  const text = percent(Math.abs(ratio));
  return `${ratio > 0 ? "+" : ratio < 0 ? "−" : ""}${text}`;
}

function Row({ row }: { row: ReconciliationRow }) {
  return (
    <tr class={row.agrees === false ? "differs" : ""}>
      <th scope="row">{rowName(row.name)}</th>
      <td class="tabular">{valueText(row.unit, row.reported)}</td>
      <td class="tabular">{valueText(row.unit, row.seen)}</td>
      <td class="tabular">
        {row.agrees === false && <StateIcon state="near" size={11} />}
        {row.agrees === true && <Icon name="check" size={11} />} {signedPercent(row.difference)}
        {row.agrees !== null && <span class="hidden">{w(row.agrees ? "agrees" : "differs")}</span>}
      </td>
    </tr>
  );
}

function Omission({ report }: { report: LoadgenReport }) {
  const omission = report.reconciliation.coordinated_omission;
  const { corrected } = omission;
  return (
    <section class="note-box" aria-label={w("omission")}>
      <h4>{w("omission")}</h4>
      <p lang={omission.text === "" ? undefined : "en"}>{omission.text || w("omission_none")}</p>
      {corrected !== null && (
        <p class="tabular">
          {w("corrected")}: p50 <b>{duration(corrected.p50)}</b>, p95 <b>{duration(corrected.p95)}</b>, p99 <b>{duration(corrected.p99)}</b>
        </p>
      )}
    </section>
  );
}

function Itself({ report }: { report: LoadgenReport }) {
  const { saturation, generator } = report.reconciliation;
  if (saturation.text === "" && saturation.cpu_usage === null) return null;
  return (
    <section class="note-box" aria-label={w("generator_itself")}>
      <h4>
        {w("generator_itself")}
        {generator !== null && <span class="muted"> · {generator}</span>}
      </h4>
      {saturation.text !== "" && <p lang="en">{saturation.text}</p>}
      {saturation.cpu_usage !== null && (
        <p class="muted tabular">
          {w("cpu")} {count(saturation.cpu_usage)}
          {saturation.cpu_quota !== null && ` / ${count(saturation.cpu_quota)}`}
          {saturation.cpu_throttled !== null && `, ${w("throttled")} ${percent(saturation.cpu_throttled)}`}
        </p>
      )}
    </section>
  );
}

function Report({ report }: { report: LoadgenReport }) {
  const { reconciliation } = report;
  const facts = [
    report.duration_s === null ? "" : span(report.duration_s),
    report.users === null ? "" : w("users", { n: count(report.users) }),
  ].filter((text) => text !== "");
  return (
    <section class="loadgen" aria-label={report.file}>
      <h3>
        {report.tool} <span class="muted">{report.file}</span>
      </h3>
      <p class="muted tabular">{facts.join(", ")}</p>
      <table class="metrics reconciliation">
        <thead>
          <tr>
            <th scope="col">{t("metric")}</th>
            <th scope="col">{w("reported", { tool: report.tool })}</th>
            <th scope="col">{w("seen")}</th>
            <th scope="col">{w("difference")}</th>
          </tr>
        </thead>
        <tbody>
          {reconciliation.rows.map((row) => (
            <Row key={row.name} row={row} />
          ))}
        </tbody>
      </table>
      {reconciliation.findings.length > 0 && (
        <ul class="evidence" lang="en">
          {reconciliation.findings.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
      <Omission report={report} />
      <Itself report={report} />
      {report.notes.length > 0 && (
        <ul class="evidence" lang="en">
          {report.notes.map((text) => (
            <li key={text} class="muted">
              {text}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Drop({ run, onChange }: { run: RunDetail; onChange: () => void }) {
  const [over, setOver] = useState(false);
  const [busy, setBusy] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const send = (file: File | undefined) => {
    if (file === undefined) return;
    if (file.size > MOST_BYTES) {
      setProblem(w("too_large", { name: file.name }));
      return;
    }
    setBusy(file.name);
    setProblem(null);
    attachLoad(run.id, file)
      .then(
        () => {
          toast(w("attached", { name: file.name }));
          onChange();
        },
        (error: unknown) => setProblem(errorText(error)),
      )
      .finally(() => setBusy(null));
  };
  return (
    <section
      class={`drop ${over ? "over" : ""}`}
      aria-label={w("drop_title")}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        send(event.dataTransfer?.files[0]);
      }}
    >
      <Icon name="upload" size={20} />
      <h3>{w("drop_title")}</h3>
      <p class="muted">{busy === null ? w("drop_text") : w("attaching", { name: busy })}</p>
      <input
        ref={input}
        type="file"
        class="hidden"
        tabindex={-1}
        aria-label={w("choose_file")}
        onChange={(event) => {
          send(event.currentTarget.files?.[0]);
          event.currentTarget.value = "";
        }}
      />
      <button type="button" class="button" disabled={busy !== null} onClick={() => input.current?.click()}>
        {w("choose_file")}
      </button>
      {problem !== null && (
        <p class="hint bad" role="alert" lang="en">
          {problem}
        </p>
      )}
    </section>
  );
}

export function Loadgen({ run, onChange }: { run: RunDetail; onChange: () => void }) {
  return (
    <>
      {run.loadgen.map((report, i) => (
        <Report key={`${i} ${report.file}`} report={report} />
      ))}
      {run.loadgen.length === 0 && <p class="hint">{w("no_reports")}</p>}
      <Drop run={run} onChange={onChange} />
    </>
  );
}
