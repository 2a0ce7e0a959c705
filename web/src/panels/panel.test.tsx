// SPDX-License-Identifier: Apache-2.0
// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { MapEdge, MapNode, Snapshot } from "../api/types";
import { language } from "../base/locale";
import { DEFAULT_VIEW } from "../base/url_state";
import { limits, live, reference, view } from "../pages/map/store";
import { Banner } from "./banner";
import { moveOf } from "./metric_table";
import { SidePanel } from "./side_panel";

const METRICS = { traffic: 4.8e6, request_rate: 1120, errors: 0, latency: 11e6, connect_latency: null, connect_failures: 63 };
const STATES = { traffic: "ok", request_rate: "ok", errors: "ok", latency: "over", connect_latency: "nodata", connect_failures: "over" } as const;
const OVER = {
  state: "over" as const, since: 1000,
  worst: { metric: "latency", value: 11e6, limit: 1e6, severity: 11 },
  metrics: METRICS, states: { ...STATES }, details: { in_flight: 40, zero_window: null },
};
const node = (id: number, name: string, role: MapNode["role"]): MapNode => ({
  id, name, namespace: "", kind: "service", entry: id === 1, instances: [{ id: 5, name: `${name}-abc`, pid: 7 }],
  replicas: 1, role, ...OVER,
});
const edge: MapEdge = { id: 9, client: 1, server: 2, port: 3550, protocol: "grpc", on_path: true, ...OVER };
const HOSTILE = "<img src=x onerror=window.pwned=1>";
const snapshot: Snapshot = {
  time: 1042, from: 1037, to: 1042, live: true, topology: 1, losses: {}, stage: "full", tier: "t",
  nodes: [node(1, "front", "victim"), node(2, HOSTILE, "origin")],
  edges: [edge],
  verdict: {
    bottleneck: HOSTILE, bottleneck_id: 2, confidence: 0.93, sentence: `${HOSTILE} is slow`, path: ["front", HOSTILE],
    path_ids: [1, 2], steps: [{ client: "front", server: HOSTILE, edge: 9, latency_us: 11e6, share: 0.8, text: "waits" }],
    evidence: ["CPU throttled 92 % of the time"], candidates: [], next: null, status: "bottleneck",
  },
};

describe("panel and banner", () => {
  const root = document.createElement("div");
  const show = (what: preact.ComponentChild) => act(() => render(what, root));

  beforeEach(() => {
    document.body.appendChild(root);
    language.value = "en";
    live.value = snapshot;
    limits.value = { defaults: { latency: 1e6, errors: 0, connect_latency: 1e4 }, overrides: [] };
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("no network here")));
  });
  afterEach(() => {
    act(() => render(null, root));
    view.value = DEFAULT_VIEW;
    reference.value = null;
    vi.unstubAllGlobals();
  });
  const rows = () =>
    [...root.querySelectorAll("table.metrics tbody tr")].map((row) =>
      [...row.querySelectorAll("td")].slice(0, 3).map((cell) => cell.textContent),
    );

  it("shows now, limit and baseline of an edge, unknown as a dash", () => {
    view.value = { ...DEFAULT_VIEW, selection: { kind: "edge", client: "front", server: HOSTILE, port: 3550, protocol: "grpc" } };
    const before = { ...snapshot, edges: [{ ...edge, metrics: { ...METRICS, latency: 40_000 } }] };
    reference.value = { baseline: { from: 900, to: 960, reason: "trouble", text: "" }, map: before };
    show(<SidePanel />);
    expect(rows()[0]?.[0]).toContain("4.8 MB/s");
    expect(rows()[3]).toEqual(["11.0 sover limit", "1.0 s", "40 ms ↑"]);
    expect(rows()[4]?.[0]).toContain("–");
    expect(root.querySelector(".state-line")?.textContent).toContain("over limit for 00:42");
    expect(root.querySelector(".detail-grid")?.textContent).toBe("In flight40");
  });

  it("takes hostile names as text", () => {
    view.value = { ...DEFAULT_VIEW, selection: { kind: "node", node: HOSTILE } };
    show(
      <>
        <Banner />
        <SidePanel />
      </>,
    );
    expect(root.querySelectorAll("img")).toHaveLength(0);
    expect(root.querySelector("aside h2")?.textContent).toBe(HOSTILE);
    expect(root.querySelector(".link.big")?.textContent).toBe(HOSTILE);
  });

  it("lists a node's callers and its role", () => {
    view.value = { ...DEFAULT_VIEW, selection: { kind: "node", node: HOSTILE } };
    show(<SidePanel />);
    expect(root.querySelector(".relation-name")?.textContent).toBe("front");
    expect(root.querySelector(".role")?.textContent).toBe("origin");
  });

  it("shows nothing for a selection that is gone", () => {
    view.value = { ...DEFAULT_VIEW, selection: { kind: "node", node: "gone" } };
    show(<SidePanel />);
    expect(root.querySelector("aside")).toBeNull();
  });

  it("refuses a limit that is no number, and opens on the present one", () => {
    view.value = { ...DEFAULT_VIEW, selection: { kind: "node", node: HOSTILE } };
    show(<SidePanel />);
    act(() => root.querySelectorAll<HTMLButtonElement>("button.limit")[3]?.click());
    const box = root.querySelector<HTMLInputElement>(".limit-editor input");
    expect(box?.value).toBe("1.0 s");
    act(() => {
      if (box !== null) box.value = "soon";
      box?.dispatchEvent(new Event("input", { bubbles: true }));
    });
    act(() => {
      root.querySelector("form")?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
    });
    expect(root.querySelector(".hint.bad")?.textContent).toBe("Not a number with a unit");
  });

  it("says the server's sentence, and its own in Chinese", () => {
    show(<Banner />);
    expect(root.querySelector(".sentence")?.textContent).toBe(`${HOSTILE} is slow`);
    act(() => {
      language.value = "zh";
    });
    expect(root.querySelector(".sentence")?.textContent).toContain("是瓶颈");
  });

  it("says so when it does not know", () => {
    live.value = { ...snapshot, verdict: { ...snapshot.verdict, status: "unknown", bottleneck: null, sentence: "" } };
    show(<Banner />);
    expect(root.querySelector("h2")?.textContent).toBe("No verdict yet");
  });
});

describe("before and after", () => {
  it("calls more latency worse, more requests nothing, and small changes the same", () => {
    expect(moveOf("latency", 11e6, 4e4)).toBe("worse");
    expect(moveOf("latency", 4e4, 11e6)).toBe("better");
    expect(moveOf("request_rate", 500, 100)).toBe("same");
    expect(moveOf("latency", 104, 100)).toBe("same");
    expect(moveOf("errors", null, 3)).toBe("same");
  });
});
