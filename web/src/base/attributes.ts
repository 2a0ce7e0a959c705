// SPDX-License-Identifier: Apache-2.0
// DOM writes that only happen when the value changed: the map is repainted every second and most
// of it stays the same.
const NS = "http://www.w3.org/2000/svg";

const written = new WeakMap<Element, Map<string, string>>();

function cacheOf(element: Element): Map<string, string> {
  let cache = written.get(element);
  if (cache === undefined) {
    cache = new Map();
    written.set(element, cache);
  }
  return cache;
}

export function setAttribute(element: Element, name: string, value: string | number | null): void {
  const cache = cacheOf(element);
  const text = value === null ? "\u0000" : String(value);
  if (cache.get(name) === text) return;
  cache.set(name, text);
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, text);
}

export function setAttributes(
  element: Element,
  values: Record<string, string | number | null>,
): void {
  for (const name in values) setAttribute(element, name, values[name] ?? null);
}

// Text only ever enters as a text node: service names are untrusted.
export function setText(element: Element, text: string): void {
  const cache = cacheOf(element);
  if (cache.get("#text") === text) return;
  cache.set("#text", text);
  element.textContent = text;
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  parent: Element | null,
  values: Record<string, string | number | null> = {},
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(NS, tag);
  setAttributes(element, values);
  parent?.appendChild(element);
  return element;
}
