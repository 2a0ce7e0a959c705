// SPDX-License-Identifier: Apache-2.0
// One service on the map: icon, name, worst number and rate, replicas, strip of six.
import { setAttribute, setAttributes, setText, svg } from "../base/attributes";
import { CARD, type CardSize, type Point, SMALL_CARD } from "../layout/graph";
import { KIND_ICONS, STATE_ICONS } from "./icons";
import { fitText, fontOf, textWidth } from "./measure";
import { type Box, overlap } from "./pills";
import type { SceneNode, Tone } from "./scene";

const STRIP_X = 10;
const STRIP_GAP = 3;
const FAR_FONT = 11; // pixels, as the style has it
const FAR_WEIGHT: Partial<Record<Tone, number>> = { origin: 2, worse: 2, victim: 1, better: 1, changed: 1, new: 1, vanished: 1 };
const STRIP_TALL = { over: 6, near: 4.5, ok: 3, nodata: 1.5, idle: 1.5 } as const;

export class NodeCard {
  readonly root: SVGGElement;
  at: Point = { x: 0, y: 0 };
  private size: CardSize | null = null;
  private readonly title: SVGTitleElement;
  private readonly ring: SVGRectElement;
  private readonly focus: SVGRectElement;
  private readonly card: SVGRectElement;
  private readonly tile: SVGRectElement;
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
  private wanted = 0;

  constructor(parent: SVGGElement, key: string) {
    this.root = svg("g", parent, { role: "button", tabindex: -1, "data-key": key });
    this.title = svg("title", this.root);
    this.ring = svg("rect", this.root, { class: "ring", x: -6, y: -6, rx: 15 });
    this.focus = svg("rect", this.root, { class: "focus", x: -3.5, y: -3.5, rx: 12.5 });
    this.card = svg("rect", this.root, { class: "card", rx: 10 });
    this.tile = svg("rect", this.root, { class: "tile", x: 8, y: 8, width: 26, height: 26, rx: 7 });
    this.icon = svg("path", this.root, { class: "kind", transform: "translate(13 13)" });
    this.name = svg("text", this.root, { class: "name" });
    const row = svg("g", this.root, { class: "near-only" });
    this.state = svg("path", row, { class: "icon" });
    this.worst = svg("text", row, { class: "worst" });
    this.rate = svg("text", row, { class: "rate" });
    const strip = svg("g", this.root, { class: "strip near-only" });
    for (let i = 0; i < 6; i += 1) this.strip.push(svg("rect", strip, { rx: 1.2 }));
    this.badge = svg("g", this.root, { class: "badge" });
    this.badgeBox = svg("rect", this.badge, { y: -9, height: 18, rx: 9 });
    this.badgeText = svg("text", this.badge, { y: 4, "text-anchor": "middle" });
    this.far = svg("text", this.root, { class: "far", y: -8, "text-anchor": "middle" });
    this.resize(CARD);
  }

  private get textX(): number {
    return this.size === SMALL_CARD ? 10 : 41;
  }

  resize(size: CardSize): void {
    if (this.size === size) return;
    this.size = size;
    const { width, height } = size;
    const small = size === SMALL_CARD;
    setAttributes(this.ring, { width: width + 12, height: height + 12 });
    setAttributes(this.focus, { width: width + 7, height: height + 7 });
    setAttributes(this.card, { width, height });
    for (const part of [this.tile, this.icon]) setAttribute(part, "visibility", small ? "hidden" : null);
    setAttributes(this.name, { x: this.textX, y: small ? 17 : 20 });
    const row = small ? 32.5 : 36.5;
    setAttribute(this.state, "transform", `translate(${this.textX + 5} ${row - 4}) scale(.82)`);
    setAttributes(this.worst, { x: this.textX + 14, y: row });
    setAttribute(this.rate, "y", row);
    setAttribute(this.far, "x", width / 2);
    const step = (width - 2 * STRIP_X + STRIP_GAP) / 6;
    this.strip.forEach((bar, i) => {
      setAttributes(bar, { x: STRIP_X + i * step, width: step - STRIP_GAP });
    });
  }

  // How much its name is wanted where cards are too small for names; 0: not at all.
  get farWeight(): number {
    return this.wanted;
  }

  // Above or below the card, whichever is free; nowhere when neither is. `k`: pixels per unit.
  placeFar(k: number, taken: Box[]): void {
    const { width, height } = this.size ?? CARD;
    const half = (textWidth(this.far.textContent ?? "", fontOf(650, FAR_FONT)) / 2 + 2) / k;
    const tall = (FAR_FONT + 2) / k;
    const middle = this.at.x + width / 2;
    const top = this.at.y - height / 2;
    for (const bottom of [top - 2 / k, top + height + tall]) {
      const box = { left: middle - half, right: middle + half, top: bottom - tall, bottom };
      if (taken.some((other) => overlap(box, other) > 0)) continue;
      taken.push(box);
      setAttributes(this.far, { y: (bottom - top - 3 / k).toFixed(1), "data-shown": "" });
      return;
    }
    setAttribute(this.far, "data-shown", null);
  }

  move(at: Point): void {
    this.at = at;
    setAttribute(this.root, "transform", `translate(${at.x.toFixed(1)} ${(at.y - (this.size ?? CARD).height / 2).toFixed(1)})`);
  }

  paint(node: SceneNode, selected: boolean): void {
    const { width: wide, height: tall } = this.size ?? CARD;
    const textX = this.textX;
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
      "data-state": node.state,
      "data-name": node.name,
    });
    // A title names the button and is its tooltip; it need not repeat the card word for word.
    setText(this.title, node.label);
    setAttribute(this.icon, "d", KIND_ICONS[node.icon]);
    setAttribute(this.state, "d", node.mark ?? STATE_ICONS[node.state]);

    const badge = node.members > 0 ? String(node.members) : node.replicas > 1 ? `×${node.replicas}` : "";
    const nameFont = fontOf(650, 13);
    setText(this.name, fitText(node.name, nameFont, wide - textX - 8));
    setText(this.far, node.name);
    this.wanted = node.bottleneck ? 3 : (FAR_WEIGHT[node.tone] ?? 0);
    if (this.wanted === 0) setAttribute(this.far, "data-shown", null);
    setText(this.worst, node.worst);
    const worstEnd = textX + 14 + textWidth(node.worst, fontOf(650, 12));
    const rateText = node.rate;
    const fits = worstEnd + 9 + textWidth(rateText, fontOf(400, 12)) < wide - 4;
    setText(this.rate, fits ? rateText : "");
    setAttribute(this.rate, "x", (worstEnd + 9).toFixed(1));
    setAttribute(this.badge, "visibility", badge === "" ? "hidden" : "visible");
    setText(this.badgeText, badge);
    const width = Math.max(22, textWidth(badge, fontOf(650, 11)) + 12);
    setAttributes(this.badgeBox, { x: -width / 2, width });
    setAttribute(this.badge, "transform", `translate(${wide - width / 2 + 6} -3)`);
    if (node.strip.length === 0) this.strip.forEach((bar) => setAttribute(bar, "height", 0));
    node.strip.forEach((state, i) => {
      const bar = this.strip[i];
      if (bar === undefined) return;
      const high = STRIP_TALL[state];
      setAttributes(bar, { class: `s-${state}`, y: tall - 6 - high, height: high });
    });
  }

  remove(): void {
    this.root.remove();
  }
}
