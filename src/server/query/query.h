// SPDX-License-Identifier: Apache-2.0
// in: store::Store  out: typed rows of the past (map, series, events, names), results of free SQL
// The read side of the store. Thread safe; every call blocks on the engine and must not be made on
// the path from capture to live map. Times are unix seconds, ranges half open: [from, to).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/exp_histogram.h"
#include "base/result.h"
#include "schema/metric.h"
#include "server/store/ddl.h"
#include "server/store/store.h"
#include "server/tag/row.h"

namespace pano::query {

struct TimeRange {
  uint64_t from = 0;
  uint64_t to = 0;
};

// What one observation point saw of an edge in one bucket of time, all instances together.
// Counts are sums over the bucket (divide by its seconds for a rate), maxima are maxima, gauges
// (in_flight, flow_load) are means over the seconds it was seen.
struct EdgeView {
  uint32_t seconds = 0;  // of the bucket in which it was seen; 0: not seen at all
  schema::EdgeValues values{};
  ExpHistogram rrt;
  ExpHistogram rtt;
  bool seen() const { return seconds != 0; }
};

struct EdgeBucket {
  tag::EdgeId edge;
  uint64_t time = 0;  // the bucket's start
  EdgeView client;    // observation point c-p
  EdgeView server;    // s-p
  // One request is counted once: the client's view where there is one, else the server's.
  const EdgeView& preferred() const { return client.seen() ? client : server; }
};

struct NodeBucket {
  uint32_t service = 0;
  uint32_t instance = 0;  // 0: all instances of the service together
  uint64_t time = 0;
  uint32_t seconds = 0;
  schema::InstanceValues values{};  // sums over instances; over time as above, limits as gauges
};

// Which edges: all of those given must fit; nothing given is every edge.
struct EdgeFilter {
  std::optional<tag::EdgeId> edge{};
  std::optional<uint32_t> client_service{};
  std::optional<uint32_t> server_service{};
};

struct MapRows {
  TimeRange range;  // what was really covered: whole minutes when read from the 1 m tables
  std::vector<EdgeBucket> edges;                         // one bucket each, `time` = range.from
  std::vector<NodeBucket> nodes;                         // per instance
  std::vector<std::pair<std::string, uint64_t>> losses;  // by cause
};

template <typename Bucket>
struct Series {
  TimeRange range;              // widened to whole steps
  uint32_t step = 1;            // seconds
  std::vector<Bucket> buckets;  // by time; a bucket without rows is absent
};

struct EndpointTotals {
  tag::EdgeId edge;
  uint32_t endpoint = 0;
  std::string name;
  uint64_t request = 0, response = 0, client_error = 0, server_error = 0, timeout = 0;
  uint64_t rrt_sum = 0, rrt_max = 0;
  ExpHistogram rrt;
};

// Everything the tagger needs to keep ids stable across restarts.
struct Dictionaries {
  std::vector<tag::Service> services;
  std::vector<tag::Instance> instances;  // those seen last within the retention
  std::vector<std::pair<uint32_t, std::string>> endpoints;
};

struct SqlResult {
  std::string json;  // ClickHouse's JSONCompact: {"meta":[{"name","type"}],"data":[[…]],"rows":n,…}
  double elapsed_s = 0;
};

class Reader {
 public:
  // `retention` as the writer has it: tells which seconds still have 1 s rows.
  explicit Reader(store::Store& store, store::Retention retention = {})
      : store_(store), retention_(retention) {}

  Result<MapRows> MapOver(TimeRange range) const;
  // step 0: chosen so that at most max_points buckets come back.
  Result<Series<EdgeBucket>> EdgeSeries(const EdgeFilter& filter, TimeRange range, uint32_t step,
                                        uint32_t max_points = 1200) const;
  // All services when `service` is nothing; instances of a service folded together unless asked.
  Result<Series<NodeBucket>> NodeSeries(std::optional<uint32_t> service, TimeRange range,
                                        uint32_t step, bool per_instance = false,
                                        uint32_t max_points = 1200) const;
  // By requests, most first; the preferred observation point of each edge.
  Result<std::vector<EndpointTotals>> Endpoints(const EdgeFilter& filter, TimeRange range,
                                                size_t limit = 100) const;
  Result<std::vector<tag::EventRow>> Events(TimeRange range, size_t limit = 1000) const;

  // First and last second stored; nothing when the store is empty.
  Result<std::optional<TimeRange>> Stored() const;
  Result<Dictionaries> LoadDictionaries() const;

  // Small documents kept across restarts: "limits". Nothing when never saved.
  Result<std::optional<std::string>> LoadConfig(const std::string& key) const;
  Status SaveConfig(const std::string& key, const std::string& value) const;

  // One read-only statement of a user: no writes, no settings, no files, no network, bounded.
  Result<SqlResult> RunSql(const std::string& sql, const store::Params& params,
                           const store::QueryLimits& limits) const;

 private:
  store::Store& store_;
  store::Retention retention_;
};

}  // namespace pano::query
