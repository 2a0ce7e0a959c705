// SPDX-License-Identifier: Apache-2.0
// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import { svg } from "../base/attributes";
import type { MapNode, State } from "../api/types";
import { NodeCard } from "./node_card";
import type { SceneNode } from "./scene";

const HOSTILE = `"><img src=x onerror="window.pwned=1"><script>window.pwned=1</script>`;

function sceneNode(changes: Partial<SceneNode>): SceneNode {
  return {
    key: "n1", source: {} as MapNode, name: "cart", icon: "service", tone: "ok", state: "ok", worst: "9 ms",
    rate: "5/s", replicas: 1, strip: ["ok", "ok", "over", "near", "nodata", "idle"] as State[], onPath: false,
    bottleneck: false, members: 0, label: "cart, within limits", ...changes,
  };
}

function card() {
  const layer = svg("g", document.body);
  return { layer, made: new NodeCard(layer, "n1") };
}

describe("a node's card", () => {
  it("takes hostile names as text, never as markup", () => {
    const { layer, made } = card();
    made.paint(sceneNode({ name: HOSTILE, label: HOSTILE, worst: HOSTILE }), false);
    expect(layer.querySelectorAll("img, script")).toHaveLength(0);
    expect(layer.querySelector("title")?.textContent).toBe(HOSTILE);
    expect(made.root.dataset["name"]).toBe(HOSTILE);
    expect((window as unknown as { pwned?: number }).pwned).toBeUndefined();
  });

  it("is a button named by what it shows, with one segment per metric", () => {
    const { layer, made } = card();
    made.paint(sceneNode({}), false);
    expect(made.root.getAttribute("role")).toBe("button");
    expect(layer.querySelector("title")?.textContent).toBe("cart, within limits");
    const strip = [...layer.querySelectorAll(".strip rect")];
    expect(strip.map((bar) => bar.getAttribute("class"))).toEqual([
      "s-ok", "s-ok", "s-over", "s-near", "s-nodata", "s-idle",
    ]);
    const height = (i: number) => Number(strip[i]?.getAttribute("height"));
    expect(height(2)).toBeGreaterThan(height(3));
    expect(height(3)).toBeGreaterThan(height(0));
  });

  it("shows replicas from two, and members of a group", () => {
    const { layer, made } = card();
    const badge = () => [layer.querySelector(".badge")?.getAttribute("visibility"), layer.querySelector(".badge text")?.textContent];
    made.paint(sceneNode({ replicas: 1 }), false);
    expect(badge()).toEqual(["hidden", ""]);
    made.paint(sceneNode({ replicas: 3 }), false);
    expect(badge()).toEqual(["visible", "×3"]);
    made.paint(sceneNode({ members: 12 }), false);
    expect(badge()).toEqual(["visible", "12"]);
  });

  it("writes to the DOM only what changed", () => {
    const { made } = card();
    made.paint(sceneNode({}), false);
    let writes = 0;
    const plain = made.root.setAttribute.bind(made.root);
    made.root.setAttribute = (name: string, value: string) => {
      writes += 1;
      plain(name, value);
    };
    made.paint(sceneNode({}), false);
    expect(writes).toBe(0);
    made.paint(sceneNode({ tone: "origin", state: "over" }), true);
    expect(writes).toBe(2);
  });
});
