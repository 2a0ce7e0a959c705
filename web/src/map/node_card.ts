// SPDX-License-Identifier: Apache-2.0
// One service on the map: icon, name, worst number and rate, replicas, strip of six.
import { setAttribute, setAttributes, setText, svg } from "../base/attributes";
import { NODE_HEIGHT as H, NODE_WIDTH as W, type Point } from "../layout/graph";
import { KIND_ICONS, STATE_ICONS } from "./icons";
import { fitText, fontOf, textWidth } from "./measure";
import type { SceneNode } from "./scene";

const TEXT_X = 41;
const STRIP_X = 10;
const STRIP_GAP = 3;
const STRIP_BOTTOM = H - 6;
const STRIP_TALL = { over: 6, near: 4.5, ok: 3, nodata: 1.5, idle: 1.5 } as const;

export class NodeCard {
  readonly root: SVGGElement;
  at: Point = { x: 0, y: 0 };
  private readonly title: SVGTitleElement;
  private readonly icon: SVGPathElement;
  private readonly name: SVGTextElement;
  private readonly state: SVGPathElement;
  private readonly worst: SVGTextElement;
  private readonly rate: SVGTextElement;
  private readonly badge: SVGGElement;
  private readonly badgeBox: SVGRectElement;
  private readonly badgeText: SVGTextElement;
  private readonly strip: SVGRectElement[] = [];
  private readonly far: SVGTextElement;

  constructor(parent: SVGGElement, key: string) {
    this.root = svg("g", parent, { role: "button", tabindex: -1, "data-key": key });
    this.title = svg("title", this.root);
    svg("rect", this.root, { class: "ring", x: -6, y: -6, width: W + 12, height: H + 12, rx: 15 });
    svg("rect", this.root, { class: "focus", x: -3.5, y: -3.5, width: W + 7, height: H + 7, rx: 12.5 });
    svg("rect", this.root, { class: "card", width: W, height: H, rx: 10 });
    svg("rect", this.root, { class: "tile", x: 8, y: 8, width: 26, height: 26, rx: 7 });
    this.icon = svg("path", this.root, { class: "kind", transform: "translate(13 13)" });
    this.name = svg("text", this.root, { class: "name", x: TEXT_X, y: 20 });
    const row = svg("g", this.root, { class: "near-only" });
    this.state = svg("path", row, { class: "icon", transform: `translate(${TEXT_X + 5} 32.500) scale(.82)` });
    this.worst = svg("text", row, { class: "worst", x: TEXT_X + 14, y: 36.5 });
    this.rate = svg("text", row, { class: "rate", y: 36.5 });
    const strip = svg("g", this.root, { class: "strip near-only" });
    const step = (W - 2 * STRIP_X + STRIP_GAP) / 6;
    for (let i = 0; i < 6; i += 1) {
      this.strip.push(svg("rect", strip, { x: STRIP_X + i * step, width: step - STRIP_GAP, rx: 1.2 }));
    }
    this.badge = svg("g", this.root, { class: "badge" });
    this.badgeBox = svg("rect", this.badge, { y: -9, height: 18, rx: 9 });
    this.badgeText = svg("text", this.badge, { y: 4, "text-anchor": "middle" });
    this.far = svg("text", this.root, { class: "far", x: W / 2, y: -8, "text-anchor": "middle" });
  }

  move(at: Point): void {
    this.at = at;
    setAttribute(this.root, "transform", `translate(${at.x.toFixed(1)} ${(at.y - H / 2).toFixed(1)})`);
  }

  paint(node: SceneNode, selected: boolean): void {
    const mark = [
      "node",
      node.tone,
      node.bottleneck ? "bottleneck" : "",
      node.onPath ? "on-path" : "",
      selected ? "selected" : "",
      node.members > 0 ? "group" : "",
    ];
    setAttributes(this.root, {
      class: mark.filter((word) => word !== "").join(" "),
      "aria-label": node.label,
      "data-state": node.state,
      "data-name": node.name,
    });
    setText(this.title, node.name);
    setAttribute(this.icon, "d", KIND_ICONS[node.icon]);
    setAttribute(this.state, "d", STATE_ICONS[node.state]);

    const badge = node.members > 0 ? String(node.members) : node.replicas > 1 ? `×${node.replicas}` : "";
    const nameFont = fontOf(650, 13);
    setText(this.name, fitText(node.name, nameFont, W - TEXT_X - 10));
    setText(this.far, node.name);
    setText(this.worst, node.worst);
    const worstEnd = TEXT_X + 14 + textWidth(node.worst, fontOf(650, 12));
    const rateText = `· ${node.rate}`;
    const fits = worstEnd + 5 + textWidth(rateText, fontOf(400, 12)) < W - 6;
    setText(this.rate, fits ? rateText : "");
    setAttribute(this.rate, "x", (worstEnd + 5).toFixed(1));
    setAttribute(this.badge, "visibility", badge === "" ? "hidden" : "visible");
    setText(this.badgeText, badge);
    const width = Math.max(22, textWidth(badge, fontOf(650, 11)) + 12);
    setAttributes(this.badgeBox, { x: -width / 2, width });
    setAttribute(this.badge, "transform", `translate(${W - width / 2 + 5} 0)`);
    node.strip.forEach((state, i) => {
      const bar = this.strip[i];
      if (bar === undefined) return;
      const tall = STRIP_TALL[state];
      setAttributes(bar, { class: `s-${state}`, y: STRIP_BOTTOM - tall, height: tall });
    });
  }

  remove(): void {
    this.root.remove();
  }
}
