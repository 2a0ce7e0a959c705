// SPDX-License-Identifier: Apache-2.0
// in: run::Snapshot, run::RunSummary  out: the JSON bodies of docs/runs.md
#pragma once

#include <nlohmann/json.hpp>

#include "server/run/run_keeper.h"
#include "server/run/snapshot.h"

namespace pano::api {

nlohmann::json RunJson(const run::RunSummary& summary);
// All there is to say of one run.
nlohmann::json RunDetailJson(const run::RunSummary& summary, const run::Snapshot& snapshot);
// A report as attached, with what the map saw beside it.
nlohmann::json AttachedJson(const run::LoadgenReport& report, const run::Snapshot& snapshot);

}  // namespace pano::api
