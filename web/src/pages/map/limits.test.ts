// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { Limits } from "../../api/types";
import { limitFor, type Target, withLimit } from "./limits";

const base: Limits = {
  defaults: { latency: 1e6, errors: 0 },
  overrides: [
    { service: "cart", metric: "latency", limit: 5e5 },
    { client: "a", server: "cart", metric: "latency", limit: null },
  ],
};
const node: Target = { kind: "node", service: "cart" };
const edge = (client: string, server: string): Target => ({ kind: "edge", client, server });

describe("limits", () => {
  it("takes the edge's own, else its server's, else the default", () => {
    expect(limitFor(base, edge("a", "cart"), "latency")).toBeNull();
    expect(limitFor(base, edge("b", "cart"), "latency")).toBe(5e5);
    expect(limitFor(base, edge("cart", "redis"), "latency")).toBe(1e6);
    expect(limitFor(base, node, "errors")).toBe(0);
    expect(limitFor(null, node, "errors")).toBeNull();
  });
  it("replaces an override and leaves the others", () => {
    const next = withLimit(base, node, "latency", 2e6);
    expect(limitFor(next, node, "latency")).toBe(2e6);
    expect(next.overrides).toHaveLength(2);
    expect(limitFor(base, node, "latency")).toBe(5e5);
  });
  it("drops an override that says what applies anyway", () => {
    expect(withLimit(base, node, "latency", 1e6).overrides).toHaveLength(1);
  });
  it("sets a default", () => {
    expect(withLimit(base, { kind: "default" }, "errors", 5).defaults["errors"]).toBe(5);
  });
});
