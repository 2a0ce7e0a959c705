// SPDX-License-Identifier: Apache-2.0
// in: a comparison and the maps of both sides  out: scenes: both in one, or one of each with the
// same shape. Keys are names, so that the same call is the same line on every map. Pure.
import type { Comparison, Delta, EdgeDelta, Ranked, ServiceDelta } from "../../api/run_types";
import type { MapEdge, MapNode, Snapshot, Value } from "../../api/types";
import { iconFor } from "../../map/icons";
import { buildScene, type Scene, type SceneEdge, type SceneNode, type SceneOptions, type Tone, widthOf } from "../../map/scene";
import { formatChangeValue, shareOf } from "./values";

export const MARKS = {
  worse: "M0-5.500 5 1H1.700V5.500H-1.700V1H-5z",
  better: "M0 5.500-5-1H-1.700V-5.500H1.700V-1H5z",
  changed: "M-5.500-2.800H5.500V-.8H-5.500zM-5.500.8H5.500V2.800H-5.500z",
  same: "M-2.200 0a2.200 2.200 0 1 0 4.400 0 2.200 2.200 0 1 0-4.400 0",
  new: "M-1-5.500H1V-1H5.500V1H1V5.500H-1V1H-5.500V-1H-1z",
  vanished: "M-5.500-1.100H5.500V1.100H-5.500z",
} as const;
export type ChangeTone = keyof typeof MARKS;

export interface Voice {
  metric: string;
  delta: Delta;
}

// What the server's ranking says of one call or service: where it first stands, and its metrics in order.
interface Told {
  place: number;
  metrics: string[];
}

export type Ranking = ReadonlyMap<string, Told>;

export function rankedKey(row: Ranked): string {
  if (row.service !== undefined) return nodeKey(row.service);
  const { client = "", server = "", port = 0, protocol = "" } = row;
  return edgeKey({ client, server, port, protocol });
}

export function rankingOf(ranked: readonly Ranked[]): Ranking {
  const out = new Map<string, Told>();
  ranked.forEach((row, place) => {
    const key = rankedKey(row);
    const told = out.get(key);
    if (told === undefined) out.set(key, { place, metrics: [row.metric] });
    else told.metrics.push(row.metric);
  });
  return out;
}

function sizeOf(delta: Delta): number {
  const change = Math.abs(delta.change ?? 1);
  return change / (1 + change);
}

// What speaks for a call or service: what the ranking names first of it; where it names nothing (it
// ends after so many rows), its largest change.
export function voiceOf(metrics: Readonly<Record<string, Delta>>, only: string | null, told?: Told): Voice | null {
  let best: Voice | null = null;
  for (const metric of only === null ? (told?.metrics ?? []) : [only]) {
    const delta = metrics[metric];
    if (delta?.significant === true) return { metric, delta };
  }
  if (only !== null) return null;
  for (const [metric, delta] of Object.entries(metrics)) {
    if (delta.significant && (best === null || sizeOf(delta) > sizeOf(best.delta))) best = { metric, delta };
  }
  return best;
}

// The more, the sooner its pill gets a place: the ranking's order, then calls that came or went, then
// the rest by size.
function urgency(delta: EdgeDelta, voice: Voice | null, told: Told | undefined): number {
  if (voice === null) return delta.presence === "both" ? 0 : 1;
  return told === undefined ? sizeOf(voice.delta) : 2 + 1 / (1 + told.place);
}

function toneOf(voice: Voice | null): ChangeTone {
  if (voice === null || voice.delta.direction === "none") return "same";
  return voice.delta.direction === "different" ? "changed" : voice.delta.direction;
}

const MOST_PILLS = 16;

export function nodeKey(name: string): string {
  return `n:${name}`;
}

export function edgeKey(edge: { client: string; server: string; port: number; protocol: string }): string {
  return `e:${edge.client}>${edge.server}:${edge.port}/${edge.protocol}`;
}

export function changeText(delta: Delta): string {
  if (delta.change === null) return delta.a === 0 || delta.a === null ? "+" : "−";
  if (delta.change >= 2) return `×${(1 + delta.change).toFixed(delta.change >= 9 ? 0 : 1)}`;
  return `${delta.change > 0 ? "+" : delta.change < 0 ? "−" : ""}${shareOf(delta.change)}`;
}

export function pillOf(voice: Voice | null): string | null {
  if (voice === null || voice.delta.direction === "none") return null;
  const { metric, delta } = voice;
  return `${formatChangeValue(metric, delta.a)} → ${formatChangeValue(metric, delta.b)}`;
}

interface Sides {
  a: Snapshot | null;
  b: Snapshot | null;
}

const EMPTY_NODE: Omit<MapNode, "id" | "name"> = {
  namespace: "", kind: "service", entry: false, instances: [], replicas: 1, role: null, state: "idle",
  since: null, worst: null, metrics: {}, states: {}, details: {},
};

function nodeOf(sides: Sides, delta: ServiceDelta): { node: MapNode; from: Snapshot | null } {
  const inB = sides.b?.nodes.find((n) => n.id === delta.id_b);
  if (inB !== undefined) return { node: inB, from: sides.b };
  const inA = sides.a?.nodes.find((n) => n.id === delta.id_a);
  if (inA !== undefined) return { node: inA, from: sides.a };
  return { node: { ...EMPTY_NODE, id: 0, name: delta.service }, from: null };
}

function emptyEdge(delta: EdgeDelta): MapEdge {
  return {
    id: 0, client: 0, server: 0, port: delta.port, protocol: delta.protocol, state: "idle", since: null,
    worst: null, metrics: {}, states: {}, details: {}, on_path: false,
  };
}

function traffic(delta: EdgeDelta, side: "a" | "b"): Value {
  return delta.metrics["traffic"]?.[side] ?? null;
}

function shapeOf(nodes: readonly SceneNode[], edges: readonly SceneEdge[]): string {
  return [...nodes.map((n) => n.key), ...edges.map((e) => e.key)].sort().join(" ");
}

// Names an edge has but no service delta covers would have no card: they get one.
function servicesOf(comparison: Comparison): ServiceDelta[] {
  const known = new Map(comparison.services.map((s) => [s.service, s]));
  for (const edge of comparison.edges) {
    for (const service of [edge.client, edge.server]) {
      if (!known.has(service)) known.set(service, { service, id_a: null, id_b: null, presence: "both", entry_us: null, metrics: {} });
    }
  }
  return [...known.values()];
}

export function overlayScene(comparison: Comparison, sides: Sides, metric: string | null, text: (tone: ChangeTone) => string): Scene {
  const ranking = rankingOf(comparison.ranked);
  const nodes = servicesOf(comparison).map((delta): SceneNode => {
    const { node, from } = nodeOf(sides, delta);
    const told = ranking.get(nodeKey(delta.service));
    const voice = delta.presence === "both" ? voiceOf(delta.metrics, metric, told) : null;
    const tone: ChangeTone = delta.presence === "both" ? toneOf(voice) : delta.presence;
    const latency = delta.metrics["latency_p95"];
    const shown = pillOf(voice) ?? formatChangeValue("latency_p95", latency?.b ?? latency?.a ?? null);
    return {
      key: nodeKey(delta.service), source: node, name: delta.service,
      icon: from === null ? "service" : iconFor(node, from),
      tone, state: "ok", worst: shown, rate: "", replicas: node.replicas, strip: [], onPath: false,
      bottleneck: false, members: 0, mark: MARKS[tone],
      label: `${delta.service}, ${text(tone)}, ${shown}`,
    };
  });
  const edges = comparison.edges.map((delta): SceneEdge => {
    const told = ranking.get(edgeKey(delta));
    const voice = delta.presence === "both" ? voiceOf(delta.metrics, metric, told) : null;
    const tone: ChangeTone = delta.presence === "both" ? toneOf(voice) : delta.presence;
    const side = delta.presence === "vanished" ? "a" : "b";
    const pill = delta.presence === "both" ? pillOf(voice) : text(tone);
    return {
      key: edgeKey(delta), source: sides.b?.edges.find((e) => e.id === delta.id_b) ?? emptyEdge(delta),
      from: nodeKey(delta.client), to: nodeKey(delta.server),
      tone, state: "ok", width: Math.max(1.5, widthOf(traffic(delta, side))),
      ghost: delta.presence === "both" ? widthOf(traffic(delta, "a")) : 0,
      pill: tone === "same" ? null : pill, severity: urgency(delta, voice, told),
      onPath: false, mark: MARKS[tone],
      label: `${delta.client} → ${delta.server}, ${text(tone)}${pill === null ? "" : `, ${pill}`}`,
    };
  });
  // Where everything moved, only the first of the ranking speak; the lines and the table say the rest.
  const speak = new Set(edges.filter((e) => e.pill !== null).sort((a, b) => b.severity - a.severity).slice(0, MOST_PILLS));
  for (const edge of edges) if (!speak.has(edge)) edge.pill = null;
  return { nodes, edges, hidden: 0, shape: shapeOf(nodes, edges) };
}

// One side as its own map, with what only the other side has kept as an empty place.
export function sideScene(comparison: Comparison, snapshot: Snapshot | null, side: "a" | "b", options: Pick<SceneOptions, "text">, absent: string): Scene {
  const id = side === "a" ? "id_a" : "id_b";
  const own =
    snapshot === null
      ? null
      : buildScene(snapshot, { problems: false, group: "none", expanded: new Set(), idleVisible: () => true, text: options.text });
  const nodes = servicesOf(comparison).map((delta): SceneNode => {
    const found = own?.nodes.find((n) => n.source.id === delta[id] || (delta[id] === null && n.name === delta.service));
    const key = nodeKey(delta.service);
    if (found !== undefined) return Object.assign(found, { key });
    return {
      key, source: { ...EMPTY_NODE, id: 0, name: delta.service }, name: delta.service, icon: "service", tone: "vanished",
      state: "idle", worst: absent, rate: "", replicas: 1, strip: [], onPath: false, bottleneck: false,
      members: 0, mark: MARKS.vanished, label: `${delta.service}, ${absent}`,
    };
  });
  const edges = comparison.edges.map((delta): SceneEdge => {
    const found = delta[id] === null ? undefined : own?.edges.find((e) => e.source.id === delta[id]);
    const place = { key: edgeKey(delta), from: nodeKey(delta.client), to: nodeKey(delta.server) };
    if (found !== undefined) return Object.assign(found, place);
    const tone: Tone = "vanished";
    return {
      ...place, source: emptyEdge(delta), tone, state: "idle", width: 1, pill: null, severity: 0, onPath: false,
      label: `${delta.client} → ${delta.server}, ${absent}`,
    };
  });
  return { nodes, edges, hidden: 0, shape: shapeOf(nodes, edges) };
}
