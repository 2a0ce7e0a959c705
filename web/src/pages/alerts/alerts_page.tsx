// SPDX-License-Identifier: Apache-2.0
// What fires, by which rules, who is told, what is held back, what happened.
import { useRef } from "preact/hooks";
import { getAlerts } from "../../api/alerts";
import type { AlertsNow } from "../../api/alert_types";
import { t } from "../../base/locale";
import { route, setQuery } from "../../base/route";
import { PlainHead } from "../../widgets/head";
import { useLoaded } from "../../widgets/loaded";
import { Toast } from "../../widgets/toast";
import { HistoryList } from "./history";
import { Now } from "./now";
import { Routes } from "./routes";
import { Rules } from "./rules";
import { Silences } from "./silences";
import { aw } from "./words";
import "../runs/runs.css";
import "../run/run.css";
import "./alerts.css";

const REFRESH_MS = 2000;
const TABS = ["now", "rules", "routes", "silences", "history"] as const;
type Tab = (typeof TABS)[number];

function open(name: Tab): void {
  setQuery({ tab: name === "now" ? null : name, kind: null }, true);
}

function Body({ tab, alerts, reload }: { tab: Tab; alerts: AlertsNow | null; reload: () => void }) {
  switch (tab) {
    case "rules":
      return <Rules />;
    case "routes":
      return <Routes onChange={reload} />;
    case "silences":
      return <Silences />;
    case "history":
      return <HistoryList />;
    default:
      return alerts === null ? <p class="hint">{t("loading")}</p> : <Now alerts={alerts} onChange={reload} />;
  }
}

export function AlertsPage() {
  const tab = TABS.find((name) => name === route.value.query["tab"]) ?? "now";
  const { value: alerts, error, reload } = useLoaded<AlertsNow>((signal) => getAlerts(signal), "alerts", REFRESH_MS);
  const row = useRef<HTMLDivElement>(null);
  const onKey = (event: KeyboardEvent) => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const next = TABS[(TABS.indexOf(tab) + by + TABS.length) % TABS.length];
    if (by === 0 || next === undefined) return;
    event.preventDefault();
    open(next);
    requestAnimationFrame(() => row.current?.querySelector<HTMLElement>("[aria-selected=true]")?.focus());
  };
  return (
    <div class="sheet-page">
      <PlainHead />
      <main class="sheet">
        <div class="sheet-head">
          <h2>{aw("title")}</h2>
          {alerts !== null && (
            <span class="muted tabular">
              {`${alerts.counts.firing} ${aw("firing")}, ${alerts.counts.pending} ${aw("pending")}, ${alerts.counts.silenced} ${aw("silenced")}`}
            </span>
          )}
        </div>
        <div class="panel-tabs wide" role="tablist" ref={row} onKeyDown={onKey}>
          {TABS.map((name) => (
            <button type="button" role="tab" key={name} aria-selected={name === tab} aria-controls="alert-panel" tabindex={name === tab ? 0 : -1} onClick={() => open(name)}>
              {aw(`tab_${name}`)}
            </button>
          ))}
        </div>
        <div id="alert-panel" role="tabpanel" aria-label={aw(`tab_${tab}`)} class="alert-panel">
          {error !== null && <p class="band bad" role="alert">{aw("failed", { why: error })}</p>}
          {alerts !== null && !alerts.on && (
            <p class="band warn">
              <b>{aw("off", { why: alerts.why_off === "no route is enabled" ? aw("no_route") : alerts.why_off })}</b> {aw("off_help")}
            </p>
          )}
          {(alerts?.alarms ?? []).map((text) => (
            <p class="band warn" key={text} lang="en">
              {text}
            </p>
          ))}
          <Body tab={tab} alerts={alerts} reload={reload} />
        </div>
        <Toast />
      </main>
    </div>
  );
}
