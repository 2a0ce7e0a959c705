// SPDX-License-Identifier: Apache-2.0
import { t } from "../../base/locale";
import type { State } from "../../api/types";
import type { Key } from "../../base/strings";
import { type Tone, widthOf } from "../../map/scene";
import { StateIcon } from "../../widgets/icon";

const TONES: [Tone, State, Key][] = [
  ["origin", "over", "legend_origin"],
  ["victim", "over", "legend_victim"],
  ["near", "near", "legend_near"],
  ["ok", "ok", "legend_ok"],
  ["nodata", "nodata", "legend_nodata"],
];
const WIDTHS: [number, string][] = [
  [1e3, "1 kB/s"],
  [1e5, "100 kB/s"],
  [1e7, "10 MB/s"],
];

export function Legend() {
  return (
    <section class="legend" aria-label={t("legend")}>
      <ul>
        {TONES.map(([tone, state, label]) => (
          <li key={tone}>
            <StateIcon state={state} tone={tone} />
            <svg width="24" height="10" aria-hidden="true">
              <path d="M0 5H24" class={`edge ${tone}`} stroke-width="3" />
            </svg>
            {t(label)}
          </li>
        ))}
        <li>
          <svg width="28" height="16" aria-hidden="true">
            <path d="M0 8H28" class="halo on" stroke-width="15" />
            <path d="M0 8H28" class="edge origin" stroke-width="4" />
          </svg>
          {t("legend_halo")}
        </li>
        <li>
          {WIDTHS.map(([traffic, label]) => (
            <span class="width-sample" key={label}>
              <svg width="18" height="12" aria-hidden="true">
                <path d="M0 6H18" class="edge ok" stroke-width={widthOf(traffic)} />
              </svg>
              {label}
            </span>
          ))}
        </li>
        <li>
          <svg class="strip" width="42" height="8" aria-hidden="true">
            {["ok", "ok", "over", "over", "near", "ok"].map((state, i) => (
              <rect
                key={i}
                class={`s-${state}`}
                x={i * 7}
                width="5"
                y={state === "over" ? 1 : state === "near" ? 2.5 : 4}
                height={state === "over" ? 6 : state === "near" ? 4.5 : 3}
                rx="1"
              />
            ))}
          </svg>
          {t("legend_strip")}
        </li>
      </ul>
    </section>
  );
}
