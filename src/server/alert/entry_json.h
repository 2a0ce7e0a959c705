// SPDX-License-Identifier: Apache-2.0
// Rules, routes and silences as JSON: docs/api.md. What is wrong is named by its place:
// "condition.metric: …".
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "server/alert/alert_keeper.h"  // ValidId
#include "server/alert/route.h"
#include "server/alert/rule.h"
#include "server/alert/silence.h"

namespace pano::alert {

inline constexpr size_t kMaxRules = 200;
inline constexpr size_t kMaxRoutes = 32;
inline constexpr size_t kMaxSilences = 200;
inline constexpr size_t kMaxText = 500;

// An id made of a name: "Own CPU!" -> "own-cpu"; empty when nothing of it can be kept.
std::string IdOf(std::string_view name);

// `id` empty: the body's, or made of its name; may stay empty.
Result<Rule> RuleFromJson(const nlohmann::json& body, const std::string& id);
nlohmann::json RuleJson(const Rule& rule);

// `old`: the route that is replaced, whose secrets stay where the body leaves them out; null: none.
Result<Route> RouteFromJson(const nlohmann::json& body, const std::string& id, const Route* old);
// For files: with its secrets.
nlohmann::json RouteJson(const Route& route);
// For people: without, but saying which there are.
nlohmann::json PublicRouteJson(const Route& route);
std::vector<std::string> RouteWarnings(const Route& route);

// `now`: unix seconds.
Result<Silence> SilenceFromJson(const nlohmann::json& body, const std::string& id, uint64_t now);
nlohmann::json SilenceJson(const Silence& silence);

}  // namespace pano::alert
