// SPDX-License-Identifier: Apache-2.0
// The chosen language and theme: the only two things the page keeps in the browser.
import { effect, signal } from "@preact/signals";
import { type Key, type Language, translate } from "./strings";

export type Theme = "auto" | "dark" | "light";

function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function store(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Private mode: the choice lasts as long as the tab.
  }
}

function firstLanguage(): Language {
  const kept = stored("panoscope.language");
  if (kept === "en" || kept === "zh") return kept;
  const wish = typeof navigator === "undefined" ? "en" : navigator.language;
  return wish.toLowerCase().startsWith("zh") ? "zh" : "en";
}

function firstTheme(): Theme {
  const kept = stored("panoscope.theme");
  return kept === "dark" || kept === "light" ? kept : "auto";
}

export const language = signal<Language>(firstLanguage());
export const theme = signal<Theme>(firstTheme());

export function t(key: Key, values?: Record<string, string | number>): string {
  return translate(language.value, key, values);
}

export function applyLocale(): () => void {
  return effect(() => {
    document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
    store("panoscope.language", language.value);
    store("panoscope.theme", theme.value);
    if (theme.value === "auto") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme.value;
  });
}
