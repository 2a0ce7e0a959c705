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
.finding.calm{border-left-color:var(--good);background:#f1f8f4}
section{margin-top:30px}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:8px;margin:20px 0 0}
.fact{padding:8px 12px;background:var(--wash);border-radius:7px}
.fact dt{color:var(--soft);font-size:12px}
.fact dd{margin:0;font-weight:600;font-size:14px;overflow-wrap:anywhere}
.bad{color:var(--bad);font-weight:600}
.fact.bad dd{color:var(--bad)}
.good{color:var(--good)}
table{width:100%;border-collapse:collapse;font-size:13.5px}
th{text-align:left;color:var(--soft);font-weight:500;border-bottom:1px solid var(--line);padding:4px 10px 4px 0}
td{border-bottom:1px solid #e8edf1;padding:5px 10px 5px 0;vertical-align:top}
td{overflow-wrap:break-word}
td.n,.chain{font-variant-numeric:tabular-nums;white-space:nowrap}
.when,.by{color:var(--soft);margin:0 0 6px;font-size:13px}
.verdict{font-weight:600;margin:0 0 8px}
svg{width:100%;height:auto;display:block}
svg.map{border:1px solid var(--line);border-radius:8px;background:#fbfcfd;}
.node rect{fill:#fff;stroke:#8aa3b5}
.node text{font:12.5px system-ui,Arial,sans-serif;fill:#45545f}
.node .name{font-size:13.5px;font-weight:650;fill:var(--ink)}
.node.origin rect{fill:#b3202c;stroke:#7d0f19;stroke-width:2}
.node.origin text,.node.origin .name{fill:#fff}
.node.victim rect,.node.over rect{fill:#fdeeee;stroke:#c9636b;stroke-width:1.5}
.edge{fill:none;stroke:#7f9bb0}
.edge.over{stroke:#c62f3b}
.halo{fill:none;stroke:#f0b48a;stroke-width:11;opacity:.55}
.pill{font:600 12px system-ui,Arial,sans-serif;fill:#8d1620;text-anchor:middle;paint-order:stroke;stroke:#fff;stroke-width:4px}
figure{margin:14px 0 0}
figcaption{display:flex;gap:18px;font-size:12.5px;color:var(--soft)}
figcaption i{display:inline-block;width:22px;margin-right:6px;vertical-align:middle}
.band0{fill:#f2f6f9}.band1{fill:#e7eef3}
svg .step,svg .axis{font:10.5px system-ui,Arial,sans-serif;fill:#5a6b78}
svg .axis{text-anchor:end}
svg .time{text-anchor:middle}svg .first{text-anchor:start}svg .last{text-anchor:end}svg .limit-name{fill:var(--bad)}
.grid{stroke:#d9e1e7;stroke-width:.6}
.limit{stroke:#b3202c;stroke-width:1;stroke-dasharray:2 3}
.event{stroke:#16222c;stroke-width:.8;stroke-dasharray:3 2}
.curve{fill:none;stroke-width:1.6;stroke-linejoin:round}
.note{font:12px system-ui,Arial,sans-serif;fill:#45545f}
.chain{display:flex;flex-wrap:wrap;gap:4px 8px;list-style:none;margin:10px 0 0;padding:0;font-weight:600}
.chain .wait{color:var(--soft);font-weight:400}
.evidence{columns:2;column-gap:32px;margin:8px 0 0;padding-left:20px;font-size:13.5px}
.evidence li{break-inside:avoid;margin:1px 0}
.events td,.terms td,.terms th{padding:3px 10px 3px 0;border-bottom:0;vertical-align:top}
.terms th{white-space:nowrap}
.kind-of{color:var(--soft);white-space:nowrap}
time{font-variant-numeric:tabular-nums;color:var(--soft)}
pre{background:var(--wash);padding:10px 14px;border-radius:7px;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere;font-size:12.5px}
.notes{white-space:pre-wrap}
@media (max-width:700px){main{margin:0;padding:18px 16px;border:0;border-radius:0}.evidence{columns:1}
table:not(.terms):not(.events){display:block;overflow-x:auto}svg.map,svg.curves{min-width:620px}.picture{overflow-x:auto}}
@page{size:A4;margin:14mm 13mm}
@media print{body{background:#fff;font-size:12px}main{border:0;margin:0;padding:0;max-width:none}
h1{font-size:23px}h2{break-after:avoid}.finding{font-size:15.5px}.fact dd{font-size:13px}table{font-size:11.5px}
.together,figure,tr,.chain,.fact{break-inside:avoid}thead{display:table-header-group}section{margin-top:22px}.evidence{font-size:11.5px}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
)css";

}  // namespace pano::report
