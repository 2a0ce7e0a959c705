// SPDX-License-Identifier: Apache-2.0
// A page that is loaded later brings its own words, English and Chinese in one row as in strings.ts.
import { language } from "./locale";

export type Words = Record<string, readonly [string, string]>;

export function wordsOf<T extends Words>(table: T) {
  return (key: keyof T & string, values: Record<string, string | number> = {}): string => {
    const row = table[key] ?? ["", ""];
    const text = row[language.value === "zh" ? 1 : 0];
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  };
}
