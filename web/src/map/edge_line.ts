// SPDX-License-Identifier: Apache-2.0
// One call relation on the map: halo, line, a wide invisible line to hit, and its pill.
import { setAttribute, setAttributes, setText, svg } from "../base/attributes";
import type { Point, Route } from "../layout/graph";
import { pathOf } from "../layout/route";
import { STATE_ICONS } from "./icons";
import { fontOf, textWidth } from "./measure";
import { PILL_HEIGHT } from "./pills";
import type { SceneEdge } from "./scene";

const HALO = 14; // beyond the line itself

export interface EdgeLayers {
  halos: SVGGElement;
  lines: SVGGElement;
  pills: SVGGElement;
}

export class EdgeLine {
  readonly line: SVGPathElement;
  readonly hit: SVGPathElement;
  readonly pill: SVGGElement;
  route: Route = { points: [], shape: "forward" };
  pillWidth = 0;
  private readonly halo: SVGPathElement;
  private readonly core: SVGPathElement; // makes a line double
  private readonly title: SVGTitleElement;
  private readonly box: SVGRectElement;
  private readonly icon: SVGPathElement;
  private readonly text: SVGTextElement;

  constructor(layers: EdgeLayers, key: string) {
    this.halo = svg("path", layers.halos, { class: "halo", "aria-hidden": "true" });
    this.line = svg("path", layers.lines, { "aria-hidden": "true", "data-key": key });
    this.core = svg("path", layers.lines, { class: "core off", "aria-hidden": "true" });
    this.hit = svg("path", layers.lines, { class: "hit", "data-key": key, "aria-hidden": "true" });
    this.title = svg("title", this.hit);
    this.pill = svg("g", layers.pills, { "data-key": key, "aria-hidden": "true" });
    this.box = svg("rect", this.pill, {
      y: -PILL_HEIGHT / 2,
      height: PILL_HEIGHT,
      rx: PILL_HEIGHT / 2,
    });
    this.icon = svg("path", this.pill, { class: "icon" });
    this.text = svg("text", this.pill, { y: 4 });
  }

  draw(route: Route): void {
    this.route = route;
    const d = pathOf(route);
    for (const path of [this.halo, this.line, this.core, this.hit]) setAttribute(path, "d", d);
    setAttribute(this.line, "marker-end", route.shape === "back" ? "url(#arrow)" : null);
  }

  paint(edge: SceneEdge, selected: boolean): void {
    const mark = `edge ${edge.tone}${edge.onPath ? " on-path" : ""}${selected ? " selected" : ""}`;
    setAttributes(this.line, {
      class: mark,
      "stroke-width": edge.width,
      "data-state": edge.state,
    });
    setAttribute(this.hit, "stroke-width", Math.max(16, edge.width + 6));
    setText(this.title, edge.label);
    setAttributes(this.halo, {
      class: `halo${edge.onPath ? " on" : ""}${edge.ghost === undefined ? "" : " ghost"}${selected ? " selected" : ""}`,
      "stroke-width": edge.ghost !== undefined && !selected ? edge.ghost + 4 : edge.width + (edge.onPath ? HALO : 8),
    });
    setAttributes(this.core, {
      class: edge.tone === "better" ? "core" : "core off",
      "stroke-width": Math.max(1, edge.width / 3),
    });
    const shown = edge.pill ?? "";
    setText(this.text, shown);
    setAttribute(this.icon, "d", edge.mark ?? STATE_ICONS[edge.state]);
    this.pillWidth = shown === "" ? 0 : Math.ceil(textWidth(shown, fontOf(650, 11.5)) + 32);
    setAttributes(this.box, { x: -this.pillWidth / 2, width: this.pillWidth });
    setAttribute(this.icon, "transform", `translate(${-this.pillWidth / 2 + 13} -.300) scale(.8)`);
    setAttribute(this.text, "x", -this.pillWidth / 2 + 22);
    setAttribute(this.pill, "class", `pill ${edge.tone}${shown === "" ? " off" : ""}`);
  }

  movePill(at: Point | undefined): void {
    if (at === undefined) setAttribute(this.pill, "visibility", "hidden");
    else {
      setAttributes(this.pill, {
        visibility: null,
        transform: `translate(${at.x.toFixed(1)} ${at.y.toFixed(1)})`,
      });
    }
  }

  light(on: boolean): void {
    for (const element of [this.line, this.pill, this.halo]) {
      setAttribute(element, "data-lit", on ? "" : null);
    }
  }

  remove(): void {
    for (const element of [this.halo, this.line, this.core, this.hit, this.pill]) element.remove();
  }
}
