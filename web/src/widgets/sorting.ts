// SPDX-License-Identifier: Apache-2.0
// Sorting of table rows: by number or text, unknown values last whichever way, ties by name.
export type Order = "ascending" | "descending";
export type Cell = number | string | null;

export function compareCells(a: Cell, b: Cell, order: Order): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const sign = order === "ascending" ? 1 : -1;
  if (typeof a === "number" && typeof b === "number") return (a - b) * sign;
  return String(a).localeCompare(String(b)) * sign;
}

export function sortRows<T>(
  rows: readonly T[],
  cell: (row: T) => Cell,
  order: Order,
  name: (row: T) => string,
): T[] {
  return [...rows].sort(
    (a, b) => compareCells(cell(a), cell(b), order) || name(a).localeCompare(name(b)),
  );
}
