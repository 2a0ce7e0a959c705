// SPDX-License-Identifier: Apache-2.0
// The map page: head, verdict, map or table, panel, timeline.
import { useEffect, useState } from "preact/hooks";
import { clock } from "../../base/format";
import { t } from "../../base/locale";
import { Banner } from "../../panels/banner";
import { DiagnosisPanel } from "../../panels/diagnosis_panel";
import { Help } from "../../panels/help";
import { SidePanel } from "../../panels/side_panel";
import { StateIcon } from "../../widgets/icon";
import { Announcer } from "./announce";
import { type Action, actionOf, pressOf } from "./keys";
import { Legend } from "./legend";
import { MapCanvas, mapView } from "./map_canvas";
import {
  backToLive, change, goTo, link, live, notice, pastError, scene, selected, serverNow, shown,
  staleFor, start, timeline, toggleDiagnosis, togglePause, view, walk,
} from "./store";
import { TableView } from "./table_view";
import { TimelineBar } from "./timeline";
import { Header, LimitsBar } from "./toolbar";

const NOTICE_MS = 4000;

function stepTime(by: 1 | -1): void {
  const step = timeline.peek()?.step ?? 1;
  goTo((view.peek().at ?? serverNow()) + by * step);
}

function act(action: Action, openHelp: () => void): void {
  const now = view.peek();
  const actions: Record<Action, () => void> = {
    pause: togglePause,
    problems: () => change({ problems: !now.problems }),
    find: () => document.getElementById("find")?.focus(),
    group: () => change({ group: now.group === "none" ? "namespace" : "none" }),
    table: () => change({ view: now.view === "map" ? "table" : "map" }, true),
    hop_next: () => walk(1),
    hop_previous: () => walk(-1),
    diagnosis: toggleDiagnosis,
    close: () => {
      const active = document.activeElement;
      if (active instanceof HTMLInputElement) active.blur();
      else if (now.selection !== null || now.walk !== null) change({ selection: null, walk: null }, true);
      else if (now.find !== "") change({ find: "" });
    },
    fit: () => mapView.current?.fit(),
    zoom_in: () => mapView.current?.zoomBy(1.25),
    zoom_out: () => mapView.current?.zoomBy(0.8),
    earlier: () => stepTime(-1),
    later: () => stepTime(1),
    live: backToLive,
    help: openHelp,
  };
  actions[action]();
}

// Finding moves the focus to the best hit, so that Enter opens it.
function onFindKey(event: KeyboardEvent): void {
  if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement) || event.target.id !== "find") return;
  const wish = event.target.value.trim().toLowerCase();
  const nodes = scene.peek()?.nodes ?? [];
  const hit =
    nodes.find((n) => n.name.toLowerCase().startsWith(wish)) ??
    nodes.find((n) => n.name.toLowerCase().includes(wish));
  if (wish !== "" && hit !== undefined) mapView.current?.focus(hit.key);
}

function Notices() {
  const message = notice.value;
  useEffect(() => {
    if (message === null) return undefined;
    const timer = setTimeout(() => (notice.value = null), NOTICE_MS);
    return () => clearTimeout(timer);
  }, [message]);
  const stale = staleFor.value;
  const lost = link.value === "lost";
  return (
    <div class="notices" role="alert">
      {(stale > 0 || (lost && live.value !== null)) && (
        <p class="notice stale">
          <StateIcon state="near" /> {stale > 0 ? t("stale", { n: stale }) : t("reconnecting")}
        </p>
      )}
      {pastError.value !== null && view.value.at !== null && (
        <p class="notice stale">
          <StateIcon state="nodata" /> {t("not_then", { time: clock(view.value.at) })}
        </p>
      )}
      {message !== null && <p class={`notice ${message.bad ? "bad" : ""}`}>{message.text}</p>}
    </div>
  );
}

function Ground() {
  const snapshot = shown.value;
  const current = scene.value;
  if (snapshot === null) {
    const gone = link.value === "lost" && live.value === null;
    return (
      <div class="empty">
        <span class={`pulse ${gone ? "gone" : ""}`} aria-hidden="true" />
        <h2>{gone ? t("unreachable") : t("loading")}</h2>
        {gone && <p>{t("unreachable_text")}</p>}
      </div>
    );
  }
  if (snapshot.nodes.length === 0) {
    return (
      <div class="empty">
        <span class="pulse" aria-hidden="true" />
        <h2>{t("waiting")}</h2>
        <p>{t("waiting_text")}</p>
      </div>
    );
  }
  if (current !== null && current.nodes.length === 0) {
    return (
      <div class="empty">
        <StateIcon state="ok" size={34} />
        <h2>{view.value.problems ? t("no_problems") : t("nothing_matches")}</h2>
        <button type="button" class="button" onClick={() => change({ problems: false })}>
          {t("show_all")}
        </button>
      </div>
    );
  }
  return null;
}

export function MapPage() {
  const [help, setHelp] = useState(false);
  useEffect(() => {
    const stop = start();
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || document.querySelector("dialog[open]") !== null) return;
      onFindKey(event);
      const action = actionOf(pressOf(event));
      if (action === null) return;
      event.preventDefault();
      act(action, () => setHelp(true));
    };
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("keydown", onKey);
      stop();
    };
  }, []);
  const page = view.value.view;
  return (
    <div class={`page ${selected.value === null && view.value.walk === null ? "" : "with-side"}`} data-state={view.value.at === null ? "live" : "past"}>
      <Header onHelp={() => setHelp(true)} />
      <LimitsBar />
      <Banner />
      <main class="ground" aria-label={t("map")}>
        {page === "map" ? <MapCanvas /> : <TableView />}
        <Ground />
        {page === "map" && <Legend />}
        <Notices />
      </main>
      {view.value.walk === null ? <SidePanel /> : <DiagnosisPanel />}
      <TimelineBar />
      <Announcer />
      {help && <Help onClose={() => setHelp(false)} />}
    </div>
  );
}
