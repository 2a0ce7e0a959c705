// SPDX-License-Identifier: Apache-2.0
// Names that container engines keep on disk for a container id.
#pragma once

#include <string>
#include <string_view>

#include "agent/entity/naming.h"

namespace pano::entity {

// Docker's config.v2.json or podman's userdata/config.json; empty names when no engine knows it.
ContainerNames ReadContainerNames(const std::string& container_id);
// The same from the text of such a file.
ContainerNames ParseContainerConfig(std::string_view json);

}  // namespace pano::entity
