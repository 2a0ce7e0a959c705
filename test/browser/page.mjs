// SPDX-License-Identifier: Apache-2.0
// Opening the page and reading it as a person would.
import { axeSource, check, same, until } from "./harness.mjs";

// A fresh window on the map; what it complains about on the console fails the test at close.
export async function openPage({ browser, server }, options = {}) {
  const { hash = "", width = 1600, height = 900, scheme = "dark", quiet = true, ...rest } = options;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    locale: "en-GB",
    reducedMotion: "reduce",
    ...rest,
  });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(`${server.url}/${hash}`);
  page.done = async () => {
    await context.close();
    if (quiet) same(complaints, [], "complaints on the console");
  };
  return page;
}

export async function settled(page) {
  await page.locator("svg.map[data-settled=true] .node").first().waitFor({ timeout: 30_000 });
}

export async function api({ server }, path, init) {
  const answer = await fetch(`${server.url}/api/v1${path}`, init);
  check(answer.ok, `${path}: ${answer.status}`);
  return answer.json();
}

// A live map in which something is over its limit and the verdict names a bottleneck.
export function troubledMap(context) {
  return until(async () => {
    const map = await api(context, "/map");
    return map.verdict.bottleneck !== null && map.edges.some((e) => e.state === "over") && map;
  }, "the server never named a bottleneck", 60_000);
}

export async function expectNoViolations(page, where) {
  await page.evaluate(axeSource);
  const result = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const found = result.violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target.join(" ")).join("; ")}`);
  same(found, [], `axe on ${where}`);
}

const RECTS = `(selector) => [...document.querySelectorAll(selector)]
  .filter((e) => getComputedStyle(e).visibility !== "hidden" && getComputedStyle(e).display !== "none")
  .map((e) => { const r = e.getBoundingClientRect();
    return { name: e.closest("[data-name]")?.dataset.name ?? e.parentElement.textContent,
             left: r.left, top: r.top, right: r.right, bottom: r.bottom }; })`;

export function rects(page, selector) {
  return page.evaluate(`(${RECTS})(${JSON.stringify(selector)})`);
}

export function meet(a, b, slack = 0.5) {
  return (
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > slack &&
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > slack
  );
}

// Nothing on the map lies on anything else, and every card is inside the map.
export async function expectCleanGeometry(page, where) {
  const cards = await rects(page, "svg.map .node .card");
  const pills = await rects(page, "svg.map .pill:not(.off) rect");
  const [frame] = await rects(page, ".map-host");
  const [legend] = await rects(page, ".legend");
  check(cards.length > 1, `${where}: ${cards.length} cards`);
  for (const card of cards) {
    check(
      card.left >= frame.left && card.right <= frame.right && card.top >= frame.top && card.bottom <= frame.bottom,
      `${where}: ${card.name} is outside the window`,
    );
    check(!meet(card, legend), `${where}: the legend lies on ${card.name}`);
  }
  const all = [...cards, ...pills];
  all.forEach((a, i) => {
    for (const b of all.slice(i + 1)) check(!meet(a, b), `${where}: ${a.name} lies on ${b.name}`);
  });
  return { cards: cards.length, pills: pills.length };
}
