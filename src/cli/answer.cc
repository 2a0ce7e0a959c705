// SPDX-License-Identifier: Apache-2.0
#include "cli/answer.h"

#include <ctime>
#include <iostream>

namespace pano::cli {

using nlohmann::json;

std::string TextAt(const json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

json ValueAt(const json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() ? *at : json(nullptr);
}

std::string LocalTime(const json& seconds) {
  if (!seconds.is_number()) return "–";
  const auto time = static_cast<std::time_t>(seconds.get<double>());
  std::tm parts{};
  localtime_r(&time, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts)};
}

std::string SubjectOf(const json& item) {
  const std::string service = TextAt(item, "service");
  return service.empty() ? TextAt(item, "client") + " > " + TextAt(item, "server") : service;
}

int PrintJson(const json& document, int code) {
  std::cout << document.dump(2) << "\n";
  return code;
}

}  // namespace pano::cli
