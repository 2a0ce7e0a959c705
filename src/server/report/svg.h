// SPDX-License-Identifier: Apache-2.0
// Pictures of a report as SVG text: no script, no font of their own, legible in grey.
#pragma once

#include <string>
#include <vector>

#include "server/report/report.h"

namespace pano::report {

// Text and attribute values: & < > " '.
std::string Escape(std::string_view text);

// The map of one step: callers left, callees right; what is over its limits is bold and has a mark.
std::string MapSvg(const live::MapView& map);

struct Curve {
  std::string label;
  std::string colour;
  bool dashed = false;
  std::vector<double> values;  // per bucket; unknown leaves a hole
};

// Curves over the run, its steps as bands, events as ticks. `duration`: values are microseconds.
std::string CurvesSvg(const Report& report, const std::vector<Curve>& curves, bool duration,
                      double limit = analysis::kUnknown);

}  // namespace pano::report
