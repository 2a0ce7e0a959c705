// SPDX-License-Identifier: Apache-2.0
// What the address bar holds: everything someone needs to see the same picture.
export type Selection =
  | { kind: "node"; node: string }
  | { kind: "edge"; client: string; server: string; port: number; protocol: string };

export interface ViewState {
  view: "map" | "table";
  at: number | null; // null: live
  selection: Selection | null;
  problems: boolean;
  group: "none" | "namespace";
  find: string;
  range: number; // seconds the timeline shows
  baseline: number | null; // pinned time, or chosen by the page
  walk: number | null; // the step the diagnosis panel shows; null: it is closed
}

export const RANGES = [300, 600, 1800, 7200] as const;

export const DEFAULT_VIEW: ViewState = {
  view: "map",
  at: null,
  selection: null,
  problems: false,
  group: "none",
  find: "",
  range: 600,
  baseline: null,
  walk: null,
};

// "~" parts the fields of a selection, so it must not stay bare inside one.
function pack(text: string): string {
  return encodeURIComponent(text).replaceAll("~", "%7E");
}

export function packSelection(selection: Selection): string {
  if (selection.kind === "node") return `node~${pack(selection.node)}`;
  const { client, server, port, protocol } = selection;
  return `edge~${pack(client)}~${pack(server)}~${port}~${pack(protocol)}`;
}

export function unpackSelection(text: string): Selection | null {
  const raw = text.split("~");
  let parts: string[];
  try {
    parts = raw.map(decodeURIComponent);
  } catch {
    return null;
  }
  const [kind, first, second, port, protocol = ""] = parts;
  if (kind === "node" && parts.length === 2 && first) return { kind, node: first };
  // Without a protocol the first edge of that port is meant.
  if (kind !== "edge" || parts.length < 4 || parts.length > 5 || !first || !second) return null;
  const number = Number(port);
  if (!Number.isInteger(number) || number < 0 || number > 65535) return null;
  return { kind, client: first, server: second, port: number, protocol };
}

function time(text: string | null): number | null {
  if (text === null || text === "") return null;
  const value = Number(text);
  return Number.isFinite(value) && value > 0 ? value : null;
}

const MOST_STEPS = 100;

function place(text: string | null): number | null {
  if (text === null || !/^\d{1,3}$/.test(text)) return null;
  return Math.min(MOST_STEPS, Number(text));
}

export function encodeView(state: ViewState): string {
  const out = new URLSearchParams();
  if (state.at !== null) out.set("at", String(state.at));
  if (state.selection !== null) out.set("sel", packSelection(state.selection));
  if (state.problems) out.set("only", "problems");
  if (state.group !== "none") out.set("group", state.group);
  if (state.find !== "") out.set("find", state.find);
  if (state.range !== DEFAULT_VIEW.range) out.set("range", String(state.range));
  if (state.baseline !== null) out.set("baseline", String(state.baseline));
  if (state.walk !== null) out.set("walk", String(state.walk));
  const text = out.toString();
  return `#/${state.view}${text === "" ? "" : `?${text}`}`;
}

export function decodeView(hash: string): ViewState {
  const [path = "", text = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const values = new URLSearchParams(text);
  const range = Number(values.get("range"));
  const selection = values.get("sel");
  return {
    view: path === "table" ? "table" : "map",
    at: time(values.get("at")),
    selection: selection === null ? null : unpackSelection(selection),
    problems: values.get("only") === "problems",
    group: values.get("group") === "namespace" ? "namespace" : "none",
    find: (values.get("find") ?? "").slice(0, 200),
    range: (RANGES as readonly number[]).includes(range) ? range : DEFAULT_VIEW.range,
    baseline: time(values.get("baseline")),
    walk: place(values.get("walk")),
  };
}
