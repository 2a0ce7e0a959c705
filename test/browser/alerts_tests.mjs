// SPDX-License-Identifier: Apache-2.0
// Alert rules, routes with their test, silences, history.
import { createServer } from "node:http";
import { artefacts, check, until } from "./harness.mjs";
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
    const form = page.locator("form.form");
    await form.locator("input").first().fill("browser test");
    await form.locator("label", { hasText: "Address" }).locator("input").fill(`http://127.0.0.1:${receiver.address().port}/hook`);
    await form.locator("button[type=submit]").click();
    const card = page.locator(".route-card", { hasText: "browser test" });
    await card.waitFor();
    await card.locator("button", { hasText: "Test" }).click();
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
];
