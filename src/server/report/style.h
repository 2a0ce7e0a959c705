// SPDX-License-Identifier: Apache-2.0
// The report's look: paper first, as it is sent and printed.
#pragma once

namespace pano::report {

inline constexpr const char* kStyle = R"css(
:root{--ink:#16222c;--soft:#5a6b78;--line:#d5dde3;--paper:#fff;--wash:#f4f7f9;--bad:#b3202c;--good:#14704b;--blue:#2f6db3}
*{box-sizing:border-box}
body{margin:0;background:var(--wash);color:var(--ink);font:14.5px/1.5 system-ui,"Noto Sans",Arial,sans-serif}
main{max-width:1080px;margin:24px auto;padding:36px 44px;background:var(--paper);border:1px solid var(--line);border-radius:10px}
h1{font-size:27px;line-height:1.2;margin:2px 0 10px}
h2{font-size:17px;margin:0 0 8px}
.kind{margin:0;color:var(--soft);letter-spacing:.06em;text-transform:uppercase;font-size:11.5px}
.finding{font-size:18px;line-height:1.4;margin:0;padding:12px 16px;border-left:4px solid var(--bad);background:#fbf3f3}
section{margin-top:30px}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(125px,1fr));gap:8px;margin:20px 0 0}
.fact{padding:8px 12px;background:var(--wash);border-radius:7px}
.fact dt{color:var(--soft);font-size:12px}
.fact dd{margin:0;font-weight:600;font-size:15px}
.bad{color:var(--bad);font-weight:600}
.fact.bad dd{color:var(--bad)}
.good{color:var(--good)}
table{width:100%;border-collapse:collapse;font-size:13.5px}
th{text-align:left;color:var(--soft);font-weight:500;border-bottom:1px solid var(--line);padding:4px 10px 4px 0}
td{border-bottom:1px solid #e8edf1;padding:5px 10px 5px 0;vertical-align:top}
td.n{font-variant-numeric:tabular-nums;white-space:nowrap}
.when,.by{color:var(--soft);margin:0 0 6px;font-size:13px}
.verdict{font-weight:600;margin:0 0 8px}
svg{width:100%;height:auto;display:block}
svg.map{border:1px solid var(--line);border-radius:8px;background:#fbfcfd;max-height:520px}
.node rect{fill:#fff;stroke:#8aa3b5}
.node text{font:11.5px system-ui,Arial,sans-serif;fill:var(--soft)}
.node .name{font-size:13px;font-weight:650;fill:var(--ink)}
.node.origin rect{fill:#b3202c;stroke:#7d0f19;stroke-width:2}
.node.origin text,.node.origin .name{fill:#fff}
.node.victim rect,.node.over rect{fill:#fdeeee;stroke:#c9636b;stroke-width:1.5}
.edge{fill:none;stroke:#7f9bb0}
.edge.over{stroke:#c62f3b}
.halo{fill:none;stroke:#f0b48a;stroke-width:11;opacity:.55}
.pill{font:600 11px system-ui,Arial,sans-serif;fill:#8d1620;text-anchor:middle;paint-order:stroke;stroke:#fff;stroke-width:4px}
figure{margin:14px 0 0}
figcaption{display:flex;gap:18px;font-size:12.5px;color:var(--soft)}
figcaption i{display:inline-block;width:22px;margin-right:6px;vertical-align:middle}
.band0{fill:#f2f6f9}.band1{fill:#e7eef3}
.step{break-inside:avoid}
svg .step,svg .axis{font:10.5px system-ui,Arial,sans-serif;fill:#5a6b78}
svg .axis{text-anchor:end}
svg .time{text-anchor:middle}
.grid{stroke:#d9e1e7;stroke-width:.6}
.limit{stroke:#b3202c;stroke-width:1;stroke-dasharray:2 3}
.event{stroke:#16222c;stroke-width:.8;stroke-dasharray:3 2}
.curve{fill:none;stroke-width:1.6;stroke-linejoin:round}
.events{list-style:none;padding:0}
time{font-variant-numeric:tabular-nums;color:var(--soft);margin-right:8px}
pre{background:var(--wash);padding:10px 14px;border-radius:7px;overflow:auto}
.notes{white-space:pre-wrap}
@media print{body{background:#fff}main{border:0;margin:0;padding:0;max-width:none}section{break-inside:avoid}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
)css";

}  // namespace pano::report
