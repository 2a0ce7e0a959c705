// SPDX-License-Identifier: Apache-2.0
#include "bench/diagnose/recorded.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "server/analysis/localise/read_question.h"

namespace pano::bench {
namespace {

// Plain files as well as compressed ones.
Result<std::string> ReadText(const std::string& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  if (!file) return Fail(Code::kNotFound, "{}: cannot be opened", path);
  std::string text;
  std::array<char, 1 << 16> chunk;
  int got = 0;
  while ((got = gzread(file, chunk.data(), chunk.size())) > 0) {
    text.append(chunk.data(), static_cast<size_t>(got));
  }
  gzclose(file);
  if (got < 0) return Fail(Code::kInvalid, "{}: broken", path);
  return text;
}

// The halves follow from the name, so that nobody can choose them by the outcome.
bool IsTuned(const std::string& name) {
  uint32_t hash = 2166136261U;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return ((hash >> 30) & 1) == 0;
}

// Faults that only recordings have, and the generated one whose class of cause is theirs too.
constexpr std::array<std::pair<std::string_view, Fault>, 4> kAlike = {{
    {"hang", Fault::kDelay},
    {"stall", Fault::kDelay},
    {"table lock", Fault::kLock},
    {"slow queries", Fault::kCpuHog},
}};

std::vector<Fault> FaultsNamed(const std::string& name) {
  for (size_t f = 1; f < kFaults; ++f) {
    if (Name(static_cast<Fault>(f)) == name) return {static_cast<Fault>(f)};
  }
  for (const auto& [recorded, alike] : kAlike) {
    if (recorded == name) return {alike};
  }
  return {};
}

Result<RecordedCase> ReadOne(const std::filesystem::path& path) {
  PANO_ASSIGN(const std::string text, ReadText(path.string()));
  auto question = analysis::ReadQuestion(text);
  if (!question) {
    return Fail(Code::kInvalid, "{}: {}", path.string(), question.error().text);
  }
  RecordedCase one;
  one.asked.question = std::move(*question);
  one.asked.name = path.filename().string();
  one.is_tuned = IsTuned(one.asked.name);
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.contains("truth") || !json["truth"].is_array()) {
    return Fail(Code::kInvalid, "{}: truth: an array of nodes is missing", path.string());
  }
  for (const auto& node : json["truth"]) {
    if (!node.is_string()) return Fail(Code::kInvalid, "{}: truth: not a name", path.string());
    one.asked.truth.push_back(node.get<std::string>());
  }
  one.fault = one.asked.truth.empty() ? "healthy" : "fault";
  if (const auto fault = json.find("fault"); fault != json.end() && fault->is_string()) {
    one.fault = fault->get<std::string>();
  }
  one.asked.faults = FaultsNamed(one.fault);
  if (const auto view = json.find("view"); view != json.end() && view->is_string()) {
    one.group = view->get<std::string>();
  }
  return one;
}

}  // namespace

Result<std::vector<RecordedCase>> ReadRecorded(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".json") || name.ends_with(".json.gz")) paths.push_back(entry.path());
  }
  if (error) return Fail(Code::kNotFound, "{}: {}", folder, error.message());
  std::ranges::sort(paths);
  std::vector<RecordedCase> cases;
  for (const auto& path : paths) {
    PANO_ASSIGN(RecordedCase one, ReadOne(path));
    cases.push_back(std::move(one));
  }
  return cases;
}

}  // namespace pano::bench
