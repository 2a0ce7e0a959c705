// SPDX-License-Identifier: Apache-2.0
// The optional body of a webhook: text with {{name}} in it. A name is a path into the documented
// body ("title", "labels.team", "alerts.0.text"); its value is written as JSON writes it inside a
// string, so that a template of JSON stays JSON. {{json NAME}} writes the value as JSON itself,
// {{json}} the whole body.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pano::alert {

inline constexpr size_t kMaxTemplate = size_t{64} << 10;

// Every {{ }} is closed and names something a message has; the error says where not.
Status CheckTemplate(std::string_view text);
// What is not there is empty.
std::string FillTemplate(std::string_view text, const nlohmann::json& message);

}  // namespace pano::alert
