// SPDX-License-Identifier: Apache-2.0
// in: scenes  out: the map as SVG, patched in place; tells who was pointed at, focused, opened
import { select } from "d3-selection";
import { zoom, zoomIdentity, type ZoomTransform } from "d3-zoom";
import { setAttribute, setAttributes, setText, svg } from "../base/attributes";
import { CARD, type CardSize, type Layout, type Point, type Route, SMALL_CARD } from "../layout/graph";
import { layoutGraph } from "../layout/layout";
import { EdgeLine } from "./edge_line";
import { homeNode, neighbour, reach, type Direction } from "./navigate";
import { NodeCard } from "./node_card";
import { type Box, placePills } from "./pills";
import type { Scene } from "./scene";

export interface MapEvents {
  open(key: string | null): void; // a node, an edge, or the empty ground
  expand(key: string): void;
  footRoom(): number; // pixels the legend covers at the bottom
  moved?(transform: ZoomTransform): void; // the person panned or zoomed
  hovered?(key: string | null): void;
}

const FAR = 0.42; // below this scale only problems keep a name
const MOVE_MS = 300;
const INSET = { top: 26, right: 30, left: 30 };
const MAX_FIT = 1.3;
const TIGHT_X = 94;
const TIGHT_Y = 11;
const SMALL_X = 86;
const READABLE = 0.78; // the least scale at which a full card is read with ease

export class MapView {
  readonly root: SVGSVGElement;
  layout: Layout | null = null;
  scene: Scene | null = null;
  private readonly ground: SVGGElement;
  private readonly layers: { halos: SVGGElement; lines: SVGGElement; pills: SVGGElement };
  private readonly cardLayer: SVGGElement;
  private readonly cards = new Map<string, NodeCard>();
  private readonly lines = new Map<string, EdgeLine>();
  private readonly zoomer = zoom<SVGSVGElement, unknown>().scaleExtent([0.04, 4]);
  private transform: ZoomTransform = zoomIdentity;
  private moved = false; // the person chose the view; leave it alone
  private pillShape = "";
  private frame = 0;
  private focusKey: string | null = null;
  private selected: string | null = null;
  private size = { width: 0, height: 0 };
  private card: CardSize = CARD;

  constructor(
    private readonly host: HTMLElement,
    private readonly events: MapEvents,
  ) {
    this.root = svg("svg", host, { class: "map", role: "application", width: "100%", height: "100%" });
    const defs = svg("defs", this.root);
    const arrow = svg("marker", defs, {
      id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 9, markerHeight: 9,
      orient: "auto", markerUnits: "userSpaceOnUse",
    });
    svg("path", arrow, { d: "M0 0 8 4 0 8z", fill: "context-stroke" });
    this.ground = svg("g", this.root);
    this.layers = {
      halos: svg("g", this.ground, { class: "halos" }),
      lines: svg("g", this.ground, { class: "edges" }),
      pills: svg("g", null, { class: "pills near-only" }),
    };
    this.cardLayer = svg("g", this.ground, { class: "nodes" });
    this.ground.appendChild(this.layers.pills);
    this.listen();
  }

  private listen(): void {
    this.zoomer.on("zoom", (event: { transform: ZoomTransform; sourceEvent: unknown }) => {
      this.applyTransform(event.transform);
      if (!event.sourceEvent) return;
      this.moved = true;
      this.events.moved?.(event.transform);
    });
    // Told, not measured: the default asks the SVG for its width, which a detached one refuses.
    const extent = (): [[number, number], [number, number]] => [[0, 0], [this.size.width, this.size.height]];
    this.zoomer.extent(extent);
    select(this.root).call(this.zoomer).on("dblclick.zoom", null);
    this.root.addEventListener("click", (event) => this.events.open(this.keyAt(event)));
    this.root.addEventListener("dblclick", (event) => {
      const key = this.keyAt(event);
      if (key !== null) this.events.expand(key);
    });
    const point = (key: string | null) => {
      this.hover(key);
      this.events.hovered?.(key);
    };
    this.root.addEventListener("pointerover", (event) => point(this.keyAt(event)));
    this.root.addEventListener("pointerleave", () => point(null));
    this.root.addEventListener("focusin", (event) => {
      const key = this.keyAt(event);
      if (key !== null) this.rove(key);
    });
    this.root.addEventListener("keydown", (event) => this.onKey(event));
  }

  private keyAt(event: Event): string | null {
    const target = event.target instanceof Element ? event.target.closest("[data-key]") : null;
    return target?.getAttribute("data-key") ?? null;
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const directions: Record<string, Direction> = {
      ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down",
    };
    const direction = directions[event.key];
    const from = this.keyAt(event) ?? this.focusKey;
    if (direction !== undefined && from !== null && this.scene !== null && this.layout !== null) {
      event.preventDefault();
      const next = neighbour(this.scene, this.layout, from, direction);
      if (next !== null) this.focus(next);
    } else if ((event.key === "Enter" || event.key === " ") && from !== null) {
      event.preventDefault();
      event.stopPropagation();
      if (event.shiftKey) this.events.expand(from);
      else this.events.open(from);
    }
  }

  private rove(key: string): void {
    this.focusKey = key;
    for (const [id, card] of this.cards) setAttribute(card.root, "tabindex", id === key ? 0 : -1);
  }

  focus(key: string): void {
    const card = this.cards.get(key);
    if (card === undefined) return;
    this.rove(key);
    card.root.focus({ preventScroll: true });
    this.reveal(card.at);
  }

  // Pans just enough to bring a card into the window.
  private reveal(at: Point): void {
    const { k, x, y } = this.transform;
    const left = at.x * k + x;
    const top = (at.y - this.card.height / 2) * k + y;
    const dx = Math.max(0, 16 - left) - Math.max(0, left + this.card.width * k + 16 - this.size.width);
    const dy = Math.max(0, 16 - top) - Math.max(0, top + this.card.height * k + 16 - this.size.height);
    if (dx === 0 && dy === 0) return;
    this.setTransform(zoomIdentity.translate(x + dx, y + dy).scale(k));
  }

  hover(key: string | null): void {
    const lit = key === null || this.scene === null ? null : reach(this.scene, key);
    this.root.classList.toggle("hovering", lit !== null);
    for (const [id, card] of this.cards) setAttribute(card.root, "data-lit", lit?.has(id) ? "" : null);
    for (const [id, line] of this.lines) line.light(lit?.has(id) ?? false);
  }

  // Marks what a search found; null ends the search.
  mark(found: ReadonlySet<string> | null): void {
    this.root.classList.toggle("finding", found !== null);
    for (const [id, card] of this.cards) setAttribute(card.root, "data-found", found?.has(id) ? "" : null);
  }

  resize(): void {
    const width = this.host.clientWidth;
    const height = this.host.clientHeight;
    if (width === this.size.width && height === this.size.height) return;
    this.size = { width, height };
    if (this.scene !== null) this.arrange(this.scene, true);
  }

  // Paints every tick; only a change in the set of nodes or edges moves anything.
  show(scene: Scene, selected: string | null, label: string): void {
    const reshaped = this.scene?.shape !== scene.shape;
    this.scene = scene;
    this.selected = selected;
    setAttribute(this.root, "aria-label", label);
    if (this.size.width === 0) {
      this.size = { width: this.host.clientWidth, height: this.host.clientHeight };
    }
    this.sync(scene);
    this.paint(scene);
    if (reshaped) this.arrange(scene, this.layout !== null);
    else this.refreshPills(scene, false);
  }

  private sync(scene: Scene): void {
    const nodes = new Set(scene.nodes.map((node) => node.key));
    const edges = new Set(scene.edges.map((edge) => edge.key));
    const held = this.root.contains(document.activeElement);
    for (const [key, card] of this.cards) {
      if (nodes.has(key)) continue;
      card.remove();
      this.cards.delete(key);
    }
    for (const [key, line] of this.lines) {
      if (edges.has(key)) continue;
      line.remove();
      this.lines.delete(key);
    }
    for (const key of nodes) {
      if (!this.cards.has(key)) this.cards.set(key, new NodeCard(this.cardLayer, key));
    }
    for (const key of edges) {
      if (!this.lines.has(key)) this.lines.set(key, new EdgeLine(this.layers, key));
    }
    if (this.focusKey !== null && !this.cards.has(this.focusKey)) {
      this.focusKey = null;
      if (held) this.root.focus();
    }
  }

  private paint(scene: Scene): void {
    for (const node of scene.nodes) this.cards.get(node.key)?.paint(node, node.key === this.selected);
    for (const edge of scene.edges) this.lines.get(edge.key)?.paint(edge, edge.key === this.selected);
    this.placeFarNames();
  }

  // A crowded map stands closer together, so that its text stays larger.
  private compute(scene: Scene): Layout {
    const graph = {
      nodes: scene.nodes.map((node) => ({ key: node.key, entry: node.source.entry })),
      edges: scene.edges.map((edge) => ({ key: edge.key, from: edge.from, to: edge.to })),
    };
    const viewport = {
      width: Math.max(200, this.size.width - INSET.left - INSET.right),
      height: Math.max(120, this.size.height - INSET.top - this.events.footRoom()),
    };
    const previous = this.layout ?? undefined;
    const roomy = layoutGraph(graph, { viewport, previous });
    this.card = CARD;
    if (roomy.height <= viewport.height && roomy.width <= viewport.width) return roomy;
    const tight = layoutGraph(graph, { viewport, previous, gapY: TIGHT_Y, gapX: TIGHT_X });
    if (this.fitted(tight).k >= READABLE) return tight;
    this.card = SMALL_CARD;
    const { width: nodeWidth, height: nodeHeight } = SMALL_CARD;
    const gaps = { gapY: TIGHT_Y, gapX: SMALL_X };
    return layoutGraph(graph, { viewport, previous, nodeWidth, nodeHeight, ...gaps });
  }

  private arrange(scene: Scene, animate: boolean): void {
    const layout = this.compute(scene);
    for (const card of this.cards.values()) card.resize(this.card);
    this.paint(scene);
    const before = this.layout;
    this.layout = layout;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const target = this.moved ? this.transform : this.fitted(layout);
    if (before === null || !animate || calm) this.jump(layout, target);
    else this.glide(layout, target);
    if (this.focusKey === null) {
      const home = homeNode(scene, layout);
      if (home !== null) this.rove(home);
    }
  }

  private jump(layout: Layout, target: ZoomTransform): void {
    cancelAnimationFrame(this.frame);
    for (const [key, card] of this.cards) {
      const at = layout.nodes.get(key);
      if (at !== undefined) card.move(at);
    }
    for (const [key, line] of this.lines) {
      const route = layout.edges.get(key);
      if (route !== undefined) line.draw(route);
    }
    this.setTransform(target);
    this.root.classList.remove("moving");
    if (this.scene !== null) this.refreshPills(this.scene, true);
    setAttribute(this.root, "data-settled", "true");
  }

  private glide(layout: Layout, target: ZoomTransform): void {
    cancelAnimationFrame(this.frame);
    setAttribute(this.root, "data-settled", "false");
    this.root.classList.add("moving");
    const from = new Map([...this.cards].map(([key, card]) => [key, card.at]));
    const fresh = new Set([...this.cards].filter(([, c]) => c.at.x === 0 && c.at.y === 0).map(([k]) => k));
    const routes = new Map([...this.lines].map(([key, line]) => [key, line.route]));
    const start = performance.now();
    const first = this.transform;
    const step = (time: number) => {
      const f = Math.min(1, Math.max(0, (time - start) / MOVE_MS));
      if (f >= 1) {
        this.jump(layout, target);
        return;
      }
      const e = f * f * (3 - 2 * f);
      const mix = (a: number, b: number) => a + (b - a) * e;
      for (const [key, card] of this.cards) {
        const to = layout.nodes.get(key);
        const at = fresh.has(key) ? to : from.get(key);
        if (to !== undefined && at !== undefined) card.move({ x: mix(at.x, to.x), y: mix(at.y, to.y) });
      }
      for (const [key, line] of this.lines) {
        const to = layout.edges.get(key);
        if (to !== undefined) line.draw(between(routes.get(key), to, e));
      }
      this.setTransform(
        zoomIdentity.translate(mix(first.x, target.x), mix(first.y, target.y)).scale(mix(first.k, target.k)),
      );
      this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  }

  // Pills move only when a pill comes, goes or changes its width: numbers tick, pills stay.
  private refreshPills(scene: Scene, force: boolean): void {
    if (this.layout === null) return;
    const wishes = scene.edges.flatMap((edge) => {
      const width = this.lines.get(edge.key)?.pillWidth ?? 0;
      return width > 0 ? [{ key: edge.key, width: Math.ceil(width / 6) * 6, severity: edge.severity }] : [];
    });
    const shape = wishes.map((wish) => `${wish.key}:${wish.width}`).sort().join(" ");
    if (!force && shape === this.pillShape) return;
    this.pillShape = shape;
    const places = placePills(this.layout, wishes, { width: this.card.width, height: this.card.height });
    for (const [key, line] of this.lines) line.movePill(places.get(key));
  }

  private fitted(layout: Layout): ZoomTransform {
    const width = Math.max(50, this.size.width - INSET.left - INSET.right);
    const height = Math.max(50, this.size.height - INSET.top - this.events.footRoom());
    const k = Math.min(width / Math.max(1, layout.width), height / Math.max(1, layout.height), MAX_FIT);
    return zoomIdentity
      .translate(
        INSET.left + (width - layout.width * k) / 2,
        INSET.top + (height - layout.height * k) / 2,
      )
      .scale(k);
  }

  fit(): void {
    this.moved = false;
    if (this.layout !== null) this.setTransform(this.fitted(this.layout));
  }

  zoomBy(factor: number): void {
    this.moved = true;
    select(this.root).call(this.zoomer.scaleBy, factor);
    this.events.moved?.(this.transform);
  }

  // Shows the same part of the ground as another map of the same shape.
  follow(transform: ZoomTransform): void {
    this.moved = true;
    this.setTransform(transform);
  }

  private setTransform(transform: ZoomTransform): void {
    select(this.root).call(this.zoomer.transform, transform);
  }

  private applyTransform(transform: ZoomTransform): void {
    this.transform = transform;
    const { x, y, k } = transform;
    setAttributes(this.ground, { transform: `translate(${x.toFixed(2)} ${y.toFixed(2)}) scale(${k.toFixed(4)})` });
    setAttribute(this.root, "data-lod", k < FAR ? "far" : "near");
    this.root.style.setProperty("--inverse", (1 / k).toFixed(3));
    this.placeFarNames();
  }

  // Where cards are too small for names, those that matter keep theirs; the weightier first.
  private placeFarNames(): void {
    const { k } = this.transform;
    if (k >= FAR) return;
    const taken: Box[] = [];
    const wanted = [...this.cards.values()].filter((card) => card.farWeight > 0);
    for (const card of wanted.sort((a, b) => b.farWeight - a.farWeight)) card.placeFar(k, taken);
  }

  destroy(): void {
    cancelAnimationFrame(this.frame);
    this.root.remove();
    setText(this.root, "");
  }
}

// Points of a route on its way to another; routes of different length meet by share of their way.
function between(from: Route | undefined, to: Route, f: number): Route {
  if (from === undefined || from.points.length === 0 || from.shape !== to.shape) return to;
  const last = from.points.length - 1;
  const points = to.points.map((point, i) => {
    const at = to.points.length === 1 ? 0 : (i / (to.points.length - 1)) * last;
    const a = from.points[Math.floor(at)] ?? point;
    const b = from.points[Math.ceil(at)] ?? point;
    const share = at - Math.floor(at);
    const x = a.x + (b.x - a.x) * share;
    const y = a.y + (b.y - a.y) * share;
    return { x: x + (point.x - x) * f, y: y + (point.y - y) * f };
  });
  return { shape: to.shape, points };
}
