// SPDX-License-Identifier: Apache-2.0
// The diagnosis beside the live map: the map follows the step that is open.
import { t } from "../base/locale";
import { change, drawn, selectEdge, selectNode, view, walkTo } from "../pages/map/store";
import { Icon } from "../widgets/icon";
import { lazy, Suspense } from "./lazy";

const Diagnosis = lazy(() => import("./diagnosis").then((module) => module.Diagnosis));

export function DiagnosisPanel() {
  const snapshot = drawn.value;
  return (
    <aside class="side" aria-label={t("diagnosis")} tabindex={-1}>
      <div class="panel-head">
        <h2>{t("diagnosis")}</h2>
        <button type="button" class="tool small close" onClick={() => change({ walk: null, selection: null }, true)} aria-label={t("close")} title="Esc">
          <Icon name="close" size={13} />
        </button>
      </div>
      {snapshot !== null && (
        <Suspense>
          <Diagnosis
            snapshot={snapshot}
            hop={view.value.walk ?? 0}
            onHop={walkTo}
            onOpenEdge={(edge) => selectEdge(edge)}
            onOpenNode={selectNode}
          />
        </Suspense>
      )}
    </aside>
  );
}
