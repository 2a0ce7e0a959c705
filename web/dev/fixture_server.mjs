// SPDX-License-Identifier: Apache-2.0
// Invented data for design work: nothing here was measured, no test uses it, none of it is bundled.
// Answers /api/v1 from shop_scenario.mjs and serves dist/ with a notice on every page.
//   node dev/fixture_server.mjs [--port 8686] [--offset seconds into the scenario] [--freeze]
import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import {
  EDGE_COUNT, idOf, LIMITS, mapAt, NODE_COUNT, PHASES, phaseAt, seriesAt, verdictAt,
} from "./shop_scenario.mjs";
import { makeRoutes } from "./runs_routes.mjs";

const flag = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
};
const offset = flag("offset", 240);
const frozen = process.argv.includes("--freeze");
const start = Math.floor(Date.now() / 1000) - offset;
const dist = new URL("../dist", import.meta.url).pathname;
const now = () => (frozen ? start + offset : Math.floor(Date.now() / 1000));
const clamp = (time) => Math.max(0, time - start);
const limits = { defaults: { ...LIMITS }, overrides: [] };
const marks = [];
const events = () => [
  ...PHASES.slice(2).map((p) => ({
    time: start + p.from, kind: "scale", service: p.name.split(" ")[0],
    service_id: idOf(p.name.split(" ")[0]), instance: "", text: p.name,
  })),
  { time: start + PHASES[1].from, kind: "mark", service: "", instance: "", text: "1,500 users" },
  ...marks,
].filter((e) => e.time <= now());

const runRoutes = makeRoutes(now);

const columns = (rows, extra) => {
  const pick = (name) => rows.map((r) => r[name]);
  const table = (name) => Object.fromEntries(Object.keys(rows[0][name]).map((k) => [k, rows.map((r) => r[name][k])]));
  return {
    id: pick("id"), state: pick("state"), since: pick("since"), worst: pick("worst"),
    metrics: table("metrics"), states: table("states"), details: table("details"),
    ...Object.fromEntries(extra.map((name) => [name, pick(name)])),
  };
};
const send = (res, body, status = 200) => {
  res.writeHead(status, { "Content-Type": "application/json" });
  res.end(JSON.stringify(body));
};
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

// On every picture of it: nobody is to take these numbers for measurements.
const NOTICE =
  '<p style="position:fixed;bottom:0;left:50%;transform:translateX(-50%);z-index:99;margin:0;padding:1px 10px;' +
  'background:#ffd54a;color:#000;font:12px sans-serif;pointer-events:none">invented data</p>';

function file(url, res) {
  const path = normalize(join(dist, url.pathname));
  const found = path.startsWith(dist) && existsSync(path) && statSync(path).isFile() ? path : join(dist, "index.html");
  res.writeHead(200, {
    "Content-Type": TYPES[extname(found)] ?? "application/octet-stream",
    "Content-Security-Policy": "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'",
  });
  if (extname(found) !== ".html") {
    createReadStream(found).pipe(res);
    return;
  }
  res.end(readFileSync(found, "utf8").replace("</body>", `${NOTICE}</body>`));
}

function stream(res) {
  res.writeHead(200, { "Content-Type": "text/event-stream" });
  const write = (event, body, id) => res.write(`event: ${event}\n${id ? `id: ${id}\n` : ""}data: ${JSON.stringify(body)}\n\n`);
  write("snapshot", mapAt(clamp(now()), now(), start, true));
  const timer = setInterval(() => {
    const map = mapAt(clamp(now()), now(), start, true);
    write("tick", {
      time: map.time, topology: map.topology, edges: columns(map.edges, ["on_path"]),
      nodes: columns(map.nodes, ["role", "replicas"]), verdict: map.verdict, losses: map.losses,
      stage: map.stage, events: events().filter((e) => e.time === map.time),
    }, map.time);
  }, 1000);
  res.on("close", () => clearInterval(timer));
}

function series(query, res) {
  const from = Number(query.get("from"));
  const to = Number(query.get("to"));
  const step = Number(query.get("step") ?? 1) || 1;
  const times = [];
  for (let time = from; time <= Math.min(to, now()); time += step) times.push(time);
  const edge = query.has("edge") ? Number(query.get("edge")) : null;
  const node = query.has("node") ? Number(query.get("node")) : null;
  if (edge !== null ? edge < 1 || edge > EDGE_COUNT : node < 1 || node > NODE_COUNT) {
    return send(res, { error: { code: "not_found", message: "no such edge or node", hint: "" } }, 404);
  }
  const names = (query.get("metrics") ?? "latency").split(",");
  send(res, {
    from, to, step, times, limits: LIMITS,
    series: Object.fromEntries(names.map((name) => [
      name, times.map((time) => (time < start ? null : seriesAt(time - start, edge, node, name))),
    ])),
  });
}

function timeline(query, res) {
  const from = Number(query.get("from"));
  const to = Number(query.get("to"));
  const step = Number(query.get("step"));
  const body = { from, to, step, state: [], bottleneck: [], request_rate: [] };
  for (let time = from; time < to; time += step) {
    const known = time >= start && time <= now();
    const phase = phaseAt(time - start);
    body.state.push(!known ? "nodata" : phase === 0 || phase === 4 ? "ok" : "over");
    body.bottleneck.push(known ? verdictAt(time - start, time).bottleneck_id : null);
    body.request_rate.push(known ? seriesAt(time - start, 1, null, "request_rate") : null);
  }
  send(res, body);
}

async function bodyOf(req) {
  let text = "";
  for await (const chunk of req) text += chunk;
  try {
    return JSON.parse(text);
  } catch {
    return {}; // a load generator's report
  }
}

createServer(async (req, res) => {
  const url = new URL(req.url ?? "/", "http://localhost");
  const query = url.searchParams;
  const route = url.pathname.replace("/api/v1", "");
  if (!url.pathname.startsWith("/api/")) return file(url, res);
  if (route === "/map/stream") return stream(res);
  if (route === "/map") {
    const at = Number(query.get("at") ?? query.get("to") ?? now());
    if (at < start) return send(res, { error: { code: "not_found", message: "no data at that time", hint: "" } }, 404);
    return send(res, mapAt(clamp(at), at, start, !query.has("at")));
  }
  if (/^\/(runs|compare|alerts)/.test(route)) {
    const found = runRoutes(route, req.method, query, req.method === "GET" ? null : await bodyOf(req));
    if (found !== null && found.text !== undefined) {
      res.writeHead(found.status, { "Content-Type": "text/html" });
      return res.end(found.text);
    }
    if (found !== null) return send(res, found.body, found.status);
  }
  if (route === "/diagnosis") return send(res, verdictAt(clamp(now()), now()));
  if (route === "/series") return series(query, res);
  if (route === "/timeline") return timeline(query, res);
  if (route === "/events" && req.method === "POST") {
    const event = { time: now(), service: "", instance: "", kind: "mark", ...(await bodyOf(req)) };
    marks.push(event);
    return send(res, event, 201);
  }
  if (route === "/events") return send(res, { events: events() });
  if (route === "/limits" && req.method === "PUT") Object.assign(limits, await bodyOf(req));
  if (route === "/limits") return send(res, limits);
  send(res, { error: { code: "not_found", message: "no such path", hint: "" } }, 404);
}).listen(flag("port", 8686), "127.0.0.1", function listening() {
  console.warn(`http://127.0.0.1:${this.address().port}/ (invented data)`);
});
