// SPDX-License-Identifier: Apache-2.0
#include "bench/diagnose/write_question.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace pano::bench {
namespace {

using nlohmann::ordered_json;

ordered_json WindowJson(const analysis::Question& q, const analysis::Window& window) {
  ordered_json out{{"times", window.times}, {"series", ordered_json::array()}};
  for (const analysis::Series& s : window.series) {
    ordered_json series;
    if (s.caller == analysis::kNoNode) {
      series["node"] = q.nodes[s.node];
    } else {
      series["edge"] = {q.nodes[s.caller], q.nodes[s.node]};
    }
    series["metric"] = analysis::Name(s.metric);
    ordered_json values = ordered_json::array();
    for (const double v : s.values) {
      // Six digits are more than anybody measures.
      const double scale = std::pow(10.0, 6 - std::ceil(std::log10(std::max(std::abs(v), 1e-9))));
      values.push_back(std::isfinite(v) ? ordered_json(std::round(v * scale) / scale)
                                        : ordered_json(nullptr));
    }
    series["values"] = std::move(values);
    out["series"].push_back(std::move(series));
  }
  return out;
}

}  // namespace

std::string QuestionJson(const Case& one) {
  const analysis::Question& q = one.question;
  ordered_json out;
  if (q.entry != analysis::kNoNode) out["entry"] = q.nodes[q.entry];
  out["target"] = {{"node", q.nodes[q.target]}, {"metric", analysis::Name(q.metric)}};
  out["calls"] = ordered_json::array();
  for (const auto& [caller, callee] : q.calls) {
    out["calls"].push_back({q.nodes[caller], q.nodes[callee]});
  }
  if (!q.baseline.times.empty()) out["baseline"] = WindowJson(q, q.baseline);
  out["incident"] = WindowJson(q, q.incident);
  out["truth"] = one.truth;
  out["fault"] = FaultName(one.faults);
  out["view"] = Name(one.view);
  return out.dump();
}

void WriteCase(const Case& one, const std::string& folder) {
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/" + one.name + ".json") << QuestionJson(one) << "\n";
}

}  // namespace pano::bench
