// SPDX-License-Identifier: Apache-2.0
// The map itself: what it draws, where, and how it is moved over.
import { gzipSync } from "node:zlib";
import { artefacts, check, same, until } from "./harness.mjs";
import { api, expectCleanGeometry, openPage, settled, troubledMap } from "./page.mjs";

const BUDGET_BYTES = 90_000;
const LAZY_BUDGET_BYTES = 60_000;

async function drawsEverything(context) {
  await troubledMap(context);
  const page = await openPage(context);
  await settled(page);
  const drawn = await page.locator(".node").evaluateAll((all) => all.map((n) => n.dataset.name).sort());
  const map = await api(context, "/map");
  const busy = new Set(map.edges.flatMap((e) => (e.state === "idle" ? [] : [e.client, e.server])));
  for (const node of map.nodes) {
    if (busy.has(node.id)) check(drawn.includes(node.name), `${node.name} is not on the map`);
  }
  check(drawn.every((name) => map.nodes.some((n) => n.name === name)), `strangers on the map: ${drawn}`);
  await page.done();
}

async function saysTheVerdict(context) {
  const page = await openPage(context);
  await settled(page);
  await until(async () => {
    const verdict = await api(context, "/diagnosis");
    const name = await page.locator(".banner .link.big").textContent();
    const ring = await page.locator(".node.bottleneck").getAttribute("data-name");
    return name === verdict.bottleneck && ring === verdict.bottleneck;
  }, "banner, ring and /diagnosis disagree");
  const { verdict } = await troubledMap(context);
  const named = page.getByRole("button", { name: `${verdict.bottleneck}, over limit, bottleneck, ` });
  same(await named.count(), 1, "buttons with the bottleneck's accessible name");
  check((await page.locator(".halo.on").count()) > 0, "no halo on the slowest path");
  await page.done();
}

async function stateIsNotColourAlone(context) {
  await troubledMap(context);
  const page = await openPage(context);
  await settled(page);
  const icons = await page.locator(".node").evaluateAll((all) =>
    all.map((n) => [n.dataset.state, n.querySelector(".icon").getAttribute("d")]));
  const byState = new Map();
  for (const [state, d] of icons) byState.set(state, (byState.get(state) ?? new Set()).add(d));
  check(byState.has("over"), "nothing is over its limit");
  const shapes = Array.from(byState.values(), (set) => Array.from(set));
  check(shapes.every((set) => set.length === 1), "one state, several icons");
  same(new Set(shapes.flat()).size, byState.size, "states that share an icon");
  const pills = await page.locator(".pill:not(.off)").count();
  const bad = await page.locator(".edge[data-key][data-state=over], .edge[data-key][data-state=near]").count();
  same(pills, bad, "pills on edges over or near their limit");
  await page.done();
}

async function liesCleanly(context) {
  for (const [width, height] of [[1600, 900], [1280, 720], [1920, 1080]]) {
    for (const scheme of ["dark", "light"]) {
      const page = await openPage(context, { width, height, scheme });
      await settled(page);
      await expectCleanGeometry(page, `${width}x${height}`);
      await page.screenshot({ path: `${artefacts}map-${scheme}-${width}.png` });
      await page.keyboard.press("]");
      await page.locator("aside.side").waitFor();
      await page.waitForTimeout(600);
      await expectCleanGeometry(page, `${width}x${height} with the panel open`);
      await page.screenshot({ path: `${artefacts}panel-${scheme}-${width}.png` });
      await page.done();
    }
  }
}

async function followsTheServer(context) {
  const page = await openPage(context);
  await settled(page);
  const seen = new Set();
  await until(async () => {
    seen.add(await page.locator("svg.map .nodes").textContent());
    return seen.size >= 3;
  }, "the numbers on the cards stand still");
  await page.done();
}

async function staysWhereItIs(context) {
  const page = await openPage(context);
  await settled(page);
  const places = () =>
    page.locator(".node").evaluateAll((all) => all.map((n) => [n.dataset.key, n.getAttribute("transform")]));
  const before = await places();
  await page.waitForTimeout(3500);
  const after = new Map(await places());
  for (const [key, at] of before) if (after.has(key)) same(after.get(key), at, `${key} moved between ticks`);
  await page.done();
}

async function movesByKeyboard(context) {
  const page = await openPage(context);
  await settled(page);
  const stops = await page.locator(".node[tabindex='0']").count();
  same(stops, 1, "stops of Tab on the map");
  const { verdict } = await troubledMap(context);
  const [first, second] = verdict.path;
  await page.locator(`.node[data-name="${first}"]`).focus();
  await page.keyboard.press("ArrowRight");
  const focused = () => page.evaluate(() => document.activeElement?.dataset?.name);
  same(await focused(), second, "right of the entry");
  await page.keyboard.press("ArrowLeft");
  same(await focused(), first, "and back left");
  await page.keyboard.press("Enter");
  await page.locator("aside.side h2", { hasText: first }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator("aside.side").waitFor({ state: "detached" });
  await page.done();
}

async function lightsThePath(context) {
  const page = await openPage(context);
  await settled(page);
  const { verdict } = await troubledMap(context);
  await page.locator(`.node[data-name="${verdict.bottleneck}"] .card`).hover();
  const lit = await page.locator(".node[data-lit]").evaluateAll((all) => all.map((n) => n.dataset.name));
  for (const name of verdict.path) check(lit.includes(name), `${name} is dark`);
  await page.done();
}

async function filtersAndFinds(context) {
  const page = await openPage(context);
  await settled(page);
  const all = await page.locator(".node").count();
  await page.keyboard.press("o");
  const only = page.locator(".tool[aria-pressed=true]");
  await only.first().waitFor();
  const calm = await page.locator(".node[data-state=ok]").evaluateAll((nodes) => nodes.map((n) => n.dataset.key));
  const ends = await page.evaluate(() => document.querySelectorAll(".edge.on-path").length);
  const shown = await page.locator(".node").count();
  check(shown < all, `only problems still shows ${shown} of ${all}`);
  check(calm.length === 0 || ends > 0, "healthy nodes off the path are still shown");
  check(page.url().includes("only=problems"), `address: ${page.url()}`);
  await page.keyboard.press("o");
  await until(async () => (await page.locator(".node").count()) === all, "not all came back");
  const name = (await troubledMap(context)).verdict.bottleneck;
  await page.keyboard.press("/");
  await page.keyboard.type(name.slice(0, 4));
  await until(async () => (await page.locator(".node[data-found]").count()) > 0, "nothing found");
  await page.keyboard.press("Enter");
  check(
    (await page.evaluate(() => document.activeElement?.dataset?.name ?? "")).startsWith(name.slice(0, 4)),
    "Enter does not focus the hit",
  );
  await page.done();
}

async function keepsItsBudget(context) {
  const html = await (await fetch(`${context.server.url}/`)).text();
  const files = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map((match) => match[1]);
  check(files.length >= 2, `assets named by the page: ${files}`);
  const sizeOf = async (path) =>
    gzipSync(Buffer.from(await (await fetch(context.server.url + path)).arrayBuffer())).length;
  let initial = 0;
  const chunks = new Set();
  for (const path of files) {
    initial += await sizeOf(path);
    const text = await (await fetch(context.server.url + path)).text();
    for (const match of text.matchAll(/assets\/[\w.-]+\.(?:js|css)/g)) chunks.add(`/${match[0]}`);
  }
  check(initial <= BUDGET_BYTES, `first load is ${initial} bytes gzipped, ${BUDGET_BYTES} allowed`);
  for (const path of chunks) {
    if (files.includes(path)) continue;
    const size = await sizeOf(path);
    check(size <= LAZY_BUDGET_BYTES, `${path} is ${size} bytes gzipped`);
  }
  console.log(`     first load ${initial} bytes gzipped`);
}

// Ten ticks' work of the main thread, with wide slack: a guard against redrawing everything.
async function ticksCheaply(context) {
  const page = await openPage(context);
  await settled(page);
  const client = await page.context().newCDPSession(page);
  await client.send("Performance.enable");
  const busy = async () => {
    const { metrics } = await client.send("Performance.getMetrics");
    return metrics.find((m) => m.name === "ScriptDuration").value;
  };
  const before = await busy();
  await page.waitForTimeout(5000);
  const each = ((await busy()) - before) / 5;
  check(each < 0.3, `a tick keeps the main thread busy for ${each} s of script`);
  console.log(`     script per second ${(each * 1000).toFixed(1)} ms`);
  await page.done();
}

export const mapTests = [
  ["draws every service and call the server knows", drawsEverything],
  ["says the verdict: banner, ring, halo, accessible name", saysTheVerdict],
  ["tells states apart without colour", stateIsNotColourAlone],
  ["lays nothing on anything else at any size, both themes", liesCleanly],
  ["follows the server second by second", followsTheServer],
  ["keeps every card in place between ticks", staysWhereItIs],
  ["is moved over by keyboard", movesByKeyboard],
  ["lights up- and downstream of what is pointed at", lightsThePath],
  ["shows only problems, finds services", filtersAndFinds],
  ["stays within its budget of bytes", keepsItsBudget],
  ["ticks cheaply", ticksCheaply],
];
