// SPDX-License-Identifier: Apache-2.0
// The state of the map page: what the server said, what the person chose, what follows from both.
import { batch, computed, effect, signal, untracked } from "@preact/signals";
import { ApiError, getEvents, getLimits, getMap, getTimeline, putLimits } from "../../api/client";
import { type Link, LiveStream } from "../../api/live";
import type { Limits, MapEdge, MapEvent, MapNode, Snapshot, Timeline } from "../../api/types";
import { t } from "../../base/locale";
import { parseRoute } from "../../base/route";
import { decodeView, encodeView, type Selection, type ViewState } from "../../base/url_state";
import { buildScene, type Scene } from "../../map/scene";
import { groupSnapshot } from "../../map/group";
import { chooseBaseline, type Baseline } from "./baseline";
import { type Target, withLimit } from "./limits";

const STALE_S = 3;
const IDLE_KEEP_S = 60;

export const view = signal<ViewState>(decodeView(location.hash));
export const live = signal<Snapshot | null>(null);
export const frozen = signal<Snapshot | null>(null);
export const past = signal<Snapshot | null>(null);
export const pastError = signal<string | null>(null);
export const link = signal<Link>("connecting");
export const heardAt = signal(performance.now());
export const second = signal(0); // counts up once a second, drives everything that ages
export const events = signal<MapEvent[]>([]);
export const timeline = signal<Timeline | null>(null);
export const limits = signal<Limits | null>(null);
export const notice = signal<{ text: string; bad: boolean } | null>(null);
export const hop = signal<number | null>(null);
export const expanded = signal<ReadonlySet<string>>(new Set());
export const reference = signal<{ baseline: Baseline; map: Snapshot } | null>(null);

export const paused = computed(() => frozen.value !== null);
export const isLive = computed(() => view.value.at === null && !paused.value);
export const shown = computed<Snapshot | null>(() => {
  if (view.value.at !== null) return past.value;
  return frozen.value ?? live.value;
});

// Seconds without a tick; 0 while the picture is fresh or not meant to move.
export const staleFor = computed(() => {
  void second.value;
  if (link.value === "asleep" || live.value === null) return 0;
  const age = Math.floor((performance.now() - heardAt.value) / 1000);
  return age > STALE_S ? age : 0;
});

const lastBusy = new Map<number, number>(); // edge id -> time it last carried anything

function noteBusy(snapshot: Snapshot): void {
  for (const edge of snapshot.edges) {
    if (edge.state !== "idle") lastBusy.set(edge.id, snapshot.time);
  }
}

export const scene = computed<Scene | null>(() => {
  const snapshot = shown.value;
  if (snapshot === null) return null;
  return buildScene(snapshot, {
    problems: view.value.problems,
    group: view.value.group,
    expanded: expanded.value,
    idleVisible: (edge) => snapshot.time - (lastBusy.get(edge.id) ?? -1e9) < IDLE_KEEP_S,
    text: t,
  });
});

export function change(values: Partial<ViewState>, keepHistory = false): void {
  const next = { ...view.peek(), ...values };
  const hash = encodeView(next);
  if (hash !== encodeView(view.peek())) {
    if (keepHistory) history.pushState(null, "", hash);
    else history.replaceState(null, "", hash);
  }
  view.value = next;
}

export function nodeName(node: MapNode): string {
  return node.namespace === "" || node.id < 0 ? node.name : `${node.namespace}/${node.name}`;
}

export type Selected =
  | { kind: "node"; node: MapNode }
  | { kind: "edge"; edge: MapEdge; client: MapNode; server: MapNode };

// The snapshot as grouped for the map, so that a group can be opened like a service.
export const drawn = computed<Snapshot | null>(() => {
  const snapshot = shown.value;
  if (snapshot === null) return null;
  return groupSnapshot(snapshot, view.value.group === "namespace" ? expanded.value : null).snapshot;
});

export const selected = computed<Selected | null>(() => {
  const snapshot = drawn.value;
  const selection = view.value.selection;
  if (snapshot === null || selection === null) return null;
  if (selection.kind === "node") {
    const node = snapshot.nodes.find((n) => nodeName(n) === selection.node);
    return node === undefined ? null : { kind: "node", node };
  }
  const byId = new Map(snapshot.nodes.map((n) => [n.id, n]));
  for (const edge of snapshot.edges) {
    const client = byId.get(edge.client);
    const server = byId.get(edge.server);
    if (client === undefined || server === undefined || edge.port !== selection.port) continue;
    if (selection.protocol !== "" && selection.protocol !== edge.protocol) continue;
    if (nodeName(client) === selection.client && nodeName(server) === selection.server) {
      return { kind: "edge", edge, client, server };
    }
  }
  return null;
});

export function selectNode(node: MapNode): void {
  change({ selection: { kind: "node", node: nodeName(node) }, walk: null }, true);
}

export function selectEdge(edge: MapEdge, others: Partial<ViewState> = { walk: null }): void {
  const nodes = drawn.peek()?.nodes ?? [];
  const client = nodes.find((n) => n.id === edge.client);
  const server = nodes.find((n) => n.id === edge.server);
  if (client === undefined || server === undefined) return;
  const selection: Selection = {
    kind: "edge",
    client: nodeName(client),
    server: nodeName(server),
    port: edge.port,
    protocol: edge.protocol,
  };
  change({ ...others, selection }, true);
}

export function togglePause(): void {
  if (view.peek().at !== null) backToLive();
  else frozen.value = frozen.peek() === null ? live.peek() : null;
}

export function backToLive(): void {
  batch(() => {
    frozen.value = null;
    change({ at: null });
  });
}

export function serverNow(): number {
  return live.peek()?.time ?? Math.floor(Date.now() / 1000);
}

export function goTo(time: number): void {
  const now = serverNow();
  if (time >= now - 1) backToLive();
  else change({ at: Math.round(time) });
}

// Walks the verdict's steps: 1 onwards, -1 back.
export function walk(by: 1 | -1): void {
  const steps = shown.peek()?.verdict.steps ?? [];
  if (steps.length === 0) return;
  const at = hop.peek();
  walkTo(at === null ? (by === 1 ? 0 : steps.length - 1) : at + by);
}

// Shows one step on the map, and in the diagnosis panel where that is open.
export function walkTo(next: number): void {
  const step = shown.peek()?.verdict.steps[next];
  if (step === undefined) return;
  hop.value = next;
  const walk = view.peek().walk === null ? null : next;
  const edge = drawn.peek()?.edges.find((e) => e.id === step.edge);
  if (edge !== undefined) selectEdge(edge, { walk });
  else change({ walk });
}

// Opens the diagnosis panel where the walk stands, else at the end of it; closes it again.
export function toggleDiagnosis(): void {
  if (view.peek().walk !== null) {
    change({ walk: null, selection: null }, true);
    return;
  }
  const steps = shown.peek()?.verdict.steps ?? [];
  change({ walk: 0 }, true);
  walkTo(Math.min(hop.peek() ?? steps.length - 1, steps.length - 1));
}

export function say(text: string, bad = false): void {
  notice.value = { text, bad };
}

export async function editLimit(target: Target, metric: string, limit: number | null): Promise<void> {
  const before = limits.peek() ?? (await getLimits());
  const next = withLimit(before, target, metric, limit);
  limits.value = next;
  try {
    limits.value = await putLimits(next);
    say(t("limit_saved"));
  } catch (error) {
    limits.value = before;
    say(t("limit_failed", { why: error instanceof ApiError ? error.message : String(error) }), true);
  }
}

export const baseline = computed<Baseline | null>(() => {
  const at = shown.value?.time;
  if (at === undefined) return null;
  return chooseBaseline(view.value.baseline, timeline.value, events.value, at);
});

function mergeEvents(more: MapEvent[]): void {
  const all = new Map(events.peek().map((e) => [`${e.time} ${e.kind} ${e.text}`, e]));
  for (const e of more) all.set(`${e.time} ${e.kind} ${e.text}`, e);
  events.value = [...all.values()].sort((a, b) => a.time - b.time);
}

async function refreshTimeline(): Promise<void> {
  const range = view.peek().range;
  const step = Math.max(1, Math.ceil(range / 300));
  const to = Math.floor(serverNow() / step) * step + step;
  try {
    const [line, known] = await Promise.all([
      getTimeline(to - range, to, step),
      getEvents(to - range, to),
    ]);
    timeline.value = line;
    mergeEvents(known.events);
  } catch {
    // The stale banner tells; the last timeline stays.
  }
}

function followPast(): () => void {
  let control: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return effect(() => {
    const at = view.value.at;
    control?.abort();
    clearTimeout(timer);
    if (at === null) {
      past.value = null;
      pastError.value = null;
      return;
    }
    // Scrubbing asks many times a second; the first answer comes at once, the rest at ease.
    const wait = untracked(() => past.value) === null ? 0 : 90;
    timer = setTimeout(() => {
      control = new AbortController();
      getMap({ at }, control.signal).then(
        (snapshot) => {
          noteBusy(snapshot);
          batch(() => {
            past.value = snapshot;
            pastError.value = null;
          });
        },
        (error: unknown) => {
          if (error instanceof DOMException) return;
          pastError.value = error instanceof Error ? error.message : String(error);
        },
      );
    }, wait);
  });
}

function followBaseline(): () => void {
  let asked = "";
  return effect(() => {
    const wish = baseline.value;
    const wanted = view.value.selection !== null;
    if (!wanted) return;
    const key = wish === null ? "" : `${wish.from} ${wish.to}`;
    if (key === asked) return;
    asked = key;
    if (wish === null) {
      reference.value = null;
      return;
    }
    getMap({ from: wish.from, to: wish.to }).then(
      (map) => {
        if (asked === key) reference.value = { baseline: wish, map };
      },
      () => {
        if (asked === key) reference.value = null;
      },
    );
  });
}

function onHash(): void {
  if (parseRoute(location.hash).page !== "map") return;
  view.value = decodeView(location.hash);
}

// Starts everything that runs by itself; the answer stops it.
export function start(): () => void {
  const stream = new LiveStream({
    snapshot(snapshot) {
      noteBusy(snapshot);
      batch(() => {
        live.value = snapshot;
        heardAt.value = performance.now();
      });
    },
    events: mergeEvents,
    link: (state) => (link.value = state),
  });
  onHash(); // another page may have stood here since
  addEventListener("popstate", onHash);
  addEventListener("hashchange", onHash);
  const timer = setInterval(() => {
    second.value += 1;
    const slow = view.peek().range > 600 ? 5 : 2;
    if (!document.hidden && second.peek() % slow === 0) void refreshTimeline();
  }, 1000);
  const stops = [
    followPast(),
    followBaseline(),
    effect(() => {
      void view.value.range;
      void refreshTimeline();
    }),
    effect(() => {
      if (link.value !== "live") return;
      getLimits().then(
        (body) => (limits.value = body),
        () => {},
      );
    }),
  ];
  stream.start();
  return () => {
    stream.stop();
    clearInterval(timer);
    removeEventListener("popstate", onHash);
    removeEventListener("hashchange", onHash);
    for (const stop of stops) stop();
  };
}
