// SPDX-License-Identifier: Apache-2.0
#include "server/query/edge_sql.h"

#include <algorithm>
#include <array>

namespace pano::query {
namespace {

constexpr uint64_t kLongRange = uint64_t{2} * 3'600;
constexpr uint32_t kMinute = 60;
constexpr uint64_t kMostPoints = 20'000;
// 1 s rows go by whole partitions of an hour: trust only what is surely there.
constexpr uint64_t kExpiryMargin = 3'600;

constexpr std::array<uint32_t, 16> kSteps{1,   2,   5,   10,   15,   30,    60,    120,
                                          300, 600, 900, 1800, 3600, 10800, 21600, 86400};

uint64_t Down(uint64_t time, uint64_t step) { return time / step * step; }
uint64_t Up(uint64_t time, uint64_t step) { return (time + step - 1) / step * step; }

bool Expired(uint64_t from, uint64_t now, const store::Retention& retention) {
  if (retention.second_hours == 0) return false;
  const uint64_t kept = uint64_t{retention.second_hours} * 3'600;
  return from + std::max(kept, 2 * kExpiryMargin) - kExpiryMargin < now;
}

}  // namespace

std::string Resolution::Table(std::string_view base) const {
  return std::string(base) + (minutes ? "_1m" : "");
}

Resolution ResolutionOfMap(TimeRange range, uint64_t now, const store::Retention& retention) {
  Resolution out{.minutes = false, .step = 0, .range = range};
  out.minutes = range.to - range.from > kLongRange || Expired(range.from, now, retention);
  if (out.minutes) out.range = {Down(range.from, kMinute), Up(range.to, kMinute)};
  return out;
}

Result<Resolution> ResolutionOfSeries(TimeRange range, uint32_t step, uint32_t max_points,
                                      uint64_t now, const store::Retention& retention) {
  if (range.to <= range.from) return Fail(Code::kInvalid, "the range is empty");
  const uint64_t span = range.to - range.from;
  if (step == 0) {
    const uint64_t least = (span + max_points - 1) / std::max<uint64_t>(max_points, 1);
    const auto fit = std::find_if(kSteps.begin(), kSteps.end(),
                                  [least](uint32_t candidate) { return candidate >= least; });
    step = fit == kSteps.end() ? static_cast<uint32_t>(Up(least, kSteps.back())) : *fit;
  }
  Resolution out;
  const bool old = Expired(range.from, now, retention);
  if (old) step = static_cast<uint32_t>(Up(step, kMinute));
  out.minutes = old || (step % kMinute == 0 && span > kLongRange);
  out.step = step;
  out.range = {Down(range.from, step), Up(range.to, step)};
  if ((out.range.to - out.range.from) / step > kMostPoints) {
    return Fail(Code::kInvalid, "a step of {} s over {} s is more than {} points", step, span,
                kMostPoints);
  }
  return out;
}

std::string SqlOf::Bucket() const {
  if (resolution_.step == 0) return fmt::format("toUInt32({})", resolution_.range.from);
  return fmt::format("toUInt32(intDiv(toUnixTimestamp(time), {0}) * {0})", resolution_.step);
}

// Rows come once per second and series: their count, but no more than the time they span.
std::string SqlOf::Seconds() const {
  if (!resolution_.minutes) {
    return "toUInt32(least(toUInt64(count()), toUInt64(max(time) - min(time) + 1)))";
  }
  const char* merge = OldStates() ? "Merge" : "";
  return fmt::format("toUInt32(least({}, toUInt64(max{}(last_second) - min{}(first_second) + 1)))",
                     Value("seconds", false), merge, merge);
}

std::string SqlOf::Value(std::string_view column, bool maximum) const {
  return fmt::format("toUInt64({}{}({}))", maximum ? "max" : "sum", OldStates() ? "Merge" : "",
                     store::QuoteName(column));
}

std::string SqlOf::Values(std::span<const schema::MetricInfo> metrics) const {
  std::string out;
  for (const schema::MetricInfo& metric : metrics) {
    if (!out.empty()) out += ", ";
    out += Value(metric.name, metric.fold == schema::Fold::kMax);
  }
  return out;
}

std::string SqlOf::Histogram(std::string_view column) const {
  const std::string name = store::QuoteName(column);
  if (OldStates()) return fmt::format("sumMapMerge({})", name);
  if (resolution_.minutes) return fmt::format("sumMap({})", name);
  return fmt::format("sumMap({}, arrayMap(x -> toUInt64(x), {}))",
                     store::QuoteName(std::string(column) + ".bucket"),
                     store::QuoteName(std::string(column) + ".count"));
}

std::string SqlOf::TimeCondition() const {
  return fmt::format("time >= toDateTime({}) AND time < toDateTime({})", resolution_.range.from,
                     resolution_.range.to);
}

std::string FilterCondition(const EdgeFilter& filter) {
  std::string out;
  if (filter.edge) {
    const tag::EdgeId& edge = *filter.edge;
    out += fmt::format(
        " AND server_service = {} AND client_service = {} AND server_port = {} AND "
        "l7_protocol = {} AND l4_protocol = {}",
        edge.server_service, edge.client_service, edge.server_port,
        store::Quote(schema::Name(edge.l7_protocol)), store::Quote(schema::Name(edge.l4_protocol)));
  }
  if (filter.client_service) out += fmt::format(" AND client_service = {}", *filter.client_service);
  if (filter.server_service) out += fmt::format(" AND server_service = {}", *filter.server_service);
  return out;
}

}  // namespace pano::query
