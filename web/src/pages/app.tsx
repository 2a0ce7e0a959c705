// SPDX-License-Identifier: Apache-2.0
// Shows the page the address names. All but the map are fetched when first shown.
import { useEffect } from "preact/hooks";
import { t } from "../base/locale";
import { followRoute, route, type PageName } from "../base/route";
import { lazy } from "../panels/lazy";
import { MapPage } from "./map/map_page";

const RunsPage = lazy(() => import("./runs/runs_page").then((module) => module.RunsPage));
const RunPage = lazy(() => import("./run/run_page").then((module) => module.RunPage));
const ReportPage = lazy(() => import("./report/report_page").then((module) => module.ReportPage));
const ComparePage = lazy(() => import("./compare/compare_page").then((module) => module.ComparePage));
const AlertsPage = lazy(() => import("./alerts/alerts_page").then((module) => module.AlertsPage));

function titleOf(page: PageName): string {
  if (page === "map") return "Panoscope";
  return `${t(page === "alerts" ? "tab_alerts" : "tab_runs")} · Panoscope`;
}

export function App() {
  useEffect(followRoute, []);
  const { page, id } = route.value;
  const title = titleOf(page);
  useEffect(() => {
    document.title = title;
  }, [title]);
  switch (page) {
    case "runs":
      return <RunsPage />;
    case "run":
      return <RunPage key={id} id={id} />;
    case "report":
      return <ReportPage key={id} id={id} />;
    case "compare":
      return <ComparePage />;
    case "alerts":
      return <AlertsPage />;
    default:
      return <MapPage />;
  }
}
