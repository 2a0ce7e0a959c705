// SPDX-License-Identifier: Apache-2.0
// Invented data for design work: answers about runs and alerts. null: not its path.
import { makeAlerts } from "./alerts_scenario.mjs";
import { compare, detail, makeRuns, reportOf, runMap, runSeries, runTimeline, summary } from "./runs_scenario.mjs";

const empty = process.env.PANO_NO_RUNS === "1";
const error = (code, message, status) => ({ status, body: { error: { code, message, hint: "" } } });
const ok = (body, status = 200) => ({ status, body });

export function makeRoutes(now) {
  const runs = empty ? [] : makeRuns(now());
  const attached = new Map();
  const alerts = makeAlerts(now());
  const find = (id) => runs.find((r) => r.id === id || (id === "current" && r.state === "running"));

  function list(query) {
    const has = (name, test) => !query.get(name) || test(query.get(name));
    const found = runs.filter((r) => has("q", (q) => r.name.includes(q)) && has("state", (s) => r.state === s) && has("origin", (o) => r.origin === o) && has("label", (l) => r.labels[l.split("=")[0]] === l.split("=")[1]));
    return ok({ runs: found.map((r) => summary(r)).sort((a, b) => b.begin - a.begin), total: found.length, recognise: true, alarms: [] });
  }
  function start(wish) {
    if (find("current")) return error("invalid", "a run runs already", 409);
    const run = { id: `run-${now()}`, name: wish.name ?? "unnamed", begin: now(), origin: "manual", generator: null, labels: wish.labels ?? {}, met: null, state: "running", notes: wish.notes ?? "" };
    runs.unshift(run);
    return ok(summary(run), 201);
  }
  function sideOf(ref) {
    const [id, part] = ref.split("@");
    const run = find(id);
    if (!run) return null;
    const full = detail(run);
    const step = part !== undefined && /^\d+$/.test(part) ? full.steps[Number(part)] : undefined;
    const query = new URLSearchParams(step ? { step: String(step.index) } : {});
    return { run, label: step ? `${run.name}, step ${step.index + 1}` : run.name, step: step?.index ?? null, from: step?.settled_from ?? full.data.from, to: step?.to ?? full.data.to, map: runMap(run, query) };
  }
  function oneRun(run, tail, method, query, body) {
    if (tail === "" && method === "GET") return ok(detail(run, attached.get(run.id)));
    if (tail === "" && method === "DELETE") return ok({ deleted: runs.splice(runs.indexOf(run), 1)[0].id });
    if (tail === "" && method === "PATCH") {
      Object.assign(run, { name: body.name ?? run.name, notes: body.notes ?? run.notes });
      for (const [key, value] of Object.entries(body.labels ?? {})) {
        if (value === null) delete run.labels[key];
        else run.labels[key] = value;
      }
      return ok(summary(run));
    }
    if (tail === "stop") return ok(summary(Object.assign(run, { state: "done" })));
    if (tail === "marks") return ok({ time: now(), ...body }, 201);
    if (tail === "loadgen") {
      const report = { ...reportOf(run.begin), file: query.get("file") };
      attached.set(run.id, [report]);
      return ok(report, 201);
    }
    if (tail === "map") return ok(runMap(run, query));
    if (tail === "series") return ok(runSeries(run, query));
    if (tail === "timeline") return ok(runTimeline(run));
    if (tail.startsWith("report.")) return { status: 200, text: `<!doctype html><html lang="en"><title>${run.name}</title><body style="font:16px/1.5 sans-serif;margin:40px;max-width:800px"><h1>${run.name}</h1><p>Invented report.</p></body></html>` };
    return null;
  }
  function alertRoute(route, method, body) {
    if (route === "/alerts") return ok(alerts.now);
    if (route.startsWith("/alerts/history")) return ok({ entries: alerts.history, more: false });
    const match = /^\/alerts\/(rules|routes|silences)(?:\/([^/]+))?(\/test)?$/.exec(route);
    if (match === null) return null;
    const [, kind, id, test] = match;
    if (test) return ok(id === "mail" ? { ok: false, status: null, answer: "", error: "connection refused", elapsed_ms: 3, retry_after_s: null } : { ok: true, status: 200, answer: "ok", error: "", elapsed_ms: 41, retry_after_s: null });
    const all = alerts[kind];
    if (method === "GET") return ok({ [kind]: all });
    if (method === "DELETE") return ok({ deleted: all.splice(all.findIndex((x) => x.id === id), 1)[0]?.id });
    const at = all.findIndex((x) => x.id === id);
    const made = { origin: "user", warnings: [], ...all[at], ...body, id: id ?? `${kind}-${all.length}` };
    if (at < 0) all.push(made);
    else all[at] = made;
    return ok(made, at < 0 ? 201 : 200);
  }
  return (route, method, query, body) => {
    if (route.startsWith("/alerts")) return alertRoute(route, method, body);
    if (route === "/runs") return method === "POST" ? start(body) : list(query);
    if (route === "/compare") {
      const side = { a: sideOf(query.get("a")), b: sideOf(query.get("b")) };
      if (side.a === null || side.b === null) return error("not_found", "no such run", 404);
      return ok(compare(side, { a: query.get("a"), b: query.get("b") }));
    }
    const match = /^\/runs\/([^/]+)(?:\/(.+))?$/.exec(route);
    if (match === null) return null;
    const run = find(match[1]);
    return run === undefined ? error("not_found", "no such run", 404) : oneRun(run, match[2] ?? "", method, query, body);
  };
}
