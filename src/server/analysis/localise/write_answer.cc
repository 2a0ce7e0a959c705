// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/localise/write_answer.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace pano::analysis {
namespace {

using nlohmann::ordered_json;

constexpr size_t kShownCauses = 8;
constexpr size_t kShownEvidence = 6;

double Rounded(double v) { return std::round(v * 1e4) / 1e4; }

}  // namespace

std::string WriteAnswerJson(const Question& question, const Localisation& answer) {
  ordered_json out;
  out["verdict"] = answer.sentence;
  out["status"] = Name(answer.verdict);
  out["confidence"] = Rounded(answer.confidence);
  out["candidates"] = ordered_json::array();
  for (const Cause& cause : answer.causes) {
    ordered_json path = ordered_json::array();
    for (const uint32_t node : cause.path) path.push_back(question.nodes[node]);
    out["candidates"].push_back({{"node", question.nodes[cause.node]},
                                 {"score", Rounded(cause.score)},
                                 {"class", Name(cause.fault)},
                                 {"confidence", Rounded(cause.confidence)},
                                 {"evidence", cause.evidence},
                                 {"path", std::move(path)}});
  }
  if (!answer.notes.empty()) out["notes"] = answer.notes;
  // Names come from a file: bytes that are no UTF-8 are replaced, not thrown at.
  return out.dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

std::string WriteAnswerText(const Question& question, const Localisation& answer) {
  std::string text = answer.sentence + "\n";
  for (const std::string& note : answer.notes) text += fmt::format("note: {}\n", note);
  if (answer.causes.empty()) return text;
  const Cause& first = answer.causes.front();
  text += "\npath: ";
  for (size_t i = 0; i < first.path.size(); ++i) {
    text += (i > 0 ? " > " : "") + question.nodes[first.path[i]];
  }
  text += "\n\nevidence:\n";
  for (size_t i = 0; i < std::min(first.evidence.size(), kShownEvidence); ++i) {
    text += fmt::format("  - {}\n", first.evidence[i]);
  }
  text += "\ncandidates:\n";
  for (size_t i = 0; i < std::min(answer.causes.size(), kShownCauses); ++i) {
    const Cause& c = answer.causes[i];
    text += fmt::format("  {}. {} ({}, score {:.2f}, confidence {:.2f})\n", i + 1,
                        question.nodes[c.node], Name(c.fault), c.score, c.confidence);
  }
  return text;
}

}  // namespace pano::analysis
