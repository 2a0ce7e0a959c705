// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, it } from "vitest";
import { language } from "../../base/locale";
import { conditionText, headersOf, matcherText, parseMatchers } from "./texts";

describe("conditions in words", () => {
  beforeEach(() => {
    language.value = "en";
  });
  it.each([
    [{ type: "over_limit" }, "a metric of anything over its limit"],
    [{ type: "over_limit", metric: "latency", service: "cart" }, "Latency p95 of cart over its limit"],
    [{ type: "threshold", metric: "latency_p99", op: ">", value: 250_000, server: "cart" }, "Latency p99 of * → cart > 250 ms"],
    [{ type: "bottleneck", service: "cart" }, "cart is the bottleneck"],
    [{ type: "event", kinds: ["oom_kill", "restart"] }, "oom_kill, restart happens"],
    [{ type: "something_later" }, "something_later"],
  ])("%j", (condition, words) => expect(conditionText(condition)).toBe(words));
});

describe("matchers as lines", () => {
  it("round trip", () => {
    const { matchers, bad } = parseMatchers("service ~ cart*\n\nseverity != info");
    expect(bad).toBeNull();
    expect(matchers.map(matcherText)).toEqual(["service ~ cart*", "severity != info"]);
  });
  it("names the line that is none", () => {
    expect(parseMatchers("service cart").bad).toBe("service cart");
    expect(parseMatchers("service =").bad).toBe("service =");
  });
});

it("reads headers", () => {
  expect(headersOf("X-A: b:c\nnonsense\n Y : z ")).toEqual({ "X-A": "b:c", Y: "z" });
});
