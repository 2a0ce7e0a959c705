// SPDX-License-Identifier: Apache-2.0
// in: live::WindowSet of one bucket  out: its bytes, and back
// Zeroes left out, numbers as varints (LEB128), fields by the metric tables of schema/. What is
// read may come from a file of anybody: every length is checked, nothing is allocated that the
// bytes do not hold.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/cursor.h"
#include "base/result.h"
#include "schema/metric.h"
#include "server/live/window.h"

namespace pano::run {

// Where the metrics of a file are now: metrics are only ever added, but a file may be older or
// newer than this binary. -1: not known here, left out.
struct MetricOrder {
  std::array<int8_t, 64> edge{};
  std::array<int8_t, 64> instance{};
  static MetricOrder Own();
};

// Edge ends are not written: ids name them. Losses are.
std::string PackBucket(const live::WindowSet& window);
// `from` and `to` of the answer are 0; edges carry ids only, ascending, as do nodes.
Result<live::WindowSet> UnpackBucket(Bytes bytes, const MetricOrder& order);

}  // namespace pano::run
