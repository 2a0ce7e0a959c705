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
