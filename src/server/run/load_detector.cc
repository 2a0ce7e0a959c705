// SPDX-License-Identifier: Apache-2.0
#include "server/run/load_detector.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>

namespace pano::run {
namespace {
constexpr size_t kMaxSources = 1000;
constexpr uint32_t kForgetSeconds = 3600;
constexpr uint32_t kJoinSeconds = 3;  // load in the first seconds was there before

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}
}  // namespace

bool IsLoadGeneratorName(std::string_view name) {
  // Short names whole, long ones as a beginning: "hey" is not "heyday".
  constexpr std::array kWhole = {"wrk", "wrk2",       "hey",   "k6", "ab",
                                 "oha", "bombardier", "siege", "ghz"};
  constexpr std::array kBegins = {"loadgen", "load-gen", "locust", "jmeter", "apachejmeter",
                                  "vegeta",  "gatling",  "h2load", "fortio", "artillery"};
  const std::string lower = Lower(name);
  return std::ranges::any_of(kWhole, [&](const char* n) { return lower == n; }) ||
         std::ranges::any_of(kBegins, [&](const char* n) { return lower.starts_with(n); });
}

bool LoadDetector::Confirmed(const Source& s) const {
  if (s.generator) {
    const uint32_t window = (1u << options_.confirm_window) - 1;
    return static_cast<uint32_t>(std::popcount(s.recent & window)) >= options_.confirm_seconds;
  }
  return s.from_nothing && s.streak >= options_.jump_confirm;
}

void LoadDetector::Resume(uint64_t second, std::string name) {
  active_ = true;
  last_active_ = second;
  name_ = std::move(name);
}

std::optional<LoadDetector::Change> LoadDetector::Update(uint64_t second, bool watched,
                                                         std::span<const EntrySecond> entries) {
  if (!watched) return std::nullopt;
  if (first_watched_ == 0) first_watched_ = second;
  for (auto& [id, s] : sources_) s.recent <<= 1;
  for (const EntrySecond& e : entries) {
    if (!sources_.contains(e.service) && sources_.size() >= kMaxSources) continue;
    auto [at, fresh] = sources_.try_emplace(e.service);
    Source& s = at->second;
    if (fresh) {
      s.name = e.name;
      s.quiet = static_cast<uint32_t>(std::min<uint64_t>(second - first_watched_, 1u << 20));
    }
    s.generator = e.kind == schema::NodeKind::kLoadGenerator || IsLoadGeneratorName(e.name);
    const bool busy = e.attempts >= (s.generator ? options_.generator_rate : options_.jump_rate);
    if (!busy) continue;
    s.recent |= 1;
    if (s.last + options_.pause_seconds < second || s.first == 0) {
      s.first = second;
      s.from_nothing = s.quiet >= options_.quiet_seconds;
    }
    s.last = second;
  }
  bool any = false;
  std::optional<Change> change;
  std::erase_if(sources_, [](const auto& item) { return item.second.quiet > kForgetSeconds; });
  for (auto& [id, s] : sources_) {
    const bool busy = s.last == second;
    s.streak = busy ? s.streak + 1 : 0;
    s.quiet = busy ? 0 : s.quiet + 1;
    if (busy && (Confirmed(s) || (active_ && s.name == name_))) any = true;
    if (active_ || change || !busy || !Confirmed(s)) continue;
    change = Change{true, false, s.first, id, s.name, s.first <= first_watched_ + kJoinSeconds};
  }
  if (change) {
    active_ = true;
    service_ = change->service;
    name_ = change->name;
    last_active_ = second;
    return change;
  }
  if (any) last_active_ = second;
  if (active_ && second >= last_active_ + options_.pause_seconds) {
    active_ = false;
    return Change{false, true, last_active_ + 1, service_, name_, false};
  }
  return std::nullopt;
}

}  // namespace pano::run
