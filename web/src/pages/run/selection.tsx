// SPDX-License-Identifier: Apache-2.0
// One service or call of a run: its six metrics in the stretch that is shown, against the run's limits.
import type { ComponentChildren } from "preact";
import type { RunDetail } from "../../api/run_types";
import { METRICS, type MapEdge, type MapNode, type Snapshot } from "../../api/types";
import { NONE } from "../../base/format";
import { t } from "../../base/locale";
import { formatMetric, metricLabel } from "../../base/metric";
import type { Selection } from "../../base/url_state";
import { Icon, StateIcon } from "../../widgets/icon";
import { limitFor, type Target } from "../map/limits";
import { w } from "../runs/words";

export type Picked =
  | { kind: "node"; node: MapNode }
  | { kind: "edge"; edge: MapEdge; client: MapNode; server: MapNode };

export function pickedOf(snapshot: Snapshot | null, selection: Selection | null): Picked | null {
  if (snapshot === null || selection === null) return null;
  const named = (name: string) =>
    snapshot.nodes.find((n) => n.name === name) ?? snapshot.nodes.find((n) => `${n.namespace}/${n.name}` === name);
  if (selection.kind === "node") {
    const node = named(selection.node);
    return node === undefined ? null : { kind: "node", node };
  }
  const client = named(selection.client);
  const server = named(selection.server);
  if (client === undefined || server === undefined) return null;
  const between = snapshot.edges.filter((e) => e.client === client.id && e.server === server.id);
  const edge =
    between.find((e) => e.port === selection.port && (selection.protocol === "" || e.protocol === selection.protocol)) ??
    between[0];
  return edge === undefined ? null : { kind: "edge", edge, client, server };
}

function metricName(metric: string): string {
  const label = metricLabel(metric);
  return label === undefined ? metric : t(label);
}

export interface SelectionProps {
  run: RunDetail;
  picked: Picked;
  onClose: () => void;
  children: ComponentChildren; // its curves
}

export function SelectionPanel({ run, picked, onClose, children }: SelectionProps) {
  const item = picked.kind === "node" ? picked.node : picked.edge;
  const limits = run.objectives ?? run.limits;
  const target: Target =
    picked.kind === "node"
      ? { kind: "node", service: picked.node.name }
      : { kind: "edge", client: picked.client.name, server: picked.server.name };
  const details = Object.entries(item.details).filter(([, value]) => value !== null);
  return (
    <>
      <div class="panel-head">
        <h2>
          {picked.kind === "node" ? (
            picked.node.name
          ) : (
            <>
              {picked.client.name} <span class="arrow">→</span> {picked.server.name}
            </>
          )}
        </h2>
        {picked.kind === "node" && picked.node.replicas > 1 && <span class="badge">{`×${picked.node.replicas}`}</span>}
        <button type="button" class="tool small close" onClick={onClose} aria-label={t("close")} title="Esc">
          <Icon name="close" size={13} />
        </button>
      </div>
      <p class="muted sub">
        {picked.kind === "node" ? [picked.node.namespace, picked.node.kind].filter(Boolean).join(", ") : `${picked.edge.protocol}, ${t("port")} ${picked.edge.port}`}
      </p>
      <table class="metrics">
        <thead>
          <tr>
            <th scope="col">{t("metric")}</th>
            <th scope="col">{w("value")}</th>
            <th scope="col">{w("limit")}</th>
          </tr>
        </thead>
        <tbody>
          {METRICS.map((metric) => {
            const state = item.states[metric] ?? "nodata";
            const limit = limitFor(limits, target, metric);
            return (
              <tr key={metric} class={`is-${state}`}>
                <th scope="row">
                  <span class={`swatch m-${metric}`} />
                  {metricName(metric)}
                </th>
                <td class="tabular now">
                  {(state === "over" || state === "near") && <StateIcon state={state} size={11} />}
                  {formatMetric(metric, item.metrics[metric])}
                  <span class="hidden">{t(`state_${state}`)}</span>
                </td>
                <td class="tabular">{limit === null ? NONE : limit === 0 ? "0" : formatMetric(metric, limit)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {children}
      {details.length > 0 && (
        <details class="fold">
          <summary>{t("details")}</summary>
          <dl class="detail-grid">
            {details.map(([name, value]) => (
              <div key={name}>
                <dt>{metricName(name)}</dt>
                <dd class="tabular">{formatMetric(name, value)}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </>
  );
}
