// SPDX-License-Identifier: Apache-2.0
import { render } from "preact";
import { applyLocale } from "./base/locale";
import { App } from "./pages/app";
import "./style/theme.css";
import "./style/page.css";
import "./style/map.css";
import "./style/panel.css";

applyLocale();
const root = document.getElementById("app");
if (root !== null) render(<App />, root);
