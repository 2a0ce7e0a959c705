// SPDX-License-Identifier: Apache-2.0
// The map's renderer as a component, for pages that hold their own scene.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { ZoomTransform } from "d3-zoom";
import { t } from "../base/locale";
import { Icon } from "../widgets/icon";
import type { Scene } from "./scene";
import { MapView } from "./view";

export interface MapHostProps {
  scene: Scene | null;
  selected: string | null;
  label: string;
  onOpen: (key: string | null) => void;
  view?: { current: MapView | null }; // to be driven from outside
  onMove?: (transform: ZoomTransform) => void;
  onHover?: (key: string | null) => void;
  children?: ComponentChildren;
}

export function MapHost({ scene, selected, label, onOpen, view, onMove, onHover, children }: MapHostProps) {
  const area = useRef<HTMLDivElement>(null);
  const host = useRef<HTMLDivElement>(null);
  const made = useRef<MapView | null>(null);
  const calls = useRef({ onOpen, onMove, onHover });
  calls.current = { onOpen, onMove, onHover };
  useEffect(() => {
    if (host.current === null) return undefined;
    const map = new MapView(host.current, {
      open: (key) => calls.current.onOpen(key),
      expand: () => {},
      footRoom: () => (area.current?.querySelector<HTMLElement>(".legend")?.offsetHeight ?? 0) + 26,
      moved: (transform) => calls.current.onMove?.(transform),
      hovered: (key) => calls.current.onHover?.(key),
    });
    made.current = map;
    if (view !== undefined) view.current = map;
    const watcher = new ResizeObserver(() => map.resize());
    watcher.observe(host.current);
    return () => {
      watcher.disconnect();
      map.destroy();
      made.current = null;
      if (view !== undefined) view.current = null;
    };
  }, []);
  useEffect(() => {
    if (scene !== null) made.current?.show(scene, selected, label);
  }, [scene, selected, label]);
  return (
    <div class="map-area" ref={area}>
      <div class="map-host" ref={host} />
      <div class="zoom" role="group" aria-label={t("map")}>
        <button type="button" class="tool small" aria-label={t("zoom_in")} onClick={() => made.current?.zoomBy(1.25)}>
          <Icon name="plus" size={13} />
        </button>
        <button type="button" class="tool small" aria-label={t("zoom_out")} onClick={() => made.current?.zoomBy(0.8)}>
          <Icon name="minus" size={13} />
        </button>
        <button type="button" class="tool small" aria-label={t("fit")} onClick={() => made.current?.fit()}>
          <Icon name="fit" size={13} />
        </button>
      </div>
      {children}
    </div>
  );
}
