// SPDX-License-Identifier: Apache-2.0
// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import type { LossInfo } from "../api/types";
import { lossesOf } from "./losses";

const info = (cause: string, effect: LossInfo["effect"]): [string, LossInfo] => [
  cause,
  { cause, effect, unit: "events", doc: "" },
];
const known = new Map([info("ring_full", "lost"), info("late_event", "exact"), info("l7_invalid", "unread")]);

describe("losses", () => {
  it("tells what is missing from what is only a detail", () => {
    const losses = { ring_full: 2, late_event: 9, l7_invalid: 4 };
    expect(lossesOf("lost", losses, known)).toEqual([["ring_full", 2]]);
    expect(lossesOf("unread", losses, known)).toEqual([["l7_invalid", 4]]);
    expect(lossesOf("exact", losses, known)).toEqual([["late_event", 9]]);
  });

  it("takes a cause nobody describes for a loss, and leaves zeros out", () => {
    expect(lossesOf("lost", { new_cause: 1, ring_full: 0 }, known)).toEqual([["new_cause", 1]]);
  });

  it("puts the largest first", () => {
    expect(lossesOf("lost", { ring_full: 1, other: 5 }, known).map(([cause]) => cause)).toEqual(["other", "ring_full"]);
  });
});
