// SPDX-License-Identifier: Apache-2.0
import { render } from "preact";
import { applyLocale } from "./base/locale";
import { MapPage } from "./pages/map/map_page";
import "./style/theme.css";
import "./style/page.css";
import "./style/map.css";
import "./style/panel.css";

applyLocale();
const root = document.getElementById("app");
if (root !== null) render(<MapPage />, root);
