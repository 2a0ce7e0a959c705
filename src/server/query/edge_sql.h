// SPDX-License-Identifier: Apache-2.0
// SQL text of the queries over metric tables: what to read at which resolution, and how the
// columns of a second or a minute fold.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "schema/metric.h"
#include "server/query/query.h"

namespace pano::query {

// Reads the 1 m tables when the range is long, or too old for 1 s rows; steps and bounds then are
// whole minutes.
struct Resolution {
  bool minutes = false;
  uint32_t step = 1;  // seconds per bucket; 0: the whole range is one bucket
  TimeRange range;    // widened to whole steps

  std::string Table(std::string_view base) const;
};
Resolution ResolutionOfMap(TimeRange range, uint64_t now, const store::Retention& retention);
Result<Resolution> ResolutionOfSeries(TimeRange range, uint32_t step, uint32_t max_points,
                                      uint64_t now, const store::Retention& retention);

class SqlOf {
 public:
  SqlOf(const Resolution& resolution, store::Dialect dialect)
      : resolution_(resolution), dialect_(dialect) {}

  std::string Bucket() const;   // UInt32: start of the row's bucket
  std::string Seconds() const;  // UInt32: seconds of the bucket that have rows
  // One UInt64 per metric, folded over everything of the group.
  std::string Values(std::span<const schema::MetricInfo> metrics) const;
  std::string Value(std::string_view column, bool maximum) const;
  std::string Histogram(std::string_view column) const;
  std::string TimeCondition() const;

 private:
  bool OldStates() const { return resolution_.minutes && dialect_ == store::Dialect::kLegacy18; }

  const Resolution& resolution_;
  store::Dialect dialect_;
};

std::string FilterCondition(const EdgeFilter& filter);  // " AND ..." or empty

}  // namespace pano::query
