// SPDX-License-Identifier: Apache-2.0
// Which page the address names, with its query. The map keeps its own view (url_state.ts).
import { signal } from "@preact/signals";

export type PageName = "map" | "runs" | "run" | "report" | "compare" | "alerts";

export interface Route {
  page: PageName;
  id: string; // of a run, "" elsewhere
  query: Record<string, string>;
}

const ID = /^[0-9a-z-]{1,40}$/;
const LONGEST = 400; // of one value: what came by a link is bounded

function queryOf(text: string): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [key, value] of new URLSearchParams(text)) out[key] = value.slice(0, LONGEST);
  return out;
}

export function parseRoute(hash: string): Route {
  const [path = "", text = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [head = "", id = "", tail = ""] = path.split("/");
  const query = queryOf(text);
  if (head === "runs" && id === "") return { page: "runs", id: "", query };
  if (head === "runs" && ID.test(id)) return { page: tail === "report" ? "report" : "run", id, query };
  if (head === "compare" || head === "alerts") return { page: head, id: "", query };
  return { page: "map", id: "", query: {} };
}

type QueryValues = Record<string, string | number | null | undefined>;

function withQuery(path: string, query: QueryValues): string {
  const out = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") out.set(key, String(value));
  }
  const text = out.toString();
  return `#/${path}${text === "" ? "" : `?${text}`}`;
}

export const href = {
  runs: (query: QueryValues = {}) => withQuery("runs", query),
  run: (id: string, query: QueryValues = {}) => withQuery(`runs/${id}`, query),
  report: (id: string) => withQuery(`runs/${id}/report`, {}),
  compare: (query: QueryValues = {}) => withQuery("compare", query),
  alerts: (query: QueryValues = {}) => withQuery("alerts", query),
};

function here(): string {
  return typeof location === "undefined" ? "" : location.hash;
}

export const route = signal<Route>(parseRoute(here()));

let mapHash = "#/map"; // where the map was left, so that its tab leads back there

export function lastMap(): string {
  return mapHash;
}

export function goTo(hash: string, keepHistory = true): void {
  if (route.peek().page === "map" && here() !== "") mapHash = here();
  if (hash !== here()) {
    if (keepHistory) history.pushState(null, "", hash);
    else history.replaceState(null, "", hash);
  }
  route.value = parseRoute(hash);
}

// Changes some values of the page's query; null removes one.
export function setQuery(values: QueryValues, keepHistory = false): void {
  const { page, id, query } = route.peek();
  const next = { ...query, ...values };
  const path = page === "run" ? `runs/${id}` : page === "report" ? `runs/${id}/report` : page;
  goTo(withQuery(path, next), keepHistory);
}

function onHash(event: Event): void {
  const old = event instanceof HashChangeEvent ? new URL(event.oldURL).hash : "";
  if (old !== "" && parseRoute(old).page === "map") mapHash = old;
  route.value = parseRoute(here());
}

// Follows the address bar; the answer stops it.
export function followRoute(): () => void {
  addEventListener("hashchange", onHash);
  addEventListener("popstate", onHash);
  return () => {
    removeEventListener("hashchange", onHash);
    removeEventListener("popstate", onHash);
  };
}
