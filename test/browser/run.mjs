// SPDX-License-Identifier: Apache-2.0
// Browser tests of the page against the real server.
//   node test/browser/run.mjs [server command...]     default: the built map_server_for_tests
import { alertsTests, realAlertsTests } from "./alerts_tests.mjs";
import { runAll, startBrowser, startServer } from "./harness.mjs";
import { mapTests } from "./map_tests.mjs";
import { pageTests } from "./page_tests.mjs";
import { diagnosisTests, runsTests } from "./runs_tests.mjs";

const build = new URL("../../build/release/", import.meta.url).pathname;
const built = `${build}test/story/map_server_for_tests`;
const given = process.argv.slice(2);
// One phase only: the tests want its trouble for as long as they take.
const base = given.length > 0 ? given : [built, "--phase-seconds", "3600"];
const commandOn = (port) => [...base, "--port", String(port)];

const fixture = new URL("../../web/dev/fixture_server.mjs", import.meta.url).pathname;

let browser;
let server;
let standIn;
let good = false;
try {
  server = await startServer(commandOn(0));
  browser = await startBrowser();
  const has = async (path) => (await fetch(`${server.url}/api/v1${path}`)).ok;
  const [runs, alerts] = [await has("/runs"), await has("/alerts")];
  // A server built without these routes: the page is still held against their documented shapes.
  if (!runs || !alerts) standIn = await startServer([process.execPath, fixture, "--port", "0"]);
  const on = (real, tests) =>
    tests.map(([name, body]) => (real ? [name, body] : [`${name} (stand-in)`, (context) => body({ ...context, server: standIn })]));
  const tests = [
    ...mapTests, ...pageTests, ...diagnosisTests, ...on(runs, runsTests), ...on(alerts, alertsTests),
    ...(alerts ? realAlertsTests : []),
  ];
  good = await runAll(tests, { server, browser, command: commandOn(0), commandOn });
} catch (error) {
  console.log(`FAIL ${error.message}`);
  console.log("0 passed, 1 failed");
} finally {
  await browser?.close();
  await server?.stop();
  await standIn?.stop();
}
process.exitCode = good ? 0 : 1;
