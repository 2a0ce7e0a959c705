// SPDX-License-Identifier: Apache-2.0
#include "server/alert/kept_entries.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "server/alert/entry_json.h"

namespace pano::alert {
namespace {

using nlohmann::json;

constexpr uint64_t kKeepEndedSeconds = uint64_t{7} * 86'400;

template <typename T>
void PutInto(std::vector<T>& list, T entry) {
  const auto at = std::ranges::find(list, entry.id, &T::id);
  at == list.end() ? list.push_back(std::move(entry)) : void(*at = std::move(entry));
}

template <typename T>
bool EraseFrom(std::vector<T>& list, std::string_view id) {
  return std::erase_if(list, [id](const T& one) { return one.id == id; }) > 0;
}

template <typename T>
Result<std::string> FreeId(const std::vector<T>& own, const std::vector<T>& fixed,
                           const std::string& wanted, const char* prefix, const json& body) {
  const auto taken = [&](const std::string& id) {
    return FindIn(own, id) != nullptr || FindIn(fixed, id) != nullptr;
  };
  const bool given = body.is_object() && body.contains("id") && body["id"].is_string();
  if (given && taken(wanted)) return Fail(Code::kInvalid, "id: \"{}\" is there already", wanted);
  const std::string stem = wanted.empty() ? std::string(prefix) : wanted.substr(0, 34);
  if (!wanted.empty() && !taken(wanted)) return wanted;
  for (int i = wanted.empty() ? 1 : 2;; ++i) {
    std::string id = fmt::format("{}-{}", stem, i);
    if (!taken(id)) return id;
  }
}

bool End(std::vector<Silence>& silences, const std::string& id, uint64_t now) {
  bool found = false;
  for (Silence& silence : silences) {
    if (silence.id != id) continue;
    found = true;
    silence.every = Every::kOnce;
    silence.ends_at = std::min(silence.ends_at, now);
    silence.starts_at = std::min(silence.starts_at, silence.ends_at - 1);
  }
  return found;
}

}  // namespace

bool KeptEntries::AnyRoute() const {
  const auto enabled = [](const Route& route) { return route.enabled; };
  return std::ranges::any_of(own.routes, enabled) || std::ranges::any_of(fixed.routes, enabled);
}

bool KeptEntries::On(const Rule& rule) const {
  return rule.enabled == Enabled::kOn || (rule.enabled == Enabled::kAuto && AnyRoute());
}

std::vector<Rule> KeptEntries::Rules() const {
  std::vector<Rule> out = BuiltinRules();
  for (Rule rule : own.rules) {
    rule.origin = FindIn(BuiltinRules(), rule.id) != nullptr ? Origin::kChanged : Origin::kUser;
    PutInto(out, std::move(rule));
  }
  for (const Rule& rule : fixed.rules) PutInto(out, rule);
  return out;
}

std::vector<Route> KeptEntries::Routes() const {
  std::vector<Route> out = own.routes;
  for (const Route& route : fixed.routes) PutInto(out, route);
  return out;
}

std::vector<Silence> KeptEntries::Silences() const {
  std::vector<Silence> out = own.silences;
  for (const Silence& silence : fixed.silences) PutInto(out, silence);
  return out;
}

Result<std::string> KeptEntries::PutRule(Entries& next, const std::string& id,
                                         const json& body) const {
  PANO_ASSIGN(Rule rule, RuleFromJson(body, id));
  if (id.empty()) {
    std::vector<Rule> given = fixed.rules;
    given.insert(given.end(), BuiltinRules().begin(), BuiltinRules().end());
    PANO_ASSIGN(rule.id, FreeId(next.rules, given, rule.id, "rule", body));
  }
  if (FindIn(fixed.rules, rule.id) != nullptr) {
    return Fail(Code::kDenied, "rule \"{}\" comes from the configuration file", rule.id);
  }
  std::string made = rule.id;
  PutInto(next.rules, std::move(rule));
  if (next.rules.size() > kMaxRules) return Fail(Code::kExhausted, "at most {} rules", kMaxRules);
  return made;
}

Result<std::string> KeptEntries::PutRoute(Entries& next, const std::string& id,
                                          const json& body) const {
  PANO_ASSIGN(Route route, RouteFromJson(body, id, FindIn(next.routes, id)));
  if (id.empty()) {
    PANO_ASSIGN(route.id, FreeId(next.routes, fixed.routes, route.id, "route", body));
  }
  if (FindIn(fixed.routes, route.id) != nullptr) {
    return Fail(Code::kDenied, "route \"{}\" comes from the configuration file", route.id);
  }
  std::string made = route.id;
  PutInto(next.routes, std::move(route));
  if (next.routes.size() > kMaxRoutes) {
    return Fail(Code::kExhausted, "at most {} routes", kMaxRoutes);
  }
  return made;
}

Result<std::string> KeptEntries::PutSilence(Entries& next, const std::string& id, const json& body,
                                            uint64_t now) const {
  PANO_ASSIGN(Silence silence, SilenceFromJson(body, id, now));
  std::erase_if(next.silences, [now](const Silence& one) {
    return StateOf(one, now) == SilenceState::kEnded && one.ends_at + kKeepEndedSeconds < now;
  });
  if (id.empty()) {
    PANO_ASSIGN(silence.id, FreeId(next.silences, fixed.silences, silence.id, "silence", body));
  }
  if (FindIn(fixed.silences, silence.id) != nullptr) {
    return Fail(Code::kDenied, "silence \"{}\" comes from the configuration file", silence.id);
  }
  if (const Silence* old = FindIn(next.silences, silence.id)) silence.created_at = old->created_at;
  std::string made = silence.id;
  PutInto(next.silences, std::move(silence));
  if (next.silences.size() > kMaxSilences) {
    return Fail(Code::kExhausted, "at most {} silences", kMaxSilences);
  }
  return made;
}

Result<std::string> KeptEntries::Put(Kept what, Entries& next, const std::string& id,
                                     const json& body, uint64_t now) const {
  if (what == Kept::kRules) return PutRule(next, id, body);
  if (what == Kept::kRoutes) return PutRoute(next, id, body);
  return PutSilence(next, id, body, now);
}

Result<KeptEntries::Removed> KeptEntries::Remove(Kept what, Entries& next, const std::string& id,
                                                 uint64_t now) const {
  const bool provisioned = (what == Kept::kRules && FindIn(fixed.rules, id) != nullptr) ||
                           (what == Kept::kRoutes && FindIn(fixed.routes, id) != nullptr) ||
                           (what == Kept::kSilences && FindIn(fixed.silences, id) != nullptr);
  if (provisioned) return Fail(Code::kDenied, "\"{}\" comes from the configuration file", id);
  Removed out;
  out.builtin = what == Kept::kRules && FindIn(BuiltinRules(), id) != nullptr;
  if (what == Kept::kRules) out.gone = EraseFrom(next.rules, id);
  if (what == Kept::kRoutes) out.gone = EraseFrom(next.routes, id);
  if (what == Kept::kSilences) out.gone = End(next.silences, id, now);
  if (!out.gone && !out.builtin) return Fail(Code::kNotFound, "there is no \"{}\"", id);
  return out;
}

}  // namespace pano::alert
