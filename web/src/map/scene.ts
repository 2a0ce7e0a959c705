// SPDX-License-Identifier: Apache-2.0
// in: a snapshot and the view's filters  out: what the map draws, as plain data
import { count } from "../base/format";
import { formatMetric } from "../base/metric";
import type { Key } from "../base/strings";
import { METRICS, type MapEdge, type MapNode, type Snapshot, type State } from "../api/types";
import { type Grouped, groupSnapshot } from "./group";
import { type IconName, iconFor } from "./icons";

export type Tone =
  | "origin" | "victim" | "near" | "ok" | "nodata" | "idle"
  | "worse" | "better" | "changed" | "same" | "new" | "vanished"; // of a comparison

export interface SceneNode {
  key: string;
  source: MapNode;
  name: string;
  icon: IconName;
  tone: Tone;
  state: State;
  worst: string; // the number that matters most
  rate: string;
  replicas: number;
  strip: State[];
  onPath: boolean;
  bottleneck: boolean;
  members: number; // > 0 for a collapsed group
  label: string; // accessible name, starts with the visible name
  mark?: string; // path data in place of the state's icon
}

export interface SceneEdge {
  key: string;
  source: MapEdge;
  from: string;
  to: string;
  tone: Tone;
  state: State;
  width: number;
  pill: string | null;
  severity: number;
  onPath: boolean;
  label: string;
  mark?: string; // path data in place of the state's icon
  ghost?: number; // width of the outline behind: what it was before
}

export interface Scene {
  nodes: SceneNode[];
  edges: SceneEdge[];
  hidden: number; // nodes a filter left out
  shape: string; // changes only when the set of nodes or edges does
}

export interface SceneOptions {
  problems: boolean;
  group: "none" | "namespace";
  expanded: ReadonlySet<string>;
  idleVisible: (edge: MapEdge) => boolean;
  text: (key: Key, values?: Record<string, string | number>) => string;
}

// 1 kB/s is one pixel, 10 MB/s ten: the eye compares orders of magnitude.
export function widthOf(traffic: number | null | undefined): number {
  if (traffic === null || traffic === undefined || traffic <= 0) return 1;
  const width = 1 + (Math.log10(traffic) - 3) * 2.25;
  return Math.round(Math.min(10, Math.max(1, width)) * 2) / 2;
}

export function toneOf(state: State, origin: boolean): Tone {
  if (state === "over") return origin ? "origin" : "victim";
  return state;
}

// The pill carries the number and, where the number alone would be a riddle, a word.
export function pillText(
  worst: { metric: string; value: number } | null,
  text: SceneOptions["text"],
): string | null {
  if (worst === null) return null;
  const value = formatMetric(worst.metric, worst.value);
  switch (worst.metric) {
    case "errors":
      return text("pill_errors", { v: count(worst.value) });
    case "connect_failures":
      return text("pill_connect_failures", { v: count(worst.value) });
    case "connect_latency":
      return text("pill_connect_latency", { v: value });
    default:
      return value;
  }
}

// A state clears only after some good seconds: until then the value itself is no longer bad.
function troubleText(item: Pick<MapEdge, "state" | "worst">, text: SceneOptions["text"]): string | null {
  if (item.state !== "over" && item.state !== "near") return null;
  const { worst } = item;
  const good = worst !== null && worst.limit !== null && worst.value <= worst.limit;
  return item.state === "over" && good ? text("pill_clearing") : pillText(worst, text);
}

// Without an origin named, everything over its limit is drawn solid: nothing is known to be innocent.
function isOrigin(node: MapNode | undefined, anyOrigin: boolean): boolean {
  return !anyOrigin || node?.role === "origin";
}

function nodeView(
  node: MapNode,
  grouped: Grouped,
  snapshot: Snapshot,
  options: SceneOptions,
  anyOrigin: boolean,
): SceneNode {
  const key = grouped.keyOf(node);
  const pill = troubleText(node, options.text);
  const worst = pill ?? formatMetric("latency", node.metrics["latency"]);
  const rate = formatMetric("request_rate", node.metrics["request_rate"]);
  const bottleneck = snapshot.verdict.bottleneck_id !== null && node.id === snapshot.verdict.bottleneck_id;
  const label = [
    node.name,
    options.text(`state_${node.state}`),
    bottleneck ? options.text("bottleneck_word") : "",
    worst,
    rate,
  ];
  return {
    key,
    source: node,
    name: node.name,
    icon: grouped.members(node) > 0 ? "group" : iconFor(node, snapshot),
    tone: toneOf(node.state, isOrigin(node, anyOrigin)),
    state: node.state,
    worst,
    rate,
    replicas: node.replicas,
    strip: METRICS.map((metric) => node.states[metric] ?? "nodata"),
    onPath: snapshot.verdict.path_ids.includes(node.id),
    bottleneck,
    members: grouped.members(node),
    label: label.filter((part) => part !== "").join(", "),
  };
}

function edgeView(
  edge: MapEdge,
  nodes: Map<number, MapNode>,
  grouped: Grouped,
  options: SceneOptions,
  anyOrigin: boolean,
): SceneEdge | null {
  const client = nodes.get(edge.client);
  const server = nodes.get(edge.server);
  if (client === undefined || server === undefined) return null;
  const pill = troubleText(edge, options.text);
  return {
    key: `e${edge.id}`,
    source: edge,
    from: grouped.keyOf(client),
    to: grouped.keyOf(server),
    tone: toneOf(edge.state, isOrigin(server, anyOrigin)),
    state: edge.state,
    width: widthOf(edge.metrics["traffic"]),
    pill,
    severity: edge.worst?.severity ?? 0,
    onPath: edge.on_path,
    label: `${client.name} → ${server.name}, ${options.text(`state_${edge.state}`)}${pill === null ? "" : `, ${pill}`}`,
  };
}

function isProblem(item: { state: State }): boolean {
  return item.state === "over" || item.state === "near";
}

export function buildScene(input: Snapshot, options: SceneOptions): Scene {
  const grouped = groupSnapshot(input, options.group === "namespace" ? options.expanded : null);
  const snapshot = grouped.snapshot;
  const byId = new Map(snapshot.nodes.map((node) => [node.id, node]));
  const anyOrigin = snapshot.nodes.some((node) => node.role === "origin");
  let edges = snapshot.edges
    .filter((edge) => edge.state !== "idle" || options.idleVisible(edge))
    .flatMap((edge) => edgeView(edge, byId, grouped, options, anyOrigin) ?? []);
  let nodes = snapshot.nodes.map((node) => nodeView(node, grouped, snapshot, options, anyOrigin));

  const total = nodes.length;
  const linked = new Set(edges.flatMap((edge) => [edge.from, edge.to]));
  const quiet = nodes.filter((node) => linked.has(node.key) || node.state !== "idle");
  // A machine where nothing talks yet still shows who is there.
  if (quiet.length > 0) nodes = quiet;
  if (options.problems) {
    edges = edges.filter((edge) => isProblem(edge) || edge.onPath);
    const kept = new Set(edges.flatMap((edge) => [edge.from, edge.to]));
    nodes = nodes.filter((node) => isProblem(node) || node.bottleneck || kept.has(node.key));
  }
  const keys = [...nodes.map((node) => node.key), ...edges.map((edge) => edge.key)].sort();
  return { nodes, edges, hidden: total - nodes.length, shape: keys.join(" ") };
}
