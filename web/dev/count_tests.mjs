// SPDX-License-Identifier: Apache-2.0
// All checks of the page with one result line: types, lint, unit tests, browser tests.
//   node dev/count_tests.mjs [--no-browser]
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let passed = 0;
let failed = 0;

function run(name, command, args, capture = false) {
  console.log(`== ${name}`);
  return spawnSync(command, args, { stdio: ["ignore", capture ? "pipe" : "inherit", "inherit"], encoding: "utf8" });
}

function single(name, script) {
  if (run(name, "npm", ["run", "--silent", script]).status === 0) passed += 1;
  else failed += 1;
}

single("types", "typecheck");
single("lint", "lint");

const folder = mkdtempSync(join(tmpdir(), "panoscope-web-"));
const report = join(folder, "report.json");
const unit = run("unit", "npx", ["vitest", "run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`]);
try {
  const result = JSON.parse(readFileSync(report, "utf8"));
  passed += result.numPassedTests;
  failed += result.numFailedTests;
  // A file that does not even load fails without a failed test.
  if (unit.status !== 0 && result.numFailedTests === 0) failed += 1;
} catch {
  failed += 1;
}
rmSync(folder, { recursive: true });

if (!process.argv.includes("--no-browser")) {
  const browser = run("browser", "npm", ["run", "--silent", "test:browser"], true);
  process.stdout.write(browser.stdout);
  const counts = /(\d+) passed, (\d+) failed\s*$/.exec(browser.stdout);
  passed += Number(counts?.[1] ?? 0);
  failed += counts === null ? 1 : Number(counts[2]);
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
