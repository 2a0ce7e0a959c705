// SPDX-License-Identifier: Apache-2.0
// The report of a run as it is sent to others: shown in a frame that may run nothing, to be printed
// or taken along.
import { useRef, useState } from "preact/hooks";
import { getRun, reportUrl } from "../../api/runs";
import type { RunDetail } from "../../api/run_types";
import { href } from "../../base/route";
import { PlainHead } from "../../widgets/head";
import { Icon } from "../../widgets/icon";
import { errorText, useLoaded } from "../../widgets/loaded";
import { w } from "../runs/words";
import "../runs/runs.css";
import "../run/run.css";
import "./report.css";

const KINDS = ["html", "md", "json"] as const;
const KIND_WORD = { html: "download_html", md: "download_md", json: "download_json" } as const;

async function htmlOf(id: string, signal: AbortSignal): Promise<string> {
  const answer = await fetch(reportUrl(id, "html"), { cache: "no-store", signal });
  if (answer.ok) return answer.text();
  let why = String(answer.status);
  try {
    const body = (await answer.json()) as { error?: { message?: string } };
    why = body.error?.message ?? why;
  } catch {
    // The status says enough.
  }
  throw new Error(why);
}

export function ReportPage({ id }: { id: string }) {
  const { value: run } = useLoaded<RunDetail>((signal) => getRun(id, signal), id);
  const { value: html, error } = useLoaded<string>((signal) => htmlOf(id, signal), id);
  const [problem, setProblem] = useState<string | null>(null);
  const frame = useRef<HTMLIFrameElement>(null);
  const print = () => {
    try {
      frame.current?.contentWindow?.focus();
      frame.current?.contentWindow?.print();
    } catch (failure) {
      setProblem(errorText(failure));
    }
  };
  const name = run?.name ?? id;
  const why = error ?? problem;
  return (
    <div class="report-page">
      <PlainHead />
      <section class="run-head" aria-label={w("report_of", { name })}>
        <a class="link" href={href.run(id)}>
          <Icon name="left" size={12} />
          {name}
        </a>
        <h2>{w("report")}</h2>
        <div class="spacer" />
        <button type="button" class="button primary" onClick={print} disabled={html === null}>
          <Icon name="print" size={13} />
          {w("print")}
        </button>
        {KINDS.map((kind) => (
          <a key={kind} class="button" href={reportUrl(id, kind)} download={`${id}.${kind}`}>
            <Icon name="download" size={13} />
            {w(KIND_WORD[kind])}
          </a>
        ))}
      </section>
      <main class="report-main">
        {why !== null && (
          <div class="nothing">
            <p role="alert">{w("report_failed", { why })}</p>
          </div>
        )}
        {html === null && error === null && <p class="hint">{w("report_making")}</p>}
        {html !== null && (
          <iframe ref={frame} class="report-frame" title={w("report_of", { name })} sandbox="allow-same-origin allow-modals" srcdoc={html} />
        )}
      </main>
    </div>
  );
}
