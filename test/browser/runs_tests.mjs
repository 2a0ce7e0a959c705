// SPDX-License-Identifier: Apache-2.0
// Runs, comparison, report and diagnosis.
import { artefacts, check, same, until } from "./harness.mjs";
import { api, expectNoViolations, openPage, settled, troubledMap } from "./page.mjs";

const json = (method, body) => ({ method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

// Two runs that are over, made once.
async function twoRuns(context) {
  const known = await api(context, "/runs");
  const done = known.runs.filter((run) => run.state === "done");
  if (done.length >= 2) return done.slice(0, 2);
  for (const name of ["first", "second"]) {
    const run = await api(context, "/runs", json("POST", { name, labels: { test: "browser" } }));
    await new Promise((resolve) => setTimeout(resolve, 8000));
    await api(context, `/runs/${run.id}/stop`, json("POST", {}));
  }
  return (await api(context, "/runs")).runs.filter((run) => run.state === "done").slice(0, 2);
}

async function goesBetweenPages(context) {
  const page = await openPage(context);
  await settled(page);
  await page.locator("nav.tabs a", { hasText: "Runs" }).click();
  await page.locator("main.sheet").waitFor();
  same(new URL(page.url()).hash, "#/runs", "address of the list");
  check((await page.title()).startsWith("Runs"), `title: ${await page.title()}`);
  await page.goBack();
  await settled(page);
  await page.locator("nav.tabs a", { hasText: "Alerts" }).click();
  await page.locator("[role=tablist]").waitFor();
  await page.locator("nav.tabs a", { hasText: "Map" }).click();
  await settled(page);
  await page.done();
}

async function startsAndStops(context) {
  const page = await openPage(context, { hash: "#/runs" });
  await page.locator("button", { hasText: "Start a run" }).first().click();
  const form = page.locator("form.form");
  await form.locator("textarea").first().fill("nonsense");
  await form.locator("button[type=submit]").click();
  await form.locator(".hint.bad").waitFor();
  await form.locator("textarea").first().fill("test=browser\nusers=5");
  await form.locator("input[type=text]").first().fill("by hand <img src=x>");
  await form.locator("button[type=submit]").click();
  const card = page.locator("section.running");
  await card.locator("h2", { hasText: "by hand <img src=x>" }).waitFor();
  same(await page.locator("main img").count(), 0, "names taken for markup");
  const tile = card.locator(".number-tile dd").nth(2);
  await until(async () => /\/s/.test(await tile.textContent()), "no live rate on the running card");
  await page.screenshot({ path: `${artefacts}running.png` });
  await expectNoViolations(page, "the list with a running run");
  await card.locator("button", { hasText: "Stop" }).click();
  await card.waitFor({ state: "detached" });
  const [run] = (await api(context, "/runs?q=by")).runs;
  same(run.labels, { test: "browser", users: "5" }, "labels the server has");
  await api(context, `/runs/${run.id}`, { method: "DELETE" });
  await page.done();
}

async function listsAndFilters(context) {
  const [run] = await twoRuns(context);
  const page = await openPage(context, { hash: "#/runs" });
  const row = page.locator(`tr[data-run="${run.id}"]`);
  await row.waitFor();
  check((await row.textContent()).includes(run.name), "the name is not in its row");
  await page.keyboard.press("/");
  await page.keyboard.type("no such name at all");
  await page.locator(".nothing").waitFor();
  check(page.url().includes("q=no"), `address: ${page.url()}`);
  await page.locator(".nothing button").click();
  await row.waitFor();
  await row.locator("input[type=checkbox]").check();
  check(await page.locator("button", { hasText: "Compare" }).isDisabled(), "one run can be compared");
  await page.screenshot({ path: `${artefacts}runs.png` });
  await expectNoViolations(page, "the list of runs");
  await page.done();
}

async function showsARun(context) {
  const [run] = await twoRuns(context);
  const detail = await api(context, `/runs/${run.id}`);
  const page = await openPage(context, { hash: `#/runs/${run.id}` });
  await settled(page);
  await page.locator(".run-head h2", { hasText: run.name }).waitFor();
  same(await page.locator(".step-band").count(), detail.steps.length, "steps on the time line");
  same(await page.locator("table.steps-table tbody tr").count(), detail.steps.length, "rows of steps");
  const slider = page.locator("[role=slider]");
  await slider.focus();
  for (let i = 0; i < 3; i += 1) await page.keyboard.press("ArrowLeft");
  await until(() => page.url().includes("at="), "the moment is not in the address");
  const at = Number(/at=(\d+)/.exec(page.url())[1]);
  same(Number(await slider.getAttribute("aria-valuenow")), at, "where the slider stands");
  await page.locator(".run-timeline button", { hasText: "Whole run" }).click();
  await page.locator("[role=tab]", { hasText: "Curves" }).click();
  await until(async () => (await page.locator(".run-panel .curve canvas").count()) === 5, "five figures");
  await page.screenshot({ path: `${artefacts}run.png` });
  for (const tab of ["Overview", "Walk", "Load generator", "Notes"]) {
    await page.locator("[role=tab]", { hasText: tab }).click();
    await page.locator("#run-panel").locator("section, p").first().waitFor();
    await expectNoViolations(page, `the run, ${tab}`);
  }
  await page.done();
}

async function keepsNotes(context) {
  const [run] = await twoRuns(context);
  const page = await openPage(context, { hash: `#/runs/${run.id}?tab=notes` });
  const box = page.locator("#run-panel textarea").nth(1);
  await box.fill("seen by the browser test");
  await page.locator("#run-panel button", { hasText: "Save" }).click();
  await until(async () => (await api(context, `/runs/${run.id}`)).notes === "seen by the browser test", "the server has no notes");
  await page.done();
}

async function attachesALoadReport(context) {
  const [run] = await twoRuns(context);
  const page = await openPage(context, { hash: `#/runs/${run.id}?tab=load` });
  const before = (await api(context, `/runs/${run.id}`)).loadgen.length;
  const text = [
    "Running 8s test @ http://127.0.0.1:8080/", "  2 threads and 10 connections",
    "  Thread Stats   Avg      Stdev     Max   +/- Stdev", "    Latency    12.00ms    2.00ms  40.00ms   90.00%", "    Req/Sec   400.00     20.00   450.00     80.00%",
    "  Latency Distribution", "     50%   11.00ms", "     75%   13.00ms", "     90%   15.00ms", "     99%   30.00ms",
    "  6400 requests in 8.00s, 1.20MB read", "Requests/sec:    800.00", "Transfer/sec:    153.60KB", "",
  ].join("\n");
  await page.locator("input[type=file]").setInputFiles({ name: "wrk.txt", mimeType: "text/plain", buffer: Buffer.from(text) });
  await until(async () => (await page.locator("section.loadgen").count()) === before + 1, "the report is not shown");
  check((await page.locator("table.reconciliation tbody tr").count()) > 2, "nothing is reconciled");
  await page.screenshot({ path: `${artefacts}loadgen.png` });
  await page.done();
}

async function compares(context) {
  const [b, a] = await twoRuns(context);
  for (const mode of ["overlay", "split"]) {
    const page = await openPage(context, { hash: `#/compare?a=${a.id}&b=${b.id}&mode=${mode}` });
    await settled(page);
    const maps = await page.locator("svg.map").count();
    same(maps, mode === "split" ? 2 : 1, "maps");
    if (mode === "split") {
      const places = await page.locator("svg.map").evaluateAll((all) =>
        all.map((map) => [...map.querySelectorAll(".node")].map((n) => [n.dataset.key, n.getAttribute("transform")]).sort()));
      same(places[0], places[1], "places of the same service on both maps");
      const name = await page.locator("svg.map").first().locator(".node").first().getAttribute("data-name");
      await page.locator("svg.map").first().locator(".node .card").first().click();
      await until(async () => (await page.locator(`.node.selected[data-name="${name}"]`).count()) === 2, "selected on one map only");
    }
    await page.screenshot({ path: `${artefacts}compare-${mode}.png` });
    await expectNoViolations(page, `compare, ${mode}`);
    await page.done();
  }
}

async function showsTheReport(context) {
  const [run] = await twoRuns(context);
  const page = await openPage(context, { hash: `#/runs/${run.id}/report` });
  const report = page.frameLocator("iframe.report-frame");
  await report.locator("h1", { hasText: run.name }).waitFor();
  const titles = await report.locator("h2").allTextContents();
  const wanted = ["Objectives", "What happened", "Step 1", "History", "Capacity", "Losses and doubts", "How to reproduce"];
  same(wanted.filter((title) => !titles.some((text) => text.startsWith(title))), [], `missing of ${titles}`);
  const drawn = await report.locator("svg.map").first().locator(".node").count();
  check(drawn > 10, `${drawn} services on the report's map`);
  const html = await (await fetch(`${context.server.url}/api/v1/runs/${run.id}/report.html`)).text();
  check(!/<script|<link|src=|https?:/.test(html), "the report does not stand alone");
  await page.screenshot({ path: `${artefacts}report.png` });
  await expectNoViolations(page, "the report");
  await page.done();
}

async function walksInTheDiagnosis(context) {
  const { verdict } = await troubledMap(context);
  const page = await openPage(context);
  await settled(page);
  await page.keyboard.press("d");
  const panel = page.locator("aside.side .diagnosis");
  await panel.waitFor();
  same(await panel.locator(".walk-list > li").count(), verdict.steps.length, "steps of the walk");
  for (let i = 0; i < verdict.steps.length; i += 1) await page.keyboard.press("[");
  const step = panel.locator("li.current .walk-step");
  await until(async () => (await step.textContent()).includes(verdict.steps[0].server), "[ does not lead to the first step");
  check((await panel.locator(".facts-grid dt").count()) >= 8, "a step without numbers");
  check((await panel.locator(".suspects > li").count()) > 0, "no candidates");
  check(page.url().includes("walk=0"), `address: ${page.url()}`);
  await page.screenshot({ path: `${artefacts}diagnosis.png` });
  await expectNoViolations(page, "the diagnosis");
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "detached" });
  await page.done();
}

async function bearsWhatIsNotThere(context) {
  for (const hash of ["#/runs/no-such-run", "#/runs/no-such-run/report", "#/compare?a=no-such-run&b=neither"]) {
    const page = await openPage(context, { hash, quiet: false });
    await page.locator(".nothing, .empty").first().waitFor();
    await page.done();
  }
}

async function bearsNarrowWindows(context) {
  const [run] = await twoRuns(context);
  for (const hash of ["#/runs", `#/runs/${run.id}`, "#/alerts", `#/compare?a=${run.id}&b=${run.id}`]) {
    const page = await openPage(context, { hash, width: 400, height: 700 });
    await page.locator("main").waitFor();
    await page.waitForTimeout(1200);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    check(wide <= 0, `${hash} is ${wide} pixels too wide`);
    await page.done();
  }
}

export const runsTests = [
  ["goes between map, runs and alerts, and back", goesBetweenPages],
  ["starts and stops a run, its numbers live", startsAndStops],
  ["lists runs, finds and picks them", listsAndFilters],
  ["shows a run: steps, any moment, curves, every tab", showsARun],
  ["keeps a run's notes", keepsNotes],
  ["attaches a load generator's report", attachesALoadReport],
  ["compares two runs on one map and on two", compares],
  ["shows a run's report, which stands alone", showsTheReport],
  ["says so when a run is not there", bearsWhatIsNotThere],
  ["runs, comparison and alerts bear narrow windows", bearsNarrowWindows],
];
export const diagnosisTests = [["walks step by step in the diagnosis", walksInTheDiagnosis]];
