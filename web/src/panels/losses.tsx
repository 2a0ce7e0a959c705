// SPDX-License-Identifier: Apache-2.0
// What Panoscope did not see, by what it means for the numbers: missing, not read, or only a detail.
import { signal } from "@preact/signals";
import { getSchema } from "../api/client";
import type { LossInfo } from "../api/types";
import { count } from "../base/format";
import { t } from "../base/locale";
import { shown } from "../pages/map/store";
import { Popover } from "../widgets/popover";

const EFFECTS = ["lost", "unread", "exact"] as const;
type Effect = (typeof EFFECTS)[number];

const infos = signal<ReadonlyMap<string, LossInfo> | null>(null);
let asked = false;

function load(): void {
  if (asked) return;
  asked = true;
  getSchema()
    .then((schema) => {
      infos.value = new Map(schema.losses.map((loss) => [loss.cause, loss]));
    })
    .catch(() => {
      asked = false; // the next tick asks again
    });
}

/** Causes of one effect with their numbers, largest first; a cause nobody describes counts as lost. */
export function lossesOf(
  effect: Effect,
  losses: Readonly<Record<string, number>>,
  known: ReadonlyMap<string, LossInfo>,
): [string, number][] {
  return Object.entries(losses)
    .filter(([cause, n]) => n > 0 && (known.get(cause)?.effect ?? "lost") === effect)
    .sort((a, b) => b[1] - a[1]);
}

export function Losses() {
  load();
  const losses = shown.value?.losses ?? {};
  const known = infos.value;
  const lost = known === null ? [] : lossesOf("lost", losses, known);
  const total = lost.reduce((sum, [, n]) => sum + n, 0);
  return (
    <Popover
      label={t("lost_title")}
      align="right"
      className={total > 0 ? "chip warn" : "chip"}
      button={total > 0 ? t("lost", { n: count(total) }) : t("lost_none")}
    >
      {() => (
        <div class="facts losses">
          {EFFECTS.map((effect) => (
            <Group key={effect} effect={effect} rows={known === null ? [] : lossesOf(effect, losses, known)} />
          ))}
        </div>
      )}
    </Popover>
  );
}

function Group({ effect, rows }: { effect: Effect; rows: [string, number][] }) {
  return (
    <section>
      <h3>{t(`loss_${effect}`)}</h3>
      {rows.length === 0 ? (
        <p class="hint">{t("loss_nothing")}</p>
      ) : (
        <dl>
          {rows.map(([cause, n]) => (
            <div key={cause}>
              <dt>
                {cause}
                <small>{infos.value?.get(cause)?.doc ?? ""}</small>
              </dt>
              <dd class="tabular">
                {n.toLocaleString("en")} <small>{infos.value?.get(cause)?.unit ?? ""}</small>
              </dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}
