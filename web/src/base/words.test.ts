// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { ALERT_WORDS } from "../pages/alerts/words";
import { COMPARE_WORDS } from "../pages/compare/words";
import { RUN_WORDS } from "../pages/runs/words";
import { WALK_WORDS } from "../panels/diagnosis_words";
import { type Words, wordsOf } from "./words";

const holes = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

describe("the words of the later pages", () => {
  it("stand in both languages with the same arguments", () => {
    const tables: Words[] = [RUN_WORDS, COMPARE_WORDS, ALERT_WORDS, WALK_WORDS];
    for (const [key, [en, zh]] of tables.flatMap((table) => Object.entries(table))) {
      expect(en, key).not.toBe("");
      expect(zh, key).not.toBe("");
      expect(holes(zh), key).toEqual(holes(en));
    }
  });
  it("fills arguments in", () => {
    expect(wordsOf({ hi: ["{n} runs", "{n} 条"] })("hi", { n: 3 })).toBe("3 runs");
  });
});
