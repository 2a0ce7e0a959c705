// SPDX-License-Identifier: Apache-2.0
// What fired, what was sent and whether it arrived, newest first.
import { useEffect, useState } from "preact/hooks";
import { getHistory } from "../../api/alerts";
import type { History as Answered, HistoryEntry } from "../../api/alert_types";
import { span, when } from "../../base/day";
import { route, setQuery } from "../../base/route";
import { StateIcon } from "../../widgets/icon";
import { useLoaded } from "../../widgets/loaded";
import { SeverityTag } from "./now";
import { aw } from "./words";

const REFRESH_MS = 5000;
const PAGE = 100;

function Entry({ entry }: { entry: HistoryEntry }) {
  if (entry.kind === "alert") {
    const firing = entry.state === "firing";
    return (
      <tr>
        <td class="tabular">{when(entry.time)}</td>
        <td>
          <span class="state-cell">
            <StateIcon state={firing ? (entry.severity === "critical" ? "over" : "near") : "ok"} size={12} /> {aw(entry.state)}
          </span>
        </td>
        <td>
          <SeverityTag severity={entry.severity} />
        </td>
        <th scope="row" lang="en">
          {entry.text}
          <small class="muted">{entry.rule_name}</small>
        </th>
        <td class="tabular muted">{entry.duration_s === null ? "" : aw("lasted", { v: span(entry.duration_s) })}</td>
      </tr>
    );
  }
  return (
    <tr>
      <td class="tabular">{when(entry.time)}</td>
      <td>
        <span class="state-cell">
          <StateIcon state={entry.ok ? "ok" : "over"} size={12} /> {aw(`msg_${entry.state}`, { route: entry.route_name })}
        </span>
      </td>
      <td class="tabular muted">{entry.status ?? ""}</td>
      <th scope="row" lang="en">
        {entry.title}
        {entry.error !== "" && <small class="v-over">{entry.error}</small>}
      </th>
      <td class="tabular muted">{entry.attempt > 1 ? aw("attempt", { n: entry.attempt }) : ""}</td>
    </tr>
  );
}

export function HistoryList() {
  const kind = route.value.query["kind"];
  const [older, setOlder] = useState<HistoryEntry[]>([]);
  const { value, error } = useLoaded<Answered>((signal) => getHistory({ kind, limit: PAGE }, signal), `history ${kind ?? ""}`, REFRESH_MS);
  useEffect(() => setOlder([]), [kind]);
  const entries = [...(value?.entries ?? []), ...older];
  const last = entries.at(-1);
  const more = () => {
    if (last === undefined) return;
    getHistory({ kind, limit: PAGE, before: last.number }).then(
      (answer) => setOlder((before) => [...before, ...answer.entries]),
      () => {},
    );
  };
  return (
    <>
      <p class="list-tools">
        <label class="select">
          <span class="hidden">{aw("what")}</span>
          <select value={kind ?? ""} onChange={(e) => setQuery({ kind: e.currentTarget.value })}>
            <option value="">{aw("all_kinds")}</option>
            <option value="alert">{aw("kind_alert")}</option>
            <option value="message">{aw("kind_message")}</option>
          </select>
        </label>
      </p>
      {error !== null && <p class="band warn" role="alert">{error}</p>}
      {value !== null && entries.length === 0 && <p class="hint">{aw("history_empty")}</p>}
      {entries.length > 0 && (
        <div class="table-scroll" tabindex={0} role="region" aria-label={aw("tab_history")}>
          <table class="big alerts">
            <tbody>
              {entries.map((entry) => (
                <Entry key={entry.number} entry={entry} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {value?.more === true && (
        <p class="center">
          <button type="button" class="button" onClick={more}>
            {aw("older")}
          </button>
        </p>
      )}
    </>
  );
}
