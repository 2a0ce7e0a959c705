// SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef } from "preact/hooks";
import { t } from "../base/locale";
import type { Key } from "../base/strings";
import { Icon } from "../widgets/icon";

const KEYS: [string, Key][] = [
  ["Space", "key_space"],
  ["o", "key_o"],
  ["/", "key_find"],
  ["g", "key_g"],
  ["t", "key_t"],
  ["[  ]", "key_steps"],
  ["d", "key_diagnosis"],
  ["← → ↑ ↓", "key_arrows"],
  ["Enter", "key_enter"],
  ["Esc", "key_esc"],
  ["+  −", "key_plus"],
  ["0", "key_zero"],
  [",  .", "key_time"],
  ["l", "key_live"],
  ["?", "key_help"],
];

export function Help({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog class="help" ref={dialog} onClose={onClose} aria-labelledby="help-title">
      <div class="panel-head">
        <h2 id="help-title">{t("help")}</h2>
        <button type="button" class="tool small close" onClick={() => dialog.current?.close()} aria-label={t("close")}>
          <Icon name="close" size={13} />
        </button>
      </div>
      <h3>{t("how_to_read")}</h3>
      <ul>
        {(["how_1", "how_2", "how_3", "how_4"] as const).map((key) => (
          <li key={key}>{t(key)}</li>
        ))}
      </ul>
      <h3>{t("keys")}</h3>
      <dl class="keys">
        {KEYS.map(([name, key]) => (
          <div key={key}>
            <dt>
              <kbd>{name}</kbd>
            </dt>
            <dd>{t(key)}</dd>
          </div>
        ))}
      </dl>
    </dialog>
  );
}
