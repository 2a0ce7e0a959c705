// SPDX-License-Identifier: Apache-2.0
import { beforeEach, describe, expect, it } from "vitest";
import { language } from "../../base/locale";
import { conditionText, headersOf } from "./texts";

describe("conditions in words", () => {
  beforeEach(() => {
    language.value = "en";
  });
  it.each([
    [{ type: "over_limit" }, "a metric of anything over its limit"],
    [{ type: "over_limit", metric: "latency", service: "cart" }, "Latency p95 of cart over its limit"],
    [{ type: "threshold", metric: "latency_p99", op: ">", value: 250_000, server: "cart" }, "Latency p99 of * → cart > 250 ms"],
    [{ type: "bottleneck", service: "cart" }, "cart is the bottleneck"],
    [{ type: "bottleneck", classes: ["memory", "new_class"], min_confidence: 0.8 }, "a bottleneck is named, because short of memory or new_class, at least 80 % sure"],
    [{ type: "event", kinds: ["oom_kill", "restart"], service: "cart" }, "cart: killed for lack of memory or restarted"],
    [{ type: "event", kinds: ["something_later"], count: 3 }, "anything: something_later, 3 times or more"],
    [{ type: "something_later" }, "something_later"],
  ])("%j", (condition, words) => expect(conditionText(condition)).toBe(words));
});

it("reads headers", () => {
  expect(headersOf("X-A: b:c\nnonsense\n Y : z ")).toEqual({ "X-A": "b:c", Y: "z" });
});
