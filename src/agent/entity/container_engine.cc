// SPDX-License-Identifier: Apache-2.0
#include "agent/entity/container_engine.h"

#include <fmt/format.h>
#include <array>
#include <nlohmann/json.hpp>

#include "agent/entity/process_facts.h"

namespace pano::entity {
namespace {

using nlohmann::json;

std::string TextAt(const json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

}  // namespace

ContainerNames ParseContainerConfig(std::string_view text) {
  ContainerNames names;
  const json root = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) return names;
  names.name = TextAt(root, "Name");
  if (names.name.starts_with("/")) names.name.erase(0, 1);
  const auto config = root.find("Config");
  if (config != root.end() && config->is_object()) {
    const auto labels = config->find("Labels");
    if (labels != config->end() && labels->is_object()) {
      names.compose_service = TextAt(*labels, "com.docker.compose.service");
    }
  }
  const auto annotations = root.find("annotations");  // an OCI bundle, as podman keeps it
  if (annotations != root.end() && annotations->is_object()) {
    names.compose_service = TextAt(*annotations, "io.podman.compose.service");
    if (names.name.empty()) names.name = TextAt(*annotations, "io.kubernetes.cri-o.Name");
  }
  return names;
}

ContainerNames ReadContainerNames(const std::string& id) {
  const std::array paths = {
      fmt::format("/var/lib/docker/containers/{}/config.v2.json", id),
      fmt::format("/var/lib/containers/storage/overlay-containers/{}/userdata/config.json", id),
      fmt::format("/run/containers/storage/overlay-containers/{}/userdata/config.json", id),
  };
  for (const std::string& path : paths) {
    const std::string text = ReadSmallFile(path, 1 << 20);
    if (!text.empty()) return ParseContainerConfig(text);
  }
  return {};
}

}  // namespace pano::entity
