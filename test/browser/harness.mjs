// SPDX-License-Identifier: Apache-2.0
// A server, a browser and a list of tests; prints "N passed, N failed".
import { spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const { chromium } = require("playwright-core");
export const axeSource = require("axe-core").source;

const CHROMIUM = "/usr/bin/chromium";
const START_MS = 60_000;

// Starts the command; resolves with its address, the first http://127.0.0.1:PORT it prints. The
// server ends when its standard input does: with us, however we end.
export async function startServer(command) {
  const [file, ...args] = command;
  if (!existsSync(file)) throw new Error(`${file} is missing: build the target map_server_for_tests`);
  const child = spawn(file, args, { stdio: ["pipe", "pipe", "pipe"] });
  const url = await new Promise((resolve, reject) => {
    let seen = "";
    const timer = setTimeout(() => reject(new Error(`no address from ${file}: ${seen}`)), START_MS);
    const read = (chunk) => {
      seen += chunk;
      const match = /http:\/\/127\.0\.0\.1:\d+/.exec(seen);
      if (match === null) return;
      clearTimeout(timer);
      resolve(match[0]);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`${file} ended with ${code}: ${seen}`)));
  });
  const stop = () =>
    new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once("exit", () => resolve());
      child.kill("SIGTERM");
      setTimeout(() => child.kill("SIGKILL"), 5000).unref();
    });
  return { url, port: Number(new URL(url).port), stop };
}

export async function startBrowser() {
  if (!existsSync(CHROMIUM)) throw new Error(`${CHROMIUM} is missing: apt-get install chromium`);
  return chromium.launch({
    executablePath: CHROMIUM,
    headless: true,
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ],
  });
}

export const artefacts = new URL("../../build/browser/", import.meta.url).pathname;

export async function runAll(tests, context) {
  mkdirSync(artefacts, { recursive: true });
  let passed = 0;
  const failed = [];
  const only = process.env.PANO_TEST_ONLY;
  for (const [name, body] of tests) {
    if (only !== undefined && !name.includes(only)) continue;
    const began = performance.now();
    try {
      await body(context);
      passed += 1;
      console.log(`ok   ${name} (${Math.round(performance.now() - began)} ms)`);
    } catch (error) {
      failed.push(name);
      console.log(`FAIL ${name}\n     ${String(error.stack ?? error).split("\n").slice(0, 6).join("\n     ")}`);
    }
  }
  for (const name of failed) console.log(`failed: ${name}`);
  console.log(`${passed} passed, ${failed.length} failed`);
  return failed.length === 0 && passed > 0;
}

export function check(truth, message) {
  if (!truth) throw new Error(message);
}

export function same(actual, expected, message) {
  const a = JSON.stringify(actual);
  const b = JSON.stringify(expected);
  if (a !== b) throw new Error(`${message}: ${a} instead of ${b}`);
}

// Repeats until `probe` answers something true; the last answer or its error is the failure.
export async function until(probe, message, timeoutMs = 20_000) {
  const end = Date.now() + timeoutMs;
  let last;
  while (Date.now() < end) {
    try {
      last = await probe();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${message} (last: ${last instanceof Error ? last.message : JSON.stringify(last)})`);
}
