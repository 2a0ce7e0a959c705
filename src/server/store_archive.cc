// SPDX-License-Identifier: Apache-2.0
#include "server/store_archive.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "server/api/json_writer.h"
#include "server/store/migrate.h"

namespace pano::server {
namespace {

live::SideWindow SideOf(const query::EdgeView& view) {
  return {view.seen(), view.values, view.rrt, view.rtt};
}

live::EdgeWindow WindowOf(const query::EdgeBucket& bucket, double seconds) {
  return {seconds, SideOf(bucket.client), SideOf(bucket.server)};
}

live::NodeWindow WindowOf(const query::NodeBucket& bucket) {
  return {static_cast<double>(bucket.seconds), bucket.values, 0};
}

}  // namespace

StoreArchive::StoreArchive(std::unique_ptr<store::Store> store, const store::Retention& retention,
                           live::LiveState& live)
    : retention_(retention),
      store_(std::move(store)),
      writer_(
          std::make_unique<store::Writer>(*store_, store::WriterOptions{.retention = retention})),
      reader_(*store_, retention),
      live_(live) {}

Result<std::unique_ptr<StoreArchive>> StoreArchive::Open(store::EmbeddedOptions options,
                                                         const store::Retention& retention,
                                                         live::LiveState& live) {
  PANO_ASSIGN(auto store, store::OpenEmbedded(std::move(options)));
  return std::unique_ptr<StoreArchive>(new StoreArchive(std::move(store), retention, live));
}

Result<tag::Dictionary> StoreArchive::LoadDictionaries() const {
  // The writer migrates with its first insert; names are read before it.
  PANO_TRY(store::Migrate(*store_, retention_));
  PANO_ASSIGN(query::Dictionaries kept, reader_.LoadDictionaries());
  return tag::Dictionary{std::move(kept.services), std::move(kept.instances),
                         std::move(kept.endpoints)};
}

Result<live::WindowSet> StoreArchive::Map(uint64_t from, uint64_t to) {
  PANO_ASSIGN(const query::MapRows rows, reader_.MapOver({from, to}));
  live::WindowSet out;
  out.from = rows.range.from;
  out.to = rows.range.to;
  out.losses = rows.losses;
  const auto seconds = static_cast<double>(rows.range.to - rows.range.from);
  for (const query::EdgeBucket& bucket : rows.edges) {
    out.edges.push_back(
        {live_.edge_directory().IdOf(bucket.edge), bucket.edge, WindowOf(bucket, seconds)});
  }
  std::map<uint32_t, live::NodeWindow> nodes;
  for (const query::NodeBucket& bucket : rows.nodes) {
    live::NodeWindow& node = nodes[bucket.service];
    node.AddInstance(bucket.values, node.seconds == 0);
    node.seconds = std::max(node.seconds, static_cast<double>(bucket.seconds));
    ++node.replicas;
  }
  for (const auto& [service, window] : nodes) out.nodes.push_back({service, window});
  return out;
}

Result<std::vector<api::Archive::EdgePoint>> StoreArchive::Points(const query::EdgeFilter& filter,
                                                                  uint64_t from, uint64_t to,
                                                                  uint32_t step) const {
  PANO_ASSIGN(const auto series, reader_.EdgeSeries(filter, {from, to}, step));
  std::vector<EdgePoint> out;
  out.reserve(series.buckets.size());
  for (const query::EdgeBucket& bucket : series.buckets) {
    out.push_back({bucket.time, bucket.edge, WindowOf(bucket, series.step)});
  }
  return out;
}

Result<std::vector<api::Archive::EdgePoint>> StoreArchive::Edges(
    const std::optional<tag::EdgeId>& edge, uint64_t from, uint64_t to, uint32_t step) {
  return Points({edge, std::nullopt, std::nullopt}, from, to, step);
}

Result<std::vector<api::Archive::EdgePoint>> StoreArchive::EdgesOf(uint32_t service, uint64_t from,
                                                                   uint64_t to, uint32_t step) {
  PANO_ASSIGN(auto into, Points({std::nullopt, std::nullopt, service}, from, to, step));
  if (!into.empty()) return into;
  return Points({std::nullopt, service, std::nullopt}, from, to, step);
}

Result<std::vector<api::Archive::NodePoint>> StoreArchive::Nodes(uint32_t service, uint64_t from,
                                                                 uint64_t to, uint32_t step) {
  PANO_ASSIGN(const auto series, reader_.NodeSeries(service, {from, to}, step));
  std::vector<NodePoint> out;
  out.reserve(series.buckets.size());
  for (const query::NodeBucket& bucket : series.buckets)
    out.push_back({bucket.time, WindowOf(bucket)});
  return out;
}

Result<std::vector<tag::EventRow>> StoreArchive::Events(uint64_t from, uint64_t to) {
  return reader_.Events({from, to});
}

Result<std::string> StoreArchive::Sql(const std::string& sql, const store::Params& params) {
  PANO_ASSIGN(const query::SqlResult result, reader_.RunSql(sql, params, {}));
  const auto answer = nlohmann::json::parse(result.json, nullptr, false);
  if (!answer.is_object() || !answer.contains("meta") || !answer.contains("data")) {
    return Fail(Code::kInternal, "the store's answer is not understood");
  }
  const auto& statistics = answer.value("statistics", nlohmann::json::object());
  api::JsonWriter out;
  out.BeginObject().Key("columns").Raw(answer["meta"].dump()).Key("rows");
  out.Raw(answer["data"].dump()).Key("elapsed_s").Exact(result.elapsed_s).Key("rows_read");
  out.Integer(statistics.value("rows_read", uint64_t{0})).EndObject();
  return out.Take();
}

}  // namespace pano::server
