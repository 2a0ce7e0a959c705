// SPDX-License-Identifier: Apache-2.0
// in: live::MapView  out: the JSON bodies of docs/api.md
#pragma once

#include <string>

#include "server/analysis/diagnose.h"
#include "server/api/json_writer.h"
#include "server/live/map_view.h"

namespace pano::api {

// `counts`: totals per edge, for a range of time.
std::string MapJson(const live::MapView& map, bool counts);
std::string TickJson(const live::MapView& map);
std::string DiagnosisJson(const analysis::Diagnosis& verdict, const live::Names& names);
void WriteEvent(JsonWriter& out, const live::MapEvent& event);

}  // namespace pano::api
