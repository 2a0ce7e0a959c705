// SPDX-License-Identifier: Apache-2.0
// The right side: everything about one edge, one service or one group.
import { lazy, Suspense } from "./lazy";
import type { MapEdge, MapNode, State, Values, Worst } from "../api/types";
import { elapsed } from "../base/format";
import { t } from "../base/locale";
import { formatMetric, metricLabel } from "../base/metric";
import { pathTo } from "../map/navigate";
import { pillText, toneOf } from "../map/scene";
import {
  change, drawn, expanded, reference, scene, second, selectEdge, selectNode, selected, shown,
} from "../pages/map/store";
import { Icon, StateIcon } from "../widgets/icon";
import { baselineValues, MetricTable } from "./metric_table";

const Curves = lazy(() => import("./curves").then((module) => module.Curves));

function close(): void {
  change({ selection: null, walk: null }, true);
}

function Crumbs({ target, last }: { target: number; last: string }) {
  const current = scene.value;
  const snapshot = drawn.value;
  if (current === null || snapshot === null) return null;
  const key = current.nodes.find((n) => n.source.id === target)?.key;
  const path = key === undefined ? [] : pathTo(current, key);
  const nodes = path.flatMap((k) => current.nodes.find((n) => n.key === k) ?? []);
  return (
    <nav class="crumbs" aria-label={t("walk")}>
      <ol>
        {nodes.map((node) => (
          <li key={node.key}>
            <button type="button" class="link" onClick={() => selectNode(node.source)}>
              {node.name}
            </button>
          </li>
        ))}
        {last !== "" && <li aria-current="location">{last}</li>}
      </ol>
    </nav>
  );
}

interface StateLineProps {
  state: State;
  since: number | null;
  origin: boolean;
  role: MapNode["role"];
  worst: Worst | null;
}

function StateLine({ state, since, origin, role, worst }: StateLineProps) {
  void second.value;
  const now = shown.value?.time ?? 0;
  const name = t(`state_${state}`);
  const bad = state === "over" || state === "near";
  const text = since === null || !bad ? name : t("state_for", { state: name, time: elapsed(now - since) });
  const pill = bad ? pillText(worst, t) : null;
  return (
    <p class={`state-line ${toneOf(state, origin)}`}>
      <StateIcon state={state} tone={toneOf(state, origin)} size={14} />
      <span class="tabular">{text}</span>
      {role !== null && bad && <span class={`role ${role}`}>{t(role)}</span>}
      {pill !== null && <b class="tabular">{pill}</b>}
    </p>
  );
}

function Details({ values }: { values: Values }) {
  const rows = Object.entries(values).filter(([, value]) => value !== null);
  if (rows.length === 0) return null;
  return (
    <details class="fold" open>
      <summary>{t("details")}</summary>
      <dl class="detail-grid">
        {rows.map(([name, value]) => {
          const label = metricLabel(name);
          return (
            <div key={name}>
              <dt>{label === undefined ? name : t(label)}</dt>
              <dd class="tabular">{formatMetric(name, value)}</dd>
            </div>
          );
        })}
      </dl>
    </details>
  );
}

function Relations({ title, edges, end }: { title: string; edges: MapEdge[]; end: "client" | "server" }) {
  const nodes = new Map((drawn.value?.nodes ?? []).map((n) => [n.id, n]));
  if (edges.length === 0) return null;
  const sorted = [...edges].sort(
    (a, b) =>
      (b.worst?.severity ?? 0) - (a.worst?.severity ?? 0) ||
      (b.metrics["latency"] ?? 0) - (a.metrics["latency"] ?? 0),
  );
  const anyOrigin = [...nodes.values()].some((n) => n.role === "origin");
  return (
    <section class="relations" aria-label={title}>
      <h3>{title}</h3>
      <ul>
        {sorted.map((edge) => {
          const other = nodes.get(edge[end]);
          const origin = !anyOrigin || nodes.get(edge.server)?.role === "origin";
          return (
            <li key={edge.id}>
              <button type="button" class="relation" onClick={() => selectEdge(edge)}>
                <StateIcon state={edge.state} tone={toneOf(edge.state, origin)} size={11} />
                <span class="relation-name">{other?.name ?? "?"}</span>
                <span class="muted">{edge.protocol}</span>
                <span class="tabular">{formatMetric("request_rate", edge.metrics["request_rate"])}</span>
                <span class={`tabular value ${edge.states["latency"] ?? ""}`}>{formatMetric("latency", edge.metrics["latency"])}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Instances({ node }: { node: MapNode }) {
  if (node.instances.length === 0) return null;
  return (
    <details class="fold">
      <summary>
        {t("instances")} <span class="muted tabular">{node.instances.length}</span>
      </summary>
      <ul class="instances">
        {node.instances.slice(0, 50).map((instance) => (
          <li key={instance.id} class={instance.gone ? "gone" : ""}>
            <span>{instance.name}</span>
            <span class="muted tabular">{instance.gone ? t("gone") : (instance.pid ?? "")}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}

function CloseButton() {
  return (
    <button type="button" class="tool small close" onClick={close} aria-label={t("close")} title="Esc">
      <Icon name="close" size={13} />
    </button>
  );
}

function EdgePanel({ edge, client, server }: { edge: MapEdge; client: MapNode; server: MapNode }) {
  const anyOrigin = drawn.value?.nodes.some((n) => n.role === "origin") ?? false;
  const grouped = client.id < 0 || server.id < 0;
  return (
    <>
      <Crumbs target={client.id} last={server.name} />
      <div class="panel-head">
        <h2>
          {client.name} <span class="arrow">→</span> {server.name}
        </h2>
        <CloseButton />
      </div>
      <p class="muted sub">
        {edge.protocol}, {t("port")} {edge.port}
      </p>
      <StateLine state={edge.state} since={edge.since} origin={!anyOrigin || server.role === "origin"} role={server.role} worst={edge.worst} />
      <MetricTable
        metrics={edge.metrics}
        states={edge.states}
        before={grouped ? null : baselineValues("edge", edge.id)}
        target={{ kind: "edge", client: client.name, server: server.name }}
        scope={t("limit_scope_service", { name: `${client.name} → ${server.name}` })}
      />
      {!grouped && (
        <Suspense>
          <Curves key={`e${edge.id}`} edge={edge.id} node={server.id} />
        </Suspense>
      )}
      <Details values={edge.details} />
    </>
  );
}

function NodePanel({ node }: { node: MapNode }) {
  const edges = drawn.value?.edges ?? [];
  const group = node.id < 0;
  const anyOrigin = drawn.value?.nodes.some((n) => n.role === "origin") ?? false;
  return (
    <>
      <Crumbs target={node.id} last="" />
      <div class="panel-head">
        <h2>{node.name}</h2>
        {node.replicas > 1 && <span class="badge">{`×${node.replicas}`}</span>}
        <CloseButton />
      </div>
      <p class="muted sub">{[node.namespace, node.kind].filter((word) => word !== "").join(", ")}</p>
      <StateLine state={node.state} since={node.since} origin={!anyOrigin || node.role === "origin"} role={node.role} worst={node.worst} />
      {group && (
        <button
          type="button"
          class="button"
          onClick={() => {
            expanded.value = new Set([...expanded.value, node.namespace]);
            close();
          }}
        >
          {t("expand")}
        </button>
      )}
      <MetricTable
        metrics={node.metrics}
        states={node.states}
        before={group || reference.value === null ? null : baselineValues("node", node.id)}
        target={group ? { kind: "default" } : { kind: "node", service: node.name }}
        scope={t("limit_scope_service", { name: node.name })}
      />
      <Relations title={t("calls")} edges={edges.filter((e) => e.client === node.id)} end="server" />
      <Relations title={t("callers")} edges={edges.filter((e) => e.server === node.id)} end="client" />
      {!group && (
        <Suspense>
          <Curves key={`n${node.id}`} edge={null} node={node.id} />
        </Suspense>
      )}
      <Details values={node.details} />
      <Instances node={node} />
    </>
  );
}

export function SidePanel() {
  const what = selected.value;
  if (what === null) return null;
  return (
    <aside class="side" aria-label={t("details")} tabindex={-1}>
      {what.kind === "edge" ? (
        <EdgePanel edge={what.edge} client={what.client} server={what.server} />
      ) : (
        <NodePanel node={what.node} />
      )}
    </aside>
  );
}
