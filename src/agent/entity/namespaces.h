// SPDX-License-Identifier: Apache-2.0
// Entering namespaces of other processes.
#pragma once

#include <sched.h>

#include <functional>
#include <string>

#include "base/result.h"

namespace pano::entity {

// Runs `action` on a thread of its own inside the namespace behind `path` (as /proc/PID/ns/net,
// /run/netns/NAME); `type` is CLONE_NEWNET, CLONE_NEWUTS ... The caller's thread stays where it is
// and waits. A socket opened inside stays in that namespace, and keeps it alive until closed.
Status RunInNamespace(const std::string& path, int type, const std::function<void()>& action);

}  // namespace pano::entity
