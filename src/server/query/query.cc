// SPDX-License-Identifier: Apache-2.0
#include "server/query/query.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/clock.h"
#include "server/query/edge_sql.h"
#include "server/query/row_binary.h"
#include "server/query/sql_guard.h"
#include "server/store/table_block.h"

namespace pano::query {
namespace {

using schema::Fold;

constexpr store::QueryLimits kLimits{.max_seconds = 20,
                                     .max_memory_bytes = uint64_t{512} << 20,
                                     .max_result_rows = 2'000'000,
                                     .read_only = true};

constexpr const char* kPath =
    "server_service, client_service, server_port, l7_protocol, l4_protocol, observation_point";

uint64_t NowSeconds() { return WallNs() / 1'000'000'000; }

Error Malformed() { return {Code::kInternal, "the store's answer is malformed", {}}; }

Result<std::string> Run(store::Store& store, const std::string& sql,
                        const store::Params& params = {}) {
  return store.Query(sql, params, "RowBinary", kLimits);
}

// kPath, as a row gives it.
std::pair<tag::EdgeId, schema::ObservationPoint> ReadPath(RowReader& row) {
  tag::EdgeId edge;
  edge.server_service = row.Number<uint32_t>();
  edge.client_service = row.Number<uint32_t>();
  edge.server_port = row.Number<uint16_t>();
  edge.l7_protocol = static_cast<schema::L7Protocol>(row.Number<int8_t>());
  edge.l4_protocol = static_cast<schema::L4Protocol>(row.Number<int8_t>());
  return {edge, static_cast<schema::ObservationPoint>(row.Number<int8_t>())};
}

// Sums of levels become means.
template <typename Values, typename Table>
void ReadValues(RowReader& row, uint32_t seconds, const Table& table, Values& values) {
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = row.Number<uint64_t>();
    const bool level = table[i].fold == Fold::kGauge || table[i].fold == Fold::kLimit;
    if (level && seconds > 1) values[i] = (values[i] + seconds / 2) / seconds;
  }
}

bool AtServer(schema::ObservationPoint point) {
  return point == schema::ObservationPoint::kServerProcess ||
         point == schema::ObservationPoint::kServerNic;
}

std::string EdgeSql(const Resolution& resolution, const EdgeFilter& filter,
                    store::Dialect dialect) {
  const SqlOf sql(resolution, dialect);
  return fmt::format(
      "SELECT {}, {} AS bucket, {}, {}, {}, {} FROM {} WHERE {}{} GROUP BY {}, bucket", kPath,
      sql.Bucket(), sql.Seconds(), sql.Values(schema::EdgeMetricTable()), sql.Histogram("rrt"),
      sql.Histogram("rtt"), resolution.Table("edge"), sql.TimeCondition(), FilterCondition(filter),
      kPath);
}

Result<std::vector<EdgeBucket>> ReadEdges(store::Store& store, const Resolution& resolution,
                                          const EdgeFilter& filter) {
  PANO_ASSIGN(const std::string bytes, Run(store, EdgeSql(resolution, filter, store.dialect())));
  std::map<std::pair<uint64_t, tag::EdgeId>, EdgeBucket> buckets;
  RowReader row(bytes);
  while (!row.Done()) {
    const auto [edge, point] = ReadPath(row);
    const uint64_t time = row.Number<uint32_t>();
    EdgeBucket& bucket = buckets[{time, edge}];
    bucket.edge = edge;
    bucket.time = time;
    EdgeView& view = AtServer(point) ? bucket.server : bucket.client;
    view.seconds = row.Number<uint32_t>();
    ReadValues(row, view.seconds, schema::EdgeMetricTable(), view.values);
    view.rrt = row.Histogram();
    view.rtt = row.Histogram();
  }
  if (!row.ok()) return std::unexpected(Malformed());
  std::vector<EdgeBucket> out;
  out.reserve(buckets.size());
  for (auto& [key, bucket] : buckets) out.push_back(std::move(bucket));
  return out;
}

Result<std::vector<NodeBucket>> ReadNodes(store::Store& store, const Resolution& resolution,
                                          std::optional<uint32_t> service, bool per_instance) {
  const SqlOf sql(resolution, store.dialect());
  const std::string keys = per_instance ? "service, instance" : "service";
  const std::string condition = service ? fmt::format(" AND service = {}", *service) : "";
  PANO_ASSIGN(
      const std::string bytes,
      Run(store,
          fmt::format("SELECT {} AS bucket, {}, {}, {} FROM {} WHERE {}{} "
                      "GROUP BY {}, bucket ORDER BY bucket, {}",
                      sql.Bucket(), sql.Seconds(), keys, sql.Values(schema::InstanceMetricTable()),
                      resolution.Table("instance"), sql.TimeCondition(), condition, keys, keys)));
  std::vector<NodeBucket> out;
  RowReader row(bytes);
  while (!row.Done()) {
    NodeBucket& bucket = out.emplace_back();
    bucket.time = row.Number<uint32_t>();
    bucket.seconds = row.Number<uint32_t>();
    bucket.service = row.Number<uint32_t>();
    if (per_instance) bucket.instance = row.Number<uint32_t>();
    ReadValues(row, bucket.seconds, schema::InstanceMetricTable(), bucket.values);
  }
  if (!row.ok()) return std::unexpected(Malformed());
  return out;
}

// `time` columns of exact tables: DateTime64(6), or microseconds as a number in the old dialect.
std::string ExactTime(store::Dialect dialect, uint64_t second) {
  if (dialect == store::Dialect::kLegacy18) return fmt::format("{}", second * 1'000'000);
  return fmt::format("toDateTime64({}, 6, 'UTC')", second);
}

}  // namespace

Result<MapRows> Reader::MapOver(TimeRange range) const {
  if (range.to <= range.from) return Fail(Code::kInvalid, "the range is empty");
  const Resolution resolution = ResolutionOfMap(range, NowSeconds(), retention_);
  MapRows out;
  out.range = resolution.range;
  PANO_ASSIGN(out.edges, ReadEdges(store_, resolution, {}));
  PANO_ASSIGN(out.nodes, ReadNodes(store_, resolution, std::nullopt, true));
  const SqlOf sql(resolution, store_.dialect());
  PANO_ASSIGN(const std::string bytes,
              Run(store_, fmt::format("SELECT toString(cause) AS c, toUInt64(sum(count)) FROM loss "
                                      "WHERE {} GROUP BY c ORDER BY c",
                                      sql.TimeCondition())));
  RowReader row(bytes);
  while (!row.Done()) {
    std::string cause = row.Text();
    out.losses.emplace_back(std::move(cause), row.Number<uint64_t>());
  }
  if (!row.ok()) return std::unexpected(Malformed());
  return out;
}

Result<Series<EdgeBucket>> Reader::EdgeSeries(const EdgeFilter& filter, TimeRange range,
                                              uint32_t step, uint32_t max_points) const {
  PANO_ASSIGN(const Resolution resolution,
              ResolutionOfSeries(range, step, max_points, NowSeconds(), retention_));
  Series<EdgeBucket> out{.range = resolution.range, .step = resolution.step, .buckets = {}};
  PANO_ASSIGN(out.buckets, ReadEdges(store_, resolution, filter));
  return out;
}

Result<Series<NodeBucket>> Reader::NodeSeries(std::optional<uint32_t> service, TimeRange range,
                                              uint32_t step, bool per_instance,
                                              uint32_t max_points) const {
  PANO_ASSIGN(const Resolution resolution,
              ResolutionOfSeries(range, step, max_points, NowSeconds(), retention_));
  Series<NodeBucket> out{.range = resolution.range, .step = resolution.step, .buckets = {}};
  PANO_ASSIGN(out.buckets, ReadNodes(store_, resolution, service, per_instance));
  return out;
}

Result<std::vector<EndpointTotals>> Reader::Endpoints(const EdgeFilter& filter, TimeRange range,
                                                      size_t limit) const {
  if (range.to <= range.from) return Fail(Code::kInvalid, "the range is empty");
  const Resolution resolution = ResolutionOfMap(range, NowSeconds(), retention_);
  const SqlOf sql(resolution, store_.dialect());
  const auto sum = [&](const char* column) { return sql.Value(column, false); };
  // The names are joined to the few rows left after the aggregation: always fresh, any engine.
  PANO_ASSIGN(
      const std::string bytes,
      Run(store_,
          fmt::format(
              "SELECT {0}, endpoint, name, v1, v2, v3, v4, v5, v6, v7, h FROM (SELECT {0}, "
              "endpoint, {1} AS v1, {2} AS v2, {3} AS v3, {4} AS v4, {5} AS v5, {6} AS v6, "
              "{7} AS v7, {8} AS h FROM {9} WHERE {10}{11} GROUP BY {0}, endpoint) AS totals "
              "ANY LEFT JOIN (SELECT id AS endpoint, name FROM endpoint_name FINAL) AS names "
              "USING endpoint",
              kPath, sum("request"), sum("response"), sum("client_error"), sum("server_error"),
              sum("timeout"), sum("rrt_sum"), sql.Value("rrt_max", true), sql.Histogram("rrt"),
              resolution.Table("endpoint"), sql.TimeCondition(), FilterCondition(filter))));
  std::map<std::pair<tag::EdgeId, bool>, std::vector<EndpointTotals>> by_view;
  RowReader row(bytes);
  while (!row.Done()) {
    const auto [edge, point] = ReadPath(row);
    EndpointTotals& totals = by_view[{edge, AtServer(point)}].emplace_back();
    totals.edge = edge;
    totals.endpoint = row.Number<uint32_t>();
    totals.name = row.Text();
    for (uint64_t* value :
         {&totals.request, &totals.response, &totals.client_error, &totals.server_error,
          &totals.timeout, &totals.rrt_sum, &totals.rrt_max}) {
      *value = row.Number<uint64_t>();
    }
    totals.rrt = row.Histogram();
  }
  if (!row.ok()) return std::unexpected(Malformed());
  std::vector<EndpointTotals> out;
  for (auto& [key, totals] : by_view) {
    const auto& [edge, at_server] = key;
    if (at_server && by_view.contains({edge, false})) continue;
    std::move(totals.begin(), totals.end(), std::back_inserter(out));
  }
  std::sort(out.begin(), out.end(), [](const EndpointTotals& a, const EndpointTotals& b) {
    return std::tie(b.request, a.edge, a.endpoint) < std::tie(a.request, b.edge, b.endpoint);
  });
  if (out.size() > limit) out.resize(limit);
  return out;
}

Result<std::vector<tag::EventRow>> Reader::Events(TimeRange range, size_t limit) const {
  const store::Dialect dialect = store_.dialect();
  PANO_ASSIGN(const std::string bytes,
              Run(store_, fmt::format("SELECT time, kind, service, instance, text FROM event "
                                      "WHERE time >= {} AND time < {} ORDER BY time DESC LIMIT {}",
                                      ExactTime(dialect, range.from), ExactTime(dialect, range.to),
                                      limit)));
  std::vector<tag::EventRow> out;
  RowReader row(bytes);
  while (!row.Done()) {
    tag::EventRow& event = out.emplace_back();
    event.time_ns = row.Number<uint64_t>() * 1'000;
    event.kind = static_cast<schema::EventKind>(row.Number<int8_t>());
    event.service = row.Number<uint32_t>();
    event.instance = row.Number<uint32_t>();
    event.text = row.Text();
  }
  if (!row.ok()) return std::unexpected(Malformed());
  std::reverse(out.begin(), out.end());
  return out;
}

Result<std::optional<TimeRange>> Reader::Stored() const {
  TimeRange range{UINT64_MAX, 0};
  for (const char* table : {"edge", "edge_1m"}) {
    PANO_ASSIGN(const std::string bytes,
                Run(store_, fmt::format("SELECT toUInt64(count()), toUInt32(min(time)), "
                                        "toUInt32(max(time)) FROM {}",
                                        table)));
    RowReader row(bytes);
    if (row.Number<uint64_t>() == 0) continue;
    range.from = std::min<uint64_t>(range.from, row.Number<uint32_t>());
    range.to = std::max<uint64_t>(range.to, row.Number<uint32_t>() + 1);
  }
  if (range.to == 0) return std::optional<TimeRange>();
  return std::optional(range);
}

Result<SqlResult> Reader::RunSql(const std::string& sql, const store::Params& params,
                                 const store::QueryLimits& limits) const {
  PANO_ASSIGN(const std::string guarded, GuardSql(sql));
  store::QueryLimits bounded = limits;
  bounded.read_only = true;
  const uint64_t begin = MonotonicNs();
  SqlResult out;
  PANO_ASSIGN(out.json, store_.Query(guarded, params, "JSONCompact", bounded));
  out.elapsed_s = static_cast<double>(MonotonicNs() - begin) / 1e9;
  return out;
}

}  // namespace pano::query
