// SPDX-License-Identifier: Apache-2.0
import { STATE_ICONS } from "../map/icons";
import type { Tone } from "../map/scene";
import type { State } from "../api/types";

const STROKED = {
  pause: "M5.500 3.500v9M10.500 3.500v9",
  play: "M5 3.200 12.500 8 5 12.800z",
  search: "M7 2.500a4.500 4.500 0 1 1 0 9 4.500 4.500 0 0 1 0-9zM10.300 10.300 13.800 13.800",
  filter: "M2 3h12L9.600 8.600v4.600L6.400 11.600V8.600z",
  group: "M2.200 5.500h8.300v8.300H2.200zM5.500 5.500V2.200h8.300v8.300h-3.300",
  table: "M2 3h12v10H2zM2 6.400h12M2 9.700h12M6.300 3v10",
  map: "M4.500 8C8 8 7 4 11 4M4.500 8C8 8 7 12 11 12M1.800 8a1.400 1.400 0 1 0 2.800 0 1.400 1.400 0 1 0-2.800 0M11 4a1.400 1.400 0 1 0 2.800 0A1.400 1.400 0 1 0 11 4M11 12a1.400 1.400 0 1 0 2.800 0 1.400 1.400 0 1 0-2.800 0",
  theme: "M8 1.800a6.200 6.200 0 1 0 0 12.400zM8 1.800a6.200 6.200 0 1 1 0 12.400",
  close: "M3.500 3.500 12.500 12.500M12.500 3.500 3.500 12.500",
  down: "M3.500 6 8 10.500 12.500 6",
  left: "M10 3.500 5.500 8 10 12.500",
  right: "M6 3.500 10.500 8 6 12.500",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  fit: "M2.500 6v-3.500H6M10 2.500h3.500V6M13.500 10v3.500H10M6 13.500H2.500V10",
  flag: "M4 14V2.500h8.500L10.500 5.500 12.500 8.500H4",
  pin: "M5.500 2.500h5M6.500 2.500v4L4.500 9h7L9.500 6.500v-4M8 9v4.500",
  stop: "M4 4h8v8H4z",
  swap: "M3 5.500h9.500M10 3 12.500 5.500 10 8M13 10.500H3.500M6 8 3.500 10.500 6 13",
  compare: "M3 3h4.200v10H3zM8.800 3H13v10H8.800z",
  doc: "M4 1.800h5.500L12.500 4.800v9.400H4zM9.500 1.800v3h3M6 8h4.500M6 10.800h4.500",
  download: "M8 2.500v7.500M4.800 7 8 10.200 11.200 7M3 13.200h10",
  print: "M4.500 6V2.200h7V6M4.500 11.500H2.500V6h11v5.500h-2M4.500 9.500h7v4.300h-7z",
  trash: "M3 4.500h10M6 4.500V2.500h4v2M4.500 4.500 5 13.500h6l.500-9",
  edit: "M3 13l.600-3L10.800 2.800l2.400 2.400L6 12.400z",
  bell: "M4 11.500V7a4 4 0 0 1 8 0v4.500l1 1H3zM6.800 14.200h2.400",
  upload: "M8 10.500V3M4.800 6.200 8 3l3.200 3.200M3 13.200h10",
  eye_off: "M2 8c1.500-2.700 3.500-4 6-4s4.500 1.300 6 4c-1.500 2.700-3.500 4-6 4s-4.500-1.300-6-4zM3 13 13 3",
  send: "M2.500 8 13.500 3 10.500 13.500 7.500 9.200zM7.500 9.200 13.500 3",
  steps: "M2 12.500h3.500v-3H9v-3h3.500v-3H14",
  auto: "M8 2.200 9.500 6.500 13.800 8 9.500 9.500 8 13.800 6.500 9.500 2.200 8 6.500 6.500z",
  check: "M3 8.500 6.500 12 13 4.500",
} as const;

export type Stroke = keyof typeof STROKED;

export function Icon({ name, size = 15 }: { name: Stroke; size?: number }) {
  return (
    <svg class="stroke-icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      <path d={STROKED[name]} />
    </svg>
  );
}

export function StateIcon({ state, tone, size = 12 }: { state: State; tone?: Tone; size?: number }) {
  return (
    <svg class={`state-icon ${tone ?? state}`} width={size} height={size} viewBox="-7 -7 14 14" aria-hidden="true">
      <path d={STATE_ICONS[state]} />
    </svg>
  );
}
