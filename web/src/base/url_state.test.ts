// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { decodeView, DEFAULT_VIEW, encodeView, type ViewState } from "./url_state";

const VIEWS: ViewState[] = [
  DEFAULT_VIEW,
  { ...DEFAULT_VIEW, view: "table", at: 1_795_391_535, problems: true, group: "namespace", find: "a b&c=d#e" },
  { ...DEFAULT_VIEW, selection: { kind: "node", node: "shop/cart" }, range: 7200, baseline: 1_795_391_000 },
  { ...DEFAULT_VIEW, selection: { kind: "edge", client: "a~b", server: "<img src=x>?&%", port: 7070, protocol: "grpc" } },
  { ...DEFAULT_VIEW, selection: { kind: "node", node: "购物车 ~ %7E" } },
];

describe("the address bar", () => {
  it.each(VIEWS.map((view) => [encodeView(view), view] as const))("round trip %s", (hash, view) => {
    expect(decodeView(hash)).toEqual(view);
  });

  it.each([
    "",
    "#",
    "#/nowhere?at=x&sel=zzz&range=13&baseline=-1",
    "#/map?sel=edge~a~b",
    "#/map?sel=edge~a~b~99999",
    "#/map?sel=node~",
    "#/map?sel=node~%E0%A4%A",
    "#/map?at=Infinity",
  ])("falls back to the plain live map for %s", (hash) => {
    expect(decodeView(hash)).toEqual(DEFAULT_VIEW);
  });

  it("takes an edge without its protocol", () => {
    const { selection } = decodeView("#/map?sel=edge~a~b~80");
    expect(selection).toEqual({ kind: "edge", client: "a", server: "b", port: 80, protocol: "" });
  });

  it("keeps the plain view's address short", () => expect(encodeView(DEFAULT_VIEW)).toBe("#/map"));
});
