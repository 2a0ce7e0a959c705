// SPDX-License-Identifier: Apache-2.0
// What stands around the map: panel, limits, time, table, languages, access, a server that goes.
import { artefacts, check, same, startServer, until } from "./harness.mjs";
import { api, expectNoViolations, openPage, rects, settled, troubledMap } from "./page.mjs";

async function opensAnEdge(context) {
  const { verdict } = await troubledMap(context);
  const page = await openPage(context);
  await settled(page);
  await page.keyboard.press("[");
  const side = page.locator("aside.side");
  const step = verdict.steps.at(-1);
  await side.locator("h2", { hasText: step.server }).waitFor();
  same(await side.locator("table.metrics tbody tr").count(), 6, "rows of the metric table");
  const crumbs = await side.locator(".crumbs").textContent();
  check(crumbs.startsWith(verdict.path[0]), `breadcrumb: ${crumbs}`);
  await until(async () => (await side.locator(".curve canvas").count()) === 10, "ten curves");
  const inked = await side.locator(".curve").filter({ hasText: "Latency p95" }).locator("canvas").evaluate((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let n = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i] > 0) n += 1;
    return n;
  });
  check(inked > 500, `the latency curve has ${inked} pixels of ink`);
  await until(async () => {
    const map = await api(context, "/map");
    const edge = map.edges.find((e) => e.id === step.edge);
    const text = await side.locator("table.metrics tr", { hasText: "Latency p95" }).locator("td").first().textContent();
    return text.includes(seconds(edge.metrics.latency));
  }, "the panel's latency is not the server's");
  await page.screenshot({ path: `${artefacts}edge.png` });
  await page.done();
}

// As the page prints a latency, for values above a second and below.
function seconds(us) {
  return us >= 999_500 ? `${(us / 1e6).toFixed(1)} s` : String(Math.round(us / 1000)).slice(0, 2);
}

async function opensByPointer(context) {
  const { verdict } = await troubledMap(context);
  const page = await openPage(context);
  await settled(page);
  await page.locator(`.node[data-name="${verdict.bottleneck}"] .card`).click();
  const side = page.locator("aside.side");
  await side.locator("h2", { hasText: verdict.bottleneck }).waitFor();
  check((await side.locator(".relation").count()) > 0, "no callers listed");
  await side.locator(".relation").first().click();
  await side.locator("h2", { hasText: "→" }).waitFor();
  const pill = page.locator(".pill:not(.off)").first();
  await pill.click();
  await side.locator("h2", { hasText: "→" }).waitFor();
  await page.done();
}

async function editsALimit(context) {
  const before = await api(context, "/limits");
  const { verdict } = await troubledMap(context);
  const page = await openPage(context);
  await settled(page);
  await page.locator(`.node[data-name="${verdict.bottleneck}"] .card`).click();
  const row = page.locator("table.metrics tr", { hasText: "Latency p95" });
  await row.locator("button.limit").click();
  const box = page.locator("aside .limit-editor input");
  await box.fill("not a limit");
  await page.keyboard.press("Enter");
  await page.locator("aside .hint.bad").waitFor();
  await box.fill("100 s");
  await page.keyboard.press("Enter");
  await until(async () => {
    const limits = await api(context, "/limits");
    return limits.overrides.some((o) => o.service === verdict.bottleneck && o.metric === "latency" && o.limit === 1e8);
  }, "the server does not have the limit");
  check((await row.locator("button.limit").textContent()).startsWith("100"), "the page does not show it");
  await api(context, "/limits", {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(before),
  });
  await page.done();
}

async function pauses(context) {
  const page = await openPage(context);
  await settled(page);
  await page.keyboard.press(" ");
  await page.locator(".live-button", { hasText: "Paused" }).waitFor();
  const text = () => page.locator("svg.map .nodes").textContent();
  const before = await text();
  await page.waitForTimeout(2500);
  same(await text(), before, "numbers while paused");
  await page.keyboard.press(" ");
  await until(async () => (await text()) !== before, "never went on");
  await page.done();
}

async function goesBackInTime(context) {
  const page = await openPage(context);
  await settled(page);
  const slider = page.locator("[role=slider]");
  await slider.focus();
  for (let i = 0; i < 3; i += 1) await page.keyboard.press("ArrowLeft");
  await page.locator(".live-button.past").waitFor();
  const at = Number(new URL(page.url()).hash.match(/at=(\d+)/)[1]);
  const then = await api(context, `/map?at=${at}`);
  const node = then.nodes.find((n) => n.id === then.verdict.bottleneck_id) ?? then.nodes[0];
  await until(
    async () => (await page.locator(".time-axis").count()) === 1 && Number(await slider.getAttribute("aria-valuenow")) === at,
    "the slider is elsewhere",
  );
  check((await page.locator(`.node[data-name="${node.name}"]`).count()) === 1, `${node.name} is missing then`);
  await page.screenshot({ path: `${artefacts}past.png` });
  const box = await slider.boundingBox();
  await page.mouse.click(box.x + box.width * 0.95, box.y + box.height / 2);
  await until(async () => Number(await slider.getAttribute("aria-valuenow")) !== at, "a click does not move");
  await page.keyboard.press("l");
  await page.locator(".live-button.live").waitFor();
  check(!page.url().includes("at="), `address: ${page.url()}`);
  await page.done();
}

async function keepsTheViewInTheAddress(context) {
  const { verdict } = await troubledMap(context);
  const page = await openPage(context);
  await settled(page);
  await page.keyboard.press("]");
  await page.locator("aside.side h2").waitFor();
  await page.locator(".timeline select").selectOption("1800");
  const hash = new URL(page.url()).hash;
  await page.done();
  const again = await openPage(context, { hash });
  await again.locator("aside.side h2", { hasText: verdict.steps[0].server }).waitFor();
  same(await again.locator(".timeline select").inputValue(), "1800", "range after reload");
  await again.done();
}

async function showsTables(context) {
  const page = await openPage(context);
  await settled(page);
  await page.keyboard.press("t");
  const tables = page.locator("table.big");
  await tables.first().waitFor();
  const map = await api(context, "/map");
  const busy = map.edges.filter((e) => e.state !== "idle").length;
  check((await tables.nth(1).locator("tbody tr").count()) >= busy, "calls are missing from the table");
  const head = tables.first().locator("th", { hasText: "Latency p95" });
  await head.locator("button").click();
  same(await head.getAttribute("aria-sort"), "descending", "sorted by");
  const top = await tables.first().locator("tbody tr").first().locator("td").nth(5).textContent();
  check(/\d+(\.\d)? (s|min)/.test(top), `the slowest on top: ${top}`);
  await tables.first().locator("tbody th button").first().click();
  await page.locator("aside.side").waitFor();
  await page.screenshot({ path: `${artefacts}table.png` });
  await page.done();
}

async function speaksChinese(context) {
  const page = await openPage(context);
  await settled(page);
  await page.locator("button", { hasText: "中文" }).click();
  await page.locator(".live-button", { hasText: "实时" }).waitFor();
  same(await page.evaluate(() => document.documentElement.lang), "zh-CN", "language of the document");
  await expectNoViolations(page, "the Chinese page");
  await page.screenshot({ path: `${artefacts}chinese.png` });
  await page.done();
}

async function isAccessible(context) {
  for (const scheme of ["dark", "light"]) {
    const page = await openPage(context, { scheme });
    await settled(page);
    await page.locator(".banner button[aria-expanded]").click();
    await page.keyboard.press("]");
    await page.locator(".curve canvas").first().waitFor();
    await page.locator(".limits .chip").nth(3).click();
    await page.locator(".popover").waitFor();
    await expectNoViolations(page, `${scheme} map with panel, evidence and limit editor`);
    await page.keyboard.press("Escape");
    await page.keyboard.press("t");
    await page.locator("table.big").first().waitFor();
    await expectNoViolations(page, `${scheme} table`);
    if (scheme === "dark") {
      await page.keyboard.press("?");
      await page.locator("dialog[open]").waitFor();
      await expectNoViolations(page, "help");
    }
    await page.done();
  }
  const page = await openPage(context);
  await settled(page);
  const said = await page.locator("[role=status]").textContent();
  check(/over limit; bottleneck|within limits/.test(said), `said to screen readers: ${said}`);
  await page.done();
}

async function bearsNarrowWindows(context) {
  // 1600 by 900 at 400 % zoom.
  const page = await openPage(context, { width: 400, height: 225, hash: "#/table" });
  await page.locator("table.big").first().waitFor();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  check(wide <= 0, `the page is ${wide} pixels too wide`);
  await expectNoViolations(page, "400 % zoom");
  await page.done();
}

async function bearsForcedColours(context) {
  await troubledMap(context);
  const page = await openPage(context, { forcedColors: "active" });
  await settled(page);
  await page.screenshot({ path: `${artefacts}forced-colours.png` });
  const pills = await rects(page, ".pill:not(.off)");
  check(pills.length > 0, "no pills in forced colours");
  await page.done();
}

async function letsGoOfAHiddenTab(context) {
  const page = await openPage(context);
  await settled(page);
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  const rate = () => page.locator("svg.map .nodes").textContent();
  const before = await rate();
  await page.waitForTimeout(3000);
  same(await rate(), before, "a hidden tab goes on");
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => false });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await until(async () => (await rate()) !== before, "a tab shown again stands still");
  await page.done();
}

// Its own server, which is stopped and comes back on the same port.
async function survivesTheServer(context) {
  const first = await startServer(context.command);
  const page = await openPage({ ...context, server: first }, { quiet: false });
  await settled(page);
  await first.stop();
  await page.locator(".notice.stale").waitFor({ timeout: 20_000 });
  check((await page.locator(".node").count()) > 0, "the last known map is gone");
  await page.screenshot({ path: `${artefacts}stale.png` });
  const second = await startServer(context.commandOn(first.port));
  await page.locator(".notice.stale").waitFor({ state: "detached", timeout: 40_000 });
  await second.stop();
  await page.done();
}

export const pageTests = [
  ["opens an edge: six metrics, ten curves, breadcrumb", opensAnEdge],
  ["opens nodes, relations and pills by pointer", opensByPointer],
  ["edits a limit in place", editsALimit],
  ["pauses and goes on", pauses],
  ["goes back in time and comes back", goesBackInTime],
  ["keeps the view in the address", keepsTheViewInTheAddress],
  ["shows the same as sortable tables", showsTables],
  ["speaks Chinese", speaksChinese],
  ["has no violation axe knows of, in any state", isAccessible],
  ["bears 400 % zoom", bearsNarrowWindows],
  ["bears forced colours", bearsForcedColours],
  ["lets go of a hidden tab", letsGoOfAHiddenTab],
  ["survives a server that goes and comes back", survivesTheServer],
];
