// SPDX-License-Identifier: Apache-2.0
// What the head of every page has: the name, the way to the other pages, language, theme.
import { language, t, theme, type Theme } from "../base/locale";
import { href, lastMap, route, type PageName } from "../base/route";
import type { Key } from "../base/strings";
import { Icon } from "./icon";

const TABS: [PageName, Key, readonly PageName[]][] = [
  ["map", "map", ["map"]],
  ["runs", "tab_runs", ["runs", "run", "report", "compare"]],
  ["alerts", "tab_alerts", ["alerts"]],
];

function target(page: PageName): string {
  if (page === "runs") return href.runs();
  if (page === "alerts") return href.alerts();
  return lastMap();
}

export function Tabs() {
  const { page } = route.value;
  return (
    <nav class="tabs" aria-label={t("pages")}>
      {TABS.map(([name, label, members]) => {
        const here = members.includes(page);
        return (
          <a key={name} class="tab" href={here && page === "map" ? "#/map" : target(name)} {...(here ? { "aria-current": "page" as const } : {})}>
            {t(label)}
          </a>
        );
      })}
    </nav>
  );
}

export function Brand() {
  return (
    <div class="brand">
      <svg width="26" height="26" viewBox="0 0 32 32" aria-hidden="true">
        <path d="M7 16C12 16 12 8 17 8h4M7 16c5 0 5 8 10 8h4" class="brand-line" />
        <circle cx="7" cy="16" r="3.800" class="brand-dot" />
        <circle cx="24" cy="8" r="3.800" class="brand-hot" />
        <circle cx="24" cy="24" r="3.800" class="brand-dot" />
      </svg>
      <h1>Panoscope</h1>
    </div>
  );
}

const NEXT_THEME: Record<Theme, Theme> = { auto: "dark", dark: "light", light: "auto" };

export function LookButtons() {
  const themeName = `${t("theme")}: ${t(`theme_${theme.value}`)}`;
  return (
    <>
      <button
        type="button"
        class="tool"
        onClick={() => (language.value = language.value === "en" ? "zh" : "en")}
        aria-label={language.value === "en" ? "中文, switch to Chinese" : "EN, 切换为英文"}
      >
        <span class="glyph">{language.value === "en" ? "中文" : "EN"}</span>
      </button>
      <button type="button" class="tool" onClick={() => (theme.value = NEXT_THEME[theme.value])} aria-label={themeName} title={themeName}>
        <Icon name="theme" />
      </button>
    </>
  );
}

// The head of the pages beside the map.
export function PlainHead() {
  return (
    <header class="head">
      <Brand />
      <Tabs />
      <div class="spacer" />
      <div class="tools" role="toolbar" aria-label={t("look")}>
        <LookButtons />
      </div>
    </header>
  );
}
