// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { sortRows } from "./sorting";

const rows = [
  { name: "b", value: 10 },
  { name: "a", value: 10 },
  { name: "c", value: null },
  { name: "d", value: 9 },
];
const names = (order: "ascending" | "descending") =>
  sortRows(rows, (row) => row.value, order, (row) => row.name).map((row) => row.name);

describe("table sort", () => {
  it("sorts numbers as numbers, ties by name, unknown last either way", () => {
    expect(names("ascending")).toEqual(["d", "a", "b", "c"]);
    expect(names("descending")).toEqual(["a", "b", "d", "c"]);
  });
  it("leaves the input alone", () => {
    const before = [...rows];
    names("ascending");
    expect(rows).toEqual(before);
  });
});
