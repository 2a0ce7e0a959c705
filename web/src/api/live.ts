// SPDX-License-Identifier: Apache-2.0
// in: /api/v1/map/stream  out: snapshots and ticks, and the health of the connection
import { mergeTick } from "./merge";
import type { MapEvent, Snapshot, Tick } from "./types";

export type Link = "connecting" | "live" | "lost" | "asleep";

export interface LiveSink {
  snapshot(snapshot: Snapshot): void;
  events(events: MapEvent[]): void;
  link(link: Link): void;
}

const RETRY_MS = [500, 1000, 2000, 4000, 8000];

// Owns one EventSource. A hidden tab lets go of it; a broken one is opened again with back-off.
export class LiveStream {
  private source: EventSource | null = null;
  private base: Snapshot | null = null;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wanted = false;

  constructor(
    private readonly sink: LiveSink,
    private readonly url = "/api/v1/map/stream",
    private readonly retryMs: readonly number[] = RETRY_MS,
  ) {}

  start(): void {
    if (this.wanted) return;
    this.wanted = true;
    document.addEventListener("visibilitychange", this.onVisibility);
    this.onVisibility();
  }

  stop(): void {
    this.wanted = false;
    document.removeEventListener("visibilitychange", this.onVisibility);
    this.close();
  }

  private readonly onVisibility = (): void => {
    if (document.hidden) {
      this.close();
      this.sink.link("asleep");
    } else if (this.source === null) {
      this.open();
    }
  };

  private open(): void {
    this.close();
    if (!this.wanted || document.hidden) return;
    this.sink.link("connecting");
    const source = new EventSource(this.url);
    this.source = source;
    source.addEventListener("snapshot", (event) => this.onSnapshot(event as MessageEvent<string>));
    source.addEventListener("tick", (event) => this.onTick(event as MessageEvent<string>));
    source.addEventListener("error", () => this.retry());
  }

  private close(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  private retry(): void {
    this.close();
    if (!this.wanted) return;
    this.sink.link("lost");
    const wait = this.retryMs[Math.min(this.failures, this.retryMs.length - 1)] ?? 1000;
    this.failures += 1;
    this.timer = setTimeout(() => this.open(), wait);
  }

  private parse<T>(event: MessageEvent<string>): T | null {
    try {
      return JSON.parse(event.data) as T;
    } catch {
      this.retry();
      return null;
    }
  }

  private onSnapshot(event: MessageEvent<string>): void {
    const snapshot = this.parse<Snapshot>(event);
    if (snapshot === null) return;
    this.base = snapshot;
    this.failures = 0;
    this.sink.link("live");
    this.sink.snapshot(snapshot);
  }

  private onTick(event: MessageEvent<string>): void {
    const tick = this.parse<Tick>(event);
    if (tick === null || this.base === null) return;
    const merged = mergeTick(this.base, tick);
    if (merged === null) {
      // A tick of a topology we have not been told: opening again brings its snapshot.
      this.retry();
      return;
    }
    this.base = merged;
    this.sink.link("live");
    this.sink.snapshot(merged);
    if (tick.events.length > 0) this.sink.events(tick.events);
  }
}
