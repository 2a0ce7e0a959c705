// SPDX-License-Identifier: Apache-2.0
// What fires, as docs/api.md shows it.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "server/alert/dispatch.h"

namespace pano::alert {

nlohmann::json AlertJson(const Alert& alert);
nlohmann::json GroupJson(const Group& group, const Dispatcher& dispatcher);
nlohmann::json HealthJson(const RouteHealth* health, size_t waiting);
// Entries of the history, without their number.
nlohmann::json AlertEntry(const Alert& alert, uint64_t time);
nlohmann::json MessageEntry(const Due& due, const Outcome& outcome, std::string_view route_name,
                            std::string_view title, uint64_t time);

}  // namespace pano::alert
