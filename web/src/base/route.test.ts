// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { href, parseRoute } from "./route";

describe("route", () => {
  it("reads every address it writes", () => {
    expect(parseRoute(href.run("20261123-a", { step: 2, tab: "load" }))).toEqual({
      page: "run", id: "20261123-a", query: { step: "2", tab: "load" },
    });
    expect(parseRoute(href.report("a1"))).toMatchObject({ page: "report", id: "a1" });
    expect(parseRoute(href.compare({ a: "x@1", b: "10..20", mode: null }))).toEqual({
      page: "compare", id: "", query: { a: "x@1", b: "10..20" },
    });
    expect(parseRoute(href.alerts({ tab: "rules" })).query).toEqual({ tab: "rules" });
    expect(parseRoute(href.runs({ q: "base line" })).query).toEqual({ q: "base line" });
  });
  it("takes everything else for the map", () => {
    for (const hash of ["", "#/map?at=5", "#/table", "#/runs/../../x", "#/runs/A B", "#/nonsense"]) {
      expect(parseRoute(hash).page).toBe("map");
    }
  });
  it("bounds what a link brings", () => {
    expect(parseRoute(`#/runs?q=${"x".repeat(5000)}`).query["q"]).toHaveLength(400);
  });
});
