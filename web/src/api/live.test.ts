// SPDX-License-Identifier: Apache-2.0
// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Link, LiveStream } from "./live";
import type { MapEvent, Snapshot } from "./types";

// The browser's EventSource as far as the stream uses it; the network is not what is tested here.
class Source extends EventTarget {
  static opened: Source[] = [];
  closed = false;
  constructor(readonly url: string) {
    super();
    Source.opened.push(this);
  }
  close() {
    this.closed = true;
  }
  send(type: string, body: unknown) {
    const data = typeof body === "string" ? body : JSON.stringify(body);
    this.dispatchEvent(new MessageEvent(type, { data }));
  }
}

const columns = { id: [], state: [], since: [], worst: [], metrics: {}, states: {}, details: {} };
const snapshot = { time: 10, from: 5, to: 10, topology: 1, nodes: [], edges: [], live: true };
const tick = (time: number, topology = 1, events: MapEvent[] = []) => ({
  time, topology, edges: columns, nodes: columns, verdict: {}, losses: {}, stage: "full", events,
});

function last(): Source {
  return Source.opened.at(-1) as Source;
}

function setHidden(hidden: boolean) {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}

describe("the live stream", () => {
  let times: number[];
  let links: Link[];
  let events: MapEvent[];
  let stream: LiveStream;

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("EventSource", Source);
    Source.opened = [];
    times = [];
    links = [];
    events = [];
    stream = new LiveStream(
      {
        snapshot: (s: Snapshot) => times.push(s.time),
        events: (more) => events.push(...more),
        link: (state) => links.push(state),
      },
      "/stream",
      [100, 1000],
    );
    stream.start();
  });
  afterEach(() => {
    stream.stop();
    setHidden(false);
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("hands on the snapshot and each second after it", () => {
    last().send("snapshot", snapshot);
    last().send("tick", tick(11, 1, [{ time: 11, kind: "scale", text: "x2" }]));
    expect(times).toEqual([10, 11]);
    expect(events.map((e) => e.text)).toEqual(["x2"]);
    expect(links.at(-1)).toBe("live");
  });

  it("comes back after a break, later each time", () => {
    last().dispatchEvent(new Event("error"));
    expect(links.at(-1)).toBe("lost");
    vi.advanceTimersByTime(100);
    expect(Source.opened).toHaveLength(2);
    last().dispatchEvent(new Event("error"));
    vi.advanceTimersByTime(999);
    expect(Source.opened).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(Source.opened).toHaveLength(3);
    expect(Source.opened.filter((s) => !s.closed)).toHaveLength(1);
  });

  it("asks anew when a tick belongs to another topology or is garbage", () => {
    last().send("snapshot", snapshot);
    last().send("tick", tick(11, 2));
    vi.advanceTimersByTime(100);
    expect(Source.opened).toHaveLength(2);
    last().send("snapshot", "{broken");
    expect(last().closed).toBe(true);
    expect(times).toEqual([10]);
  });

  it("lets go while the tab is hidden", () => {
    setHidden(true);
    expect(last().closed).toBe(true);
    expect(links.at(-1)).toBe("asleep");
    setHidden(false);
    expect(Source.opened).toHaveLength(2);
    expect(last().closed).toBe(false);
  });
});
