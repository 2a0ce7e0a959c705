// SPDX-License-Identifier: Apache-2.0
// Alert rules, routes with their test, silences, history.
import { createServer } from "node:http";
import { artefacts, check, same, until } from "./harness.mjs";
import { api, expectNoViolations, openPage } from "./page.mjs";

async function showsEveryTab(context) {
  for (const scheme of ["dark", "light"]) {
    const page = await openPage(context, { hash: "#/alerts", scheme });
    for (const tab of ["Rules", "Routes", "Silences", "History", "Now"]) {
      await page.locator("[role=tab]", { hasText: tab }).click();
      await page.locator("#alert-panel > *").first().waitFor();
      await page.waitForTimeout(300);
      await expectNoViolations(page, `alerts, ${tab}, ${scheme}`);
      await page.screenshot({ path: `${artefacts}alerts-${tab.toLowerCase()}-${scheme}.png` });
    }
    await page.done();
  }
}

// A receiver of its own: what it answers is what the page must show.
async function testsARoute(context) {
  const receiver = createServer((request, response) => {
    request.resume();
    response.writeHead(503);
    response.end("the pager is asleep");
  });
  await new Promise((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const page = await openPage(context, { hash: "#/alerts?tab=routes" });
  try {
    await page.locator("button", { hasText: "Add a route" }).click();
    const form = page.getByRole("form", { name: "Add a route" });
    await form.getByLabel("Name").fill("browser test");
    await form.getByLabel("Address").fill("not an address");
    await form.getByRole("button", { name: "Save and test" }).click();
    await form.locator("[aria-invalid=true]").waitFor();
    await form.getByLabel("Address").fill(`http://127.0.0.1:${receiver.address().port}/hook`);
    await form.getByRole("button", { name: "Save and test" }).click();
    const card = page.locator(".route-card", { hasText: "browser test" });
    await card.locator(".test-answer.bad", { hasText: "503" }).waitFor();
    check((await card.locator(".test-answer pre").textContent()).includes("the pager is asleep"), "the receiver's answer is not shown");
  } finally {
    receiver.close();
    const { routes } = await api(context, "/alerts/routes");
    for (const route of routes.filter((r) => r.name === "browser test")) {
      await api(context, `/alerts/routes/${route.id}`, { method: "DELETE" });
    }
  }
  await page.done();
}

// A rule by keyboard alone: what is wrong is beside its field, and what is saved is what the server has.
async function makesARule(context) {
  // Not quiet: the browser notes the 400 with which the server refuses one on purpose.
  const page = await openPage(context, { hash: "#/alerts?tab=rules", quiet: false });
  await page.getByRole("button", { name: "Add a rule" }).focus();
  await page.keyboard.press("Enter");
  const form = page.getByRole("form", { name: "Add a rule" });
  await form.getByLabel("When").selectOption("threshold");
  await form.getByLabel("Metric").selectOption("latency_p99");
  await form.getByLabel("Of").selectOption("node");
  await form.getByLabel("Service").fill("cart");
  await form.getByLabel("Value").fill("soon");
  await expectNoViolations(page, "the rule's form");
  await form.getByLabel("Value").focus();
  await page.keyboard.press("Enter");
  const wrong = () => form.locator("[aria-invalid=true]").evaluateAll((all) => all.map((e) => document.getElementById(e.id + "-bad") !== null || e.getAttribute("aria-describedby")));
  await until(async () => (await wrong()).length === 2, "name and value are not both refused");
  check((await wrong()).every(Boolean), "a refusal without its reason");
  check(await form.getByLabel("Name").evaluate((e) => e === document.activeElement), "the first field refused has no focus");
  await expectNoViolations(page, "the rule's form, refused");
  await page.screenshot({ path: `${artefacts}alert-rule-refused.png` });
  await page.keyboard.type("made by the browser test");
  await form.getByLabel("Value").fill("250 ms");
  await form.getByRole("button", { name: "JSON" }).click();
  const json = page.locator("form textarea.code");
  const body = JSON.parse(await json.inputValue());
  same(body.condition, { type: "threshold", metric: "latency_p99", subject: "node", op: ">", value: 250_000, service: "cart" }, "the rule as JSON");
  await expectNoViolations(page, "the rule as JSON");
  await json.fill("{");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator("form textarea[aria-invalid=true]").waitFor();
  await json.fill(JSON.stringify({ ...body, condition: { ...body.condition, op: "=" } }));
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator("form .hint.bad", { hasText: "condition.op" }).waitFor();
  await json.fill(JSON.stringify({ ...body, severity: "critical" }));
  await page.getByRole("button", { name: "Form" }).click();
  await form.getByRole("button", { name: "Save" }).click();
  await page.locator("table.alerts tr", { hasText: "Latency p99 of cart > 250 ms" }).waitFor();
  const { rules } = await api(context, "/alerts/rules");
  const made = rules.find((rule) => rule.name === "made by the browser test");
  await api(context, `/alerts/rules/${made.id}`, { method: "DELETE" });
  same([made.severity, made.condition.value, made.for_s], ["critical", 250_000, 10], "what the server has");
  await page.done();
}

async function silences(context) {
  const page = await openPage(context, { hash: "#/alerts?tab=silences" });
  await page.getByRole("button", { name: "Add a silence" }).click();
  const form = page.getByRole("form", { name: "Add a silence" });
  await form.getByRole("button", { name: "Save" }).click();
  await until(async () => (await form.locator("[aria-invalid=true]").count()) === 2, "an empty silence is taken");
  await expectNoViolations(page, "the silence's form, refused");
  await form.getByLabel("Value").fill("ad");
  await form.getByLabel("Why").fill("browser test");
  await form.getByRole("button", { name: "Save" }).click();
  const row = page.locator("table.alerts tr", { hasText: "browser test" });
  await row.locator("th", { hasText: "service = ad" }).waitFor();
  await row.getByRole("button", { name: "End now" }).click();
  await row.locator("td", { hasText: "ended" }).waitFor();
  await page.done();
}

async function switchesARule(context) {
  const { rules } = await api(context, "/alerts/rules");
  const rule = rules.find((r) => r.origin === "builtin");
  const page = await openPage(context, { hash: "#/alerts?tab=rules" });
  const row = page.locator("tr", { hasText: rule.name }).first();
  await row.locator("select").selectOption("no");
  await until(async () => (await api(context, `/alerts/rules/${rule.id}`)).enabled === false, "the server still has it on");
  await api(context, `/alerts/rules/${rule.id}`, { method: "DELETE" });
  await page.done();
}

export const alertsTests = [
  ["shows alerts, rules, routes, silences, history", showsEveryTab],
  ["tests a route and shows the receiver's answer", testsARoute],
  ["switches a built-in rule off", switchesARule],
  ["makes a rule by form and as JSON, what is wrong beside its field", makesARule],
  ["silences a service and ends it", silences],
];
