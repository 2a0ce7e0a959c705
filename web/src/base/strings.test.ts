// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { STRING_TABLE, translate } from "./strings";

const holes = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

describe("the string table", () => {
  it("has both languages with the same arguments in every row", () => {
    for (const [key, [en, zh]] of Object.entries(STRING_TABLE)) {
      expect(en, key).not.toBe("");
      expect(zh, key).not.toBe("");
      expect(holes(zh), key).toEqual(holes(en));
    }
  });

  it("fills arguments in once, and leaves unknown ones to be seen", () => {
    expect(translate("en", "hop_of", { i: 1, n: 3 })).toBe("hop 1 of 3");
    expect(translate("zh", "hop_of", { i: "{n}", n: 3 })).toBe("第 {n}/3 跳");
    expect(translate("en", "hop_of", { i: 1 })).toBe("hop 1 of {n}");
  });
});
