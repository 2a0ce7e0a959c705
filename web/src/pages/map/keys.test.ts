// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { actionOf } from "./keys";

const press = (key: string, changes = {}) => ({ key, ctrl: false, typing: false, control: false, ...changes });

describe("keys", () => {
  it("names the action", () => {
    expect(actionOf(press("]"))).toBe("hop_next");
    expect(actionOf(press("o"))).toBe("problems");
    expect(actionOf(press("q"))).toBeNull();
  });
  it("leaves typing and the browser's own keys alone", () => {
    expect(actionOf(press("o", { typing: true }))).toBeNull();
    expect(actionOf(press("Escape", { typing: true }))).toBe("close");
    expect(actionOf(press("l", { ctrl: true }))).toBeNull();
  });
  it("leaves Space to a focused button", () => {
    expect(actionOf(press(" "))).toBe("pause");
    expect(actionOf(press(" ", { control: true }))).toBeNull();
  });
});
