// SPDX-License-Identifier: Apache-2.0
// Browser tests of the page against the real server.
//   node test/browser/run.mjs [server command...]     default: the built map_server_for_tests
import { alertsTests } from "./alerts_tests.mjs";
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

let browser;
let server;
let good = false;
try {
  server = await startServer(commandOn(0));
  browser = await startBrowser();
  const tests = [...mapTests, ...pageTests, ...diagnosisTests, ...runsTests, ...alertsTests];
  good = await runAll(tests, { server, browser, command: commandOn(0), commandOn });
} catch (error) {
  console.log(`FAIL ${error.message}`);
  console.log("0 passed, 1 failed");
} finally {
  await browser?.close();
  await server?.stop();
}
process.exitCode = good ? 0 : 1;
