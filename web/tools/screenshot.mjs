// SPDX-License-Identifier: Apache-2.0
// A picture of the page, once its map shows calls:
//   node web/tools/screenshot.mjs URL OUT.png [--width 1600] [--height 900] [--theme dark|light]
//     [--lang en|zh] [--select NAME | CLIENT>SERVER] [--wait SECONDS]
// URL may carry a view after '#' (past time, table: see src/base/url_state.ts).
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const CHROMIUM = "/usr/bin/chromium";
const CURVES_MS = 8000;

const text = (fallback) => ({ type: "string", default: fallback });

function usage(message) {
  console.error(`screenshot: ${message}; node web/tools/screenshot.mjs URL OUT.png [--width N] [--height N]` +
    " [--theme dark|light] [--lang en|zh] [--select NAME|CLIENT>SERVER] [--wait SECONDS]");
  process.exit(2);
}

function options() {
  let parsed;
  try {
    parsed = parseArgs({
      allowPositionals: true,
      options: {
        width: text("1600"), height: text("900"), theme: text("dark"), lang: text("en"),
        select: text(""), wait: text("60"),
      },
    });
  } catch (error) {
    usage(error.message);
  }
  const { values, positionals } = parsed;
  if (positionals.length !== 2) usage("an address and a file are needed");
  const numbers = ["width", "height", "wait"].map((name) => [name, Number(values[name])]);
  for (const [name, value] of numbers) if (!(value > 0)) usage(`--${name} is no number`);
  if (!["dark", "light"].includes(values.theme)) usage("--theme is dark or light");
  if (!["en", "zh"].includes(values.lang)) usage("--lang is en or zh");
  return { ...values, ...Object.fromEntries(numbers), url: positionals[0], out: positionals[1] };
}

// The selection is part of the address; names are resolved against what the server knows now.
async function addressOf(url, wanted) {
  if (wanted === "") return url;
  const [client, server] = wanted.split(">");
  let selection = `node~${encodeURIComponent(client)}`;
  if (server !== undefined) {
    const map = await (await fetch(new URL("/api/v1/map", url))).json();
    const id = (name) => map.nodes.find((node) => node.name === name)?.id;
    const edge = map.edges.find((e) => e.client === id(client) && e.server === id(server));
    if (edge === undefined) throw new Error(`no call ${client} > ${server} on the map`);
    selection = ["edge", encodeURIComponent(client), encodeURIComponent(server), edge.port, edge.protocol].join("~");
  }
  const [page, view = "#/map"] = url.split(/(?=#)/);
  return `${page}${view}${view.includes("?") ? "&" : "?"}${new URLSearchParams({ sel: selection })}`;
}

async function shoot({ url, out, width, height, theme, lang, select: wanted, wait }) {
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    headless: true,
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      // No look-ups of its own: they would be calls on the map it takes a picture of.
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ],
  });
  try {
    const context = await browser.newContext({
      viewport: { width, height }, colorScheme: theme, reducedMotion: "reduce",
      locale: lang === "zh" ? "zh-CN" : "en-GB",
    });
    const page = await context.newPage();
    await page.goto(await addressOf(url, wanted));
    await page.locator("svg.map[data-settled=true] .edge[data-key], table.big tbody tr").first()
      .waitFor({ state: "attached", timeout: wait * 1000 });
    if (wanted !== "") {
      await page.locator("aside.side .curve canvas").first().waitFor({ timeout: CURVES_MS });
    }
    await page.waitForTimeout(2500); // the time line and one or two ticks
    await page.screenshot({ path: out });
  } finally {
    await browser.close();
  }
}

const given = options();
if (!existsSync(CHROMIUM)) usage(`${CHROMIUM} is missing: apt-get install chromium`);
try {
  await shoot(given);
} catch (error) {
  console.error(`screenshot: ${error.message}`);
  process.exitCode = 1;
}
