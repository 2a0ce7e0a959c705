// SPDX-License-Identifier: Apache-2.0
// No run yet: what one is, and the three ways to have one.
import { w } from "./words";

const LINES = [
  "panoscope run start --name baseline --label branch=main --objective latency=500ms",
  "wrk -t2 -c50 -d60s --latency http://127.0.0.1:8080/ > wrk.txt",
  "panoscope run stop",
  "panoscope run attach ID wrk.txt",
];

export function Empty({ recognise, onStart }: { recognise: boolean; onStart: () => void }) {
  return (
    <section class="runs-empty" aria-labelledby="no-run">
      <svg width="240" height="74" viewBox="0 0 240 74" aria-hidden="true" class="empty-steps">
        <path class="area" d="M2 70V58h50V40h60V20h60v28h64V70z" />
        <path class="line" d="M2 58h50V40h60V20h60v28h64" />
        <path class="mark" d="M52 8v62M112 8v62M172 8v62" />
      </svg>
      <h2 id="no-run">{w("empty_title")}</h2>
      <p>{w("empty_what")}</p>
      <ol>
        <li>{w(recognise ? "empty_self" : "recognise_off")}</li>
        <li>
          {w("empty_cli")}
          <pre tabindex={0}>
            <code>{LINES.join("\n")}</code>
          </pre>
        </li>
        <li>
          {w("empty_here")}{" "}
          <button type="button" class="button primary" onClick={onStart}>
            {w("start_run")}
          </button>
        </li>
      </ol>
    </section>
  );
}
