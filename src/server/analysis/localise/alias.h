// SPDX-License-Identifier: Apache-2.0
// Names that are a caller's view of a service which also stands under its own name: a host behind
// which it is reached, a "client" or "remote" entry beside it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/analysis/localise/system.h"

namespace pano::analysis {

// Per node: the node it is a view of, or kNoNode. Found from names and from who calls whom; never
// chained.
std::vector<uint32_t> FindAliases(const System& system);

// The part of a name that names the service: lower case, without the words that only tell its kind
// ("_client", "_remote", "AWS::Lambda::Function", ":5432", ".svc.cluster.local").
std::string ServiceStem(std::string_view name);

}  // namespace pano::analysis
