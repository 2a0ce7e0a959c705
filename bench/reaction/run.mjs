// SPDX-License-Identifier: Apache-2.0
// How long a change in reality takes to the page: a service begins to fail, or to be slow, at a known
// time; that time is subtracted from when the stream says so and from when the DOM of the page in
// headless Chromium shows it. Usage: run.mjs [--rounds N] [--json FILE]
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { startBrowser, startServer, until } from "../../test/browser/harness.mjs";

const HERE = new URL(".", import.meta.url).pathname;
const BINARY = process.env.PANOSCOPE ?? new URL("../../build/release/src/cli/panoscope", import.meta.url).pathname;
const LIMIT_MS = 100; // of latency, between a good answer's and a slow one's
const PATIENCE_MS = 30_000;

function option(name, fallback) {
  const at = process.argv.indexOf(name);
  return at < 0 ? fallback : process.argv[at + 1];
}

// A process that speaks in lines.
function startSpeaker(script, ...args) {
  const child = spawn(process.execPath, [join(HERE, script), ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const waiting = [];
  createInterface({ input: child.stdout }).on("line", (line) => waiting.shift()?.(line));
  return {
    pid: child.pid,
    next: () => new Promise((resolve) => waiting.push(resolve)),
    say: (line) => child.stdin.write(`${line}\n`),
    stop: () => child.stdin.end(),
  };
}

// What both witnesses watch of the callee: changes of these four, each with its time.
class Witness {
  constructor() {
    this.now = { fail: false, slow: false, over: false };
    this.since = {};
  }
  // `at`: milliseconds since the epoch
  see(now, at) {
    for (const what of Object.keys(now)) {
      if (now[what] !== this.now[what]) this.since[what] = at;
    }
    this.now = now;
  }
}

// Follows the map stream of the server; the witness learns of the node with this name.
async function follow(url, name, witness) {
  const answer = await fetch(`${url}/api/v1/map/stream`);
  const decoder = new TextDecoder();
  let text = "";
  let id;
  const told = (errors, latency, state, at) =>
    witness.see({ fail: errors > 0, slow: latency > LIMIT_MS * 1000, over: state === "over" }, at);
  const take = (event, data, at) => {
    const map = JSON.parse(data);
    if (event === "snapshot") {
      const node = map.nodes.find((n) => n.name === name);
      id = node?.id;
      if (node !== undefined) told(node.metrics.errors, node.metrics.latency, node.state, at);
    } else if (event === "tick") {
      const i = map.nodes.id.indexOf(id);
      if (i >= 0) told(map.nodes.metrics.errors[i], map.nodes.metrics.latency[i], map.nodes.state[i], at);
    }
  };
  for await (const chunk of answer.body) {
    const at = Date.now();
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      const event = /^event: (.*)$/m.exec(block)?.[1];
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (event !== undefined && data !== undefined) take(event, data, at);
    }
  }
}

// Runs in the page: tells of every change of the row of `name` in the table view.
function observe([name, limitMs]) {
  const column = (label) =>
    [...document.querySelectorAll("table.big")].map((table) => ({
      table,
      at: [...table.querySelectorAll("thead th")].findIndex((th) => th.textContent.trim().toLowerCase().startsWith(label)),
    }))[0];
  const number = (text) => Number.parseFloat(text.replaceAll(/[\s,\u202f]/g, "")) || 0;
  const ms = (text) => number(text) * (/\bms/.test(text) ? 1 : /µs|us/.test(text) ? 0.001 : 1000);
  let last = "";
  const look = () => {
    const first = column("errors");
    if (first === undefined) return;
    const row = [...first.table.querySelectorAll("tbody tr")].find(
      (tr) => tr.querySelector("th")?.textContent.trim() === name);
    if (row === undefined) return;
    const cell = (label) => row.children[column(label).at]?.textContent ?? "";
    const now = {
      fail: number(cell("errors")) > 0,
      slow: ms(cell("latency")) > limitMs,
      over: /over/i.test(cell("state")),
    };
    const text = JSON.stringify(now);
    if (text === last) return;
    last = text;
    globalThis.panoTell(now, performance.timeOrigin + performance.now());
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  look();
}

function distribution(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
  return { runs: sorted.length, min: sorted[0], median: at(0.5), p90: at(0.9), max: sorted.at(-1) };
}

async function round(mode, callee, stream, page, log) {
  const calm = (w) => !w.now.fail && !w.now.slow && !w.now.over;
  await until(() => calm(stream) && calm(page), "never calm", PATIENCE_MS);
  // Anywhere within a second, not in step with the ticks.
  await new Promise((resolve) => setTimeout(resolve, 1000 + Math.random() * 1000));
  const first = callee.next();
  callee.say(mode);
  const began = Number((await first).split(" ")[1]);
  await until(() => stream.now[mode] && page.now[mode] && stream.now.over && page.now.over, `${mode} never shown`, PATIENCE_MS);
  const well = callee.next();
  callee.say("well");
  await well;
  const out = {
    mode,
    stream_value: Math.round(stream.since[mode] - began),
    page_value: Math.round(page.since[mode] - began),
    stream_red: Math.round(stream.since.over - began),
    page_red: Math.round(page.since.over - began),
  };
  log(out);
  return out;
}

async function main() {
  const rounds = Number(option("--rounds", 10));
  const data = mkdtempSync(join(tmpdir(), "panoscope-reaction-"));
  const callee = startSpeaker("callee.mjs");
  const port = Number((await callee.next()).split(" ")[1]);
  const caller = startSpeaker("caller.mjs", String(port));
  let server, browser;
  try {
    server = await startServer([BINARY, "up", "--listen", "127.0.0.1:0", "--data", data, "--limit", `latency=${LIMIT_MS}ms`]);
    const name = await until(async () => {
      const map = await (await fetch(`${server.url}/api/v1/map`)).json();
      return map.nodes.find((n) => n.instances.some((i) => i.pid === callee.pid) && n.metrics.request_rate > 0)?.name;
    }, "the callee never came onto the map", PATIENCE_MS);
    const stream = new Witness();
    const page = new Witness();
    follow(server.url, name, stream).catch((error) => console.error(`stream: ${error.message}`));
    browser = await startBrowser();
    const tab = await (await browser.newContext({ locale: "en-GB" })).newPage();
    await tab.exposeFunction("panoTell", (now, at) => page.see(now, at));
    await tab.goto(`${server.url}/#/table`);
    await tab.locator("table.big tbody tr").first().waitFor();
    await tab.evaluate(observe, [name, LIMIT_MS]);

    const results = [];
    console.log("ms after the first changed answer      stream: value    red   page: value    red");
    for (let i = 0; i < rounds; ++i) {
      for (const mode of ["fail", "slow"]) {
        results.push(await round(mode, callee, stream, page, (r) =>
          console.log(`${String(i + 1).padStart(3)} ${mode}${" ".repeat(38)}${String(r.stream_value).padStart(6)} ${String(r.stream_red).padStart(6)}        ${String(r.page_value).padStart(6)} ${String(r.page_red).padStart(6)}`)));
      }
    }
    const summary = {};
    for (const mode of ["fail", "slow"]) {
      for (const what of ["stream_value", "page_value", "stream_red", "page_red"]) {
        summary[`${mode} ${what}`] = distribution(results.filter((r) => r.mode === mode).map((r) => r[what]));
      }
    }
    console.table(summary);
    const late = results.filter((r) => r.page_value > 2000).length;
    console.log(`goal: a change is on the page within 2000 ms: ${results.length - late} of ${results.length}`);
    const file = option("--json");
    if (file !== undefined) writeFileSync(file, JSON.stringify({ results, summary }, null, 1));
  } finally {
    caller.stop();
    callee.stop();
    await browser?.close();
    await server?.stop();
    rmSync(data, { recursive: true, force: true });
  }
}

await main();
process.exit(0);
