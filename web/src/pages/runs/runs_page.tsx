// SPDX-License-Identifier: Apache-2.0
// Every load test there was: the one that runs on top, the others as a table; two make a comparison.
import { useEffect, useState } from "preact/hooks";
import { getRuns, type RunFilter } from "../../api/runs";
import type { Run, RunList } from "../../api/run_types";
import { t } from "../../base/locale";
import { goTo, href, route, setQuery } from "../../base/route";
import { PlainHead } from "../../widgets/head";
import { Icon } from "../../widgets/icon";
import { useLoaded } from "../../widgets/loaded";
import { Toast } from "../../widgets/toast";
import { Empty } from "./empty";
import { RunningCard } from "./running_card";
import { RunsTable } from "./runs_table";
import { StartForm } from "./start_form";
import { w } from "./words";
import "./runs.css";

const REFRESH_MS = 4000;
const PAGE = 100;

function filterOf(query: Record<string, string>): RunFilter {
  const out: RunFilter = { limit: PAGE };
  if (query["q"]) out.q = query["q"];
  if (query["state"]) out.state = query["state"];
  if (query["origin"]) out.origin = query["origin"];
  if (query["label"]) out.label = query["label"];
  return out;
}

function Filters({ query }: { query: Record<string, string> }) {
  return (
    <>
      <label class="finder">
        <Icon name="search" />
        <span class="hidden">{w("search")}</span>
        <input type="search" id="find-run" value={query["q"] ?? ""} placeholder={w("search")} onInput={(e) => setQuery({ q: e.currentTarget.value })} />
      </label>
      <label class="select">
        <span class="hidden">{w("filter_state")}</span>
        <select value={query["state"] ?? ""} onChange={(e) => setQuery({ state: e.currentTarget.value })}>
          <option value="">{w("all_states")}</option>
          <option value="running">{w("state_running")}</option>
          <option value="done">{w("state_done")}</option>
          <option value="aborted">{w("state_aborted")}</option>
        </select>
      </label>
      <label class="select">
        <span class="hidden">{w("filter_origin")}</span>
        <select value={query["origin"] ?? ""} onChange={(e) => setQuery({ origin: e.currentTarget.value })}>
          <option value="">{w("all_origins")}</option>
          <option value="manual">{w("origin_manual")}</option>
          <option value="recognised">{w("origin_recognised")}</option>
        </select>
      </label>
      {query["label"] !== undefined && (
        <button type="button" class="label-tag on" aria-label={`${query["label"]}, ${w("remove_filter")}`} onClick={() => setQuery({ label: null })}>
          {query["label"]}
          <Icon name="close" size={10} />
        </button>
      )}
    </>
  );
}

// Runs older than the first page, fetched on demand.
function useOlder(filter: RunFilter): { older: Run[]; more: (last: Run) => void } {
  const [older, setOlder] = useState<Run[]>([]);
  const key = JSON.stringify(filter);
  useEffect(() => setOlder([]), [key]);
  const more = (last: Run) => {
    getRuns({ ...filter, before: last.begin }).then(
      (list) => setOlder((before) => [...before, ...list.runs]),
      () => {},
    );
  };
  return { older, more };
}

export function RunsPage() {
  const { query } = route.value;
  const filter = filterOf(query);
  const list = useLoaded<RunList>((signal) => getRuns(filter, signal), JSON.stringify(filter), REFRESH_MS);
  const { older, more } = useOlder(filter);
  const [starting, setStarting] = useState(false);
  const [picked, setPicked] = useState<readonly string[]>([]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing = event.target instanceof Element && event.target.closest("input, textarea, select") !== null;
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      document.getElementById("find-run")?.focus();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  const all = [...(list.value?.runs ?? []), ...older];
  const running = all.find((run) => run.state === "running");
  const filtered = ["q", "state", "origin", "label"].some((name) => query[name] !== undefined);
  const pick = (id: string) =>
    setPicked(picked.includes(id) ? picked.filter((p) => p !== id) : [...picked, id].slice(-2));
  // The earlier one is what the later is held against.
  const compare = () => {
    const [a, b] = all.filter((run) => picked.includes(run.id)).sort((x, y) => x.begin - y.begin);
    if (a !== undefined && b !== undefined) goTo(href.compare({ a: a.id, b: b.id }));
  };
  const nothing = list.value !== null && all.length === 0;
  const last = all.at(-1);
  return (
    <div class="sheet-page">
      <PlainHead />
      <main class="sheet">
        <div class="sheet-head">
          <h2>{w("runs")}</h2>
          {list.value !== null && <span class="muted tabular">{w("total", { n: list.value.total })}</span>}
          <div class="spacer" />
          {!(nothing && !filtered) && <Filters query={query} />}
          <button type="button" class="button" disabled={picked.length !== 2} onClick={compare} title={w(picked.length === 2 ? "compare_two" : "compare_hint")}>
            <Icon name="compare" size={13} />
            {w("compare")} <span class="tabular">{`${picked.length}/2`}</span>
          </button>
          <button type="button" class="button primary" aria-expanded={starting} onClick={() => setStarting(!starting)} disabled={running?.origin === "manual"}>
            <Icon name="play" size={12} />
            {w("start_run")}
          </button>
        </div>
        {list.error !== null && <p class="band warn" role="alert">{w("unreachable", { why: list.error })}</p>}
        {(list.value?.alarms ?? []).map((alarm) => (
          <p class="band warn" key={alarm} lang="en">
            {alarm}
          </p>
        ))}
        {starting && (
          <section class="box" aria-label={w("start_run")}>
            <StartForm
              onDone={() => {
                setStarting(false);
                list.reload();
              }}
            />
          </section>
        )}
        {running !== undefined && <RunningCard key={running.id} run={running} onChange={list.reload} />}
        {list.value === null && list.error === null && <p class="hint">{t("loading")}</p>}
        {nothing && !filtered && <Empty recognise={list.value?.recognise ?? true} onStart={() => setStarting(true)} />}
        {nothing && filtered && (
          <div class="nothing">
            <p>{w("nothing_found")}</p>
            <button type="button" class="button" onClick={() => setQuery({ q: null, state: null, origin: null, label: null })}>
              {w("clear_filters")}
            </button>
          </div>
        )}
        {all.length > 0 && <RunsTable runs={all} picked={picked} onPick={pick} />}
        {last !== undefined && all.length < (list.value?.total ?? 0) && (
          <p class="center">
            <button type="button" class="button" onClick={() => more(last)}>
              {w("more")}
            </button>
          </p>
        )}
        <Toast />
      </main>
    </div>
  );
}
