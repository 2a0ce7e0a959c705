// SPDX-License-Identifier: Apache-2.0
// Fields of the server's answers, for people. What is not there, or of another type, is empty.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace pano::cli {

std::string TextAt(const nlohmann::json& object, const char* key);
nlohmann::json ValueAt(const nlohmann::json& object, const char* key);  // null: not there
std::string LocalTime(const nlohmann::json& seconds);  // "2026-11-23 04:05:06", "–" for null
std::string SubjectOf(const nlohmann::json& item);     // its service, or "client > server"
// As the server sent it, on stdout. Answers `code`.
int PrintJson(const nlohmann::json& document, int code = 0);

}  // namespace pano::cli
