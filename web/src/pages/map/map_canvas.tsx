// SPDX-License-Identifier: Apache-2.0
// Hands scenes to the map's own renderer and its wishes to the store.
import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../../base/locale";
import { MapView } from "../../map/view";
import { Icon } from "../../widgets/icon";
import { change, expanded, scene, selectEdge, selected, selectNode, view } from "./store";

export const mapView: { current: MapView | null } = { current: null };

function selectedKey(): string | null {
  const what = selected.value;
  const current = scene.value;
  if (what === null || current === null) return null;
  if (what.kind === "edge") return current.edges.find((e) => e.source.id === what.edge.id)?.key ?? null;
  return current.nodes.find((n) => n.source.id === what.node.id)?.key ?? null;
}

function open(key: string | null): void {
  const current = scene.peek();
  if (key === null || current === null) {
    if (view.peek().selection !== null) change({ selection: null, walk: null }, true);
    return;
  }
  const node = current.nodes.find((n) => n.key === key);
  if (node !== undefined) selectNode(node.source);
  const edge = current.edges.find((e) => e.key === key);
  if (edge !== undefined) selectEdge(edge.source);
}

function expand(key: string): void {
  const node = scene.peek()?.nodes.find((n) => n.key === key);
  if (node === undefined || node.source.namespace === "") return;
  const names = new Set(expanded.peek());
  if (node.members > 0) names.add(node.source.namespace);
  else names.delete(node.source.namespace);
  expanded.value = names;
}

function footRoom(): number {
  const legend = document.querySelector<HTMLElement>(".legend");
  return (legend?.offsetHeight ?? 0) + 26;
}

function zoom(factor: number): void {
  mapView.current?.zoomBy(factor);
}

export function MapCanvas() {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (host.current === null) return undefined;
    const made = new MapView(host.current, { open, expand, footRoom });
    mapView.current = made;
    const stopPaint = effect(() => {
      const current = scene.value;
      if (current === null) return;
      made.show(current, selectedKey(), t("map_label", { n: current.nodes.length }));
      const wish = view.value.find.trim().toLowerCase();
      const hits = current.nodes.filter((n) => n.name.toLowerCase().includes(wish)).map((n) => n.key);
      made.mark(wish === "" ? null : new Set(hits));
    });
    const watcher = new ResizeObserver(() => made.resize());
    watcher.observe(host.current);
    return () => {
      watcher.disconnect();
      stopPaint();
      made.destroy();
      mapView.current = null;
    };
  }, []);
  return (
    <div class="map-area">
      <div class="map-host" ref={host} />
      <div class="zoom" role="group" aria-label={t("map")}>
        <button type="button" class="tool small" aria-label={t("zoom_in")} title={`${t("zoom_in")} (+)`} onClick={() => zoom(1.25)}>
          <Icon name="plus" size={13} />
        </button>
        <button type="button" class="tool small" aria-label={t("zoom_out")} title={`${t("zoom_out")} (−)`} onClick={() => zoom(0.8)}>
          <Icon name="minus" size={13} />
        </button>
        <button type="button" class="tool small" aria-label={t("fit")} title={`${t("fit")} (0)`} onClick={() => mapView.current?.fit()}>
          <Icon name="fit" size={13} />
        </button>
      </div>
    </div>
  );
}

