// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { RunStep } from "../../api/run_types";
import { readRunView, selectionText, stepAt, stretchOf } from "./view";

describe("the part of a run that is looked at", () => {
  it("comes from the address and goes back into it", () => {
    const sel = selectionText({ kind: "edge", client: "a~b", server: "c", port: 80, protocol: "http" }) ?? "";
    const view = readRunView({ tab: "load", step: "2", sel, hop: "1" });
    expect(view).toMatchObject({ tab: "load", step: 2, at: null, hop: 1, selection: { client: "a~b" } });
    expect(selectionText(view.selection)).toBe(sel);
  });
  it("bears nonsense", () => {
    expect(readRunView({ tab: "x", step: "-1", at: "1e9", sel: "zz" })).toEqual({
      tab: "overview", step: null, at: null, selection: null, hop: 0,
    });
  });
  it("asks for the moment before the step", () => {
    expect(stretchOf(readRunView({ step: "2", at: "100" }))).toEqual({ at: 100 });
    expect(stretchOf(readRunView({ step: "2" }))).toEqual({ step: 2 });
    expect(stretchOf(readRunView({}))).toEqual({});
  });
  it("finds the step of a time", () => {
    const steps = [{ index: 0, from: 0, to: 10 }, { index: 1, from: 10, to: 20 }] as RunStep[];
    expect(stepAt(steps, 10)?.index).toBe(1);
    expect(stepAt(steps, 20)).toBeNull();
  });
});
