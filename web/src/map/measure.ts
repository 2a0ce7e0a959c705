// SPDX-License-Identifier: Apache-2.0
// Widths of text, measured once per text and font.
let context: CanvasRenderingContext2D | null | undefined;
const known = new Map<string, number>();

function measurer(): CanvasRenderingContext2D | null {
  if (context !== undefined) return context;
  context = typeof document === "undefined" ? null : document.createElement("canvas").getContext("2d");
  return context;
}

export function fontOf(weight: number, size: number): string {
  const family = getComputedStyle(document.documentElement).getPropertyValue("--font").trim();
  return `${weight} ${size}px ${family === "" ? "sans-serif" : family}`;
}

export function textWidth(text: string, font: string): number {
  const key = `${font}\u0000${text}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const canvas = measurer();
  let width = text.length * 7;
  if (canvas !== null) {
    canvas.font = font;
    width = canvas.measureText(text).width;
  }
  if (known.size > 5000) known.clear();
  known.set(key, width);
  return width;
}

// The longest beginning that fits, with an ellipsis; names keep their end when it tells them apart.
export function fitText(text: string, font: string, room: number): string {
  if (textWidth(text, font) <= room) return text;
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (textWidth(`${text.slice(0, middle)}…`, font) <= room) low = middle;
    else high = middle - 1;
  }
  return `${text.slice(0, low)}…`;
}
