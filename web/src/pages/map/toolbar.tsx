// SPDX-License-Identifier: Apache-2.0
// The head of the page: live or not, what is shown, the limits, what was lost.
import { METRICS } from "../../api/types";
import { clock } from "../../base/format";
import { t } from "../../base/locale";
import { LimitEditor, limitText, metricName } from "../../panels/limit_editor";
import { Losses } from "../../panels/losses";
import { Brand, LookButtons, Tabs } from "../../widgets/head";
import { Icon } from "../../widgets/icon";
import { Popover } from "../../widgets/popover";
import { backToLive, change, isLive, limits, link, paused, shown, togglePause, view } from "./store";

function LiveButton() {
  const at = view.value.at;
  if (at !== null) {
    return (
      <button type="button" class="live-button past" onClick={backToLive} aria-label={t("back_to_live")}>
        <span class="dot" />
        <span class="tabular">{`${t("past")} ${clock(at)}`}</span>
        <Icon name="play" size={13} />
      </button>
    );
  }
  const name = paused.value ? t("resume") : t("pause");
  const word = paused.value ? t("paused") : t("live");
  return (
    <button
      type="button"
      class={`live-button ${isLive.value && link.value === "live" ? "live" : "held"}`}
      onClick={togglePause}
      aria-label={`${word}, ${name}`}
      title={`${name} (Space)`}
    >
      <span class="dot" />
      <span>{word}</span>
      <Icon name={paused.value ? "play" : "pause"} size={13} />
    </button>
  );
}

function Finder() {
  const find = view.value.find;
  return (
    <label class="finder">
      <Icon name="search" />
      <span class="hidden">{t("find")}</span>
      <input
        id="find"
        type="search"
        value={find}
        placeholder={t("find_hint")}
        onInput={(event) => change({ find: event.currentTarget.value })}
      />
    </label>
  );
}

interface ToggleProps {
  on: boolean;
  icon: Parameters<typeof Icon>[0]["name"];
  label: string;
  hotkey: string;
  onToggle: () => void;
}

function Toggle({ on, icon, label, hotkey, onToggle }: ToggleProps) {
  return (
    <button type="button" class="tool" aria-pressed={on} onClick={onToggle} aria-label={label} title={`${label} (${hotkey})`}>
      <Icon name={icon} />
      <span class="tool-text">{label}</span>
    </button>
  );
}

export function Header({ onHelp }: { onHelp: () => void }) {
  const { problems, group, view: page } = view.value;
  return (
    <header class="head">
      <Brand />
      <Tabs />
      <LiveButton />
      <Finder />
      <div class="spacer" />
      <div class="tools" role="toolbar" aria-label={t("map")}>
        <Toggle on={problems} icon="filter" label={t("only_problems")} hotkey="o" onToggle={() => change({ problems: !problems })} />
        <Toggle
          on={group === "namespace"}
          icon="group"
          label={`${t("group")}: ${t(`group_${group}`)}`}
          hotkey="g"
          onToggle={() => change({ group: group === "none" ? "namespace" : "none" })}
        />
        <Toggle
          on={page === "table"}
          icon={page === "table" ? "map" : "table"}
          label={page === "table" ? t("map") : t("table")}
          hotkey="t"
          onToggle={() => change({ view: page === "table" ? "map" : "table" }, true)}
        />
        <LookButtons />
        <button type="button" class="tool" onClick={onHelp} aria-label={`?, ${t("help")}`} title={`${t("help")} (?)`}>
          <span class="glyph">?</span>
        </button>
      </div>
    </header>
  );
}

function LimitChip({ metric }: { metric: string }) {
  const limit = limits.value?.defaults[metric] ?? null;
  const name = metricName(metric);
  return (
    <Popover
      label={t("limit_edit", { metric: name })}
      button={
        <>
          <span class={`swatch m-${metric}`} />
          <span>{name}</span>
          <b class="tabular">{limit === null ? "" : `> ${limitText(metric, limit)}`}</b>
        </>
      }
    >
      {(close) => (
        <LimitEditor metric={metric} limit={limit} target={{ kind: "default" }} scope={t("limit_scope_default")} onDone={close} />
      )}
    </Popover>
  );
}

export function LimitsBar() {
  const snapshot = shown.value;
  return (
    <section class="limits" aria-label={t("limits")}>
      {METRICS.map((metric) => (
        <LimitChip key={metric} metric={metric} />
      ))}
      <div class="spacer" />
      {snapshot !== null && (
        <>
          <span class="fact">
            <span>{t("tier")}</span> <b>{snapshot.tier}</b>
          </span>
          <span class={snapshot.stage === "full" ? "fact" : "fact warn"}>
            <span>{t("stage")}</span> <b>{snapshot.stage}</b>
          </span>
          <Losses />
        </>
      )}
    </section>
  );
}
