// SPDX-License-Identifier: Apache-2.0
#include "server/run/run_parse.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "server/run/bucket_codec.h"
#include "server/run/run_frame.h"
#include "server/run/run_json.h"

namespace pano::run {
namespace {

using nlohmann::json;

constexpr uint64_t kMaxTotalRaw = uint64_t{512} << 20;
constexpr size_t kMaxNodes = 10'000;
constexpr size_t kMaxEdges = 20'000;
constexpr size_t kMaxInstances = 200;

// What frames say, one after the other; the later of two wins.
class Reader {
 public:
  Reader() { order_ = MetricOrder::Own(); }

  Status Take(const FrameHeader& header, Bytes packed) {
    total_ += header.raw;
    if (total_ > kMaxTotalRaw) return Fail(Code::kExhausted, "the run is too large");
    PANO_ASSIGN(const std::string raw, Unpack(header, packed));
    switch (static_cast<FrameType>(header.type)) {
      case FrameType::kMetrics:
        return TakeMetrics(raw);
      case FrameType::kNames:
        return TakeNames(raw);
      case FrameType::kBuckets:
        return TakeBuckets(raw);
      case FrameType::kInfo:
        return TakeInfo(raw);
      case FrameType::kSummary:
        return TakeSummary(raw);
    }
    return {};  // of a later version: left out
  }

  Result<ReadRun> Finish() {
    if (!info_ || !named_) return Fail(Code::kInvalid, "the run's description is missing");
    for (const PackedBucket& b : buckets_) {
      if (b.seconds > bucket_seconds_) return Fail(Code::kInvalid, "a bucket is too long");
    }
    ReadRun out;
    if (!summary_) summary_ = RunSummary{};
    summary_->id = info_->id;
    out.summary = std::move(*summary_);
    out.snapshot = std::make_shared<const Snapshot>(
        std::move(*info_), std::make_shared<const live::Names>(std::move(names_)),
        std::move(edges_), std::move(buckets_), bucket_seconds_);
    return out;
  }

 private:
  static Result<json> Parse(const std::string& raw) {
    json document = json::parse(raw, nullptr, false);
    if (!document.is_object()) return Fail(Code::kInvalid, "a description is no JSON object");
    return document;
  }

  static void Order(const json& names, auto by_name, std::array<int8_t, 64>& order) {
    order.fill(-1);
    for (size_t i = 0; names.is_array() && i < std::min<size_t>(names.size(), 64); ++i) {
      if (!names[i].is_string()) continue;
      const auto metric = by_name(names[i].get<std::string>());
      if (metric) order[i] = static_cast<int8_t>(*metric);
    }
  }

  Status TakeMetrics(const std::string& raw) {
    PANO_ASSIGN(const json document, Parse(raw));
    Order(document.value("edge", json()), schema::EdgeMetricByName, order_.edge);
    Order(document.value("instance", json()), schema::InstanceMetricByName, order_.instance);
    return {};
  }

  template <typename T>
  static bool Whole(const json& value, T& out, uint64_t most) {
    if (!value.is_number_unsigned() || value.get<uint64_t>() > most) return false;
    out = static_cast<T>(value.get<uint64_t>());
    return true;
  }

  Status TakeNames(const std::string& raw) {
    PANO_ASSIGN(const json document, Parse(raw));
    names_ = {};
    edges_.clear();
    if (!Whole(document.value("bucket_seconds", json()), bucket_seconds_, 1u << 20) ||
        bucket_seconds_ == 0) {
      return Fail(Code::kInvalid, "bucket_seconds: 1 or more");
    }
    const json nodes = document.value("nodes", json());
    const json edges = document.value("edges", json());
    if (!nodes.is_array() || !edges.is_array() || nodes.size() > kMaxNodes ||
        edges.size() > kMaxEdges) {
      return Fail(Code::kInvalid, "nodes and edges: lists of at most {} and {}", kMaxNodes,
                  kMaxEdges);
    }
    for (const json& n : nodes) PANO_TRY(TakeNode(n));
    for (const json& e : edges) PANO_TRY(TakeEdge(e));
    named_ = true;
    return {};
  }

  Status TakeNode(const json& n) {
    tag::Service s;
    uint8_t kind = 0;
    if (!n.is_array() || n.size() < 5 || !Whole(n[0], s.id, UINT32_MAX) || s.id == 0 ||
        !n[1].is_string() || !n[2].is_string() || !Whole(n[3], kind, 255)) {
      return Fail(Code::kInvalid, "nodes: one is malformed");
    }
    s.name = CleanText(n[1].get_ref<const std::string&>(), kMaxName);
    s.name_space = CleanText(n[2].get_ref<const std::string&>(), kMaxName);
    constexpr auto kLast = static_cast<uint8_t>(schema::NodeKind::kDns);
    s.kind = static_cast<schema::NodeKind>(kind <= kLast ? kind : 0);
    for (const json& i : n[4]) {
      live::MapInstance instance;
      if (!i.is_array() || i.size() < 4 || !Whole(i[0], instance.id, UINT32_MAX) ||
          !i[1].is_string() || !Whole(i[2], instance.pid, UINT32_MAX) ||
          !Whole(i[3], instance.gone_since, UINT64_MAX)) {
        return Fail(Code::kInvalid, "instances: one is malformed");
      }
      instance.name = CleanText(i[1].get_ref<const std::string&>(), kMaxName);
      instance.gone = instance.gone_since != 0;
      if (names_.instances[s.id].size() < kMaxInstances) {
        names_.instances[s.id].push_back(std::move(instance));
      }
    }
    names_.services[s.id] = std::move(s);
    return {};
  }

  Status TakeEdge(const json& e) {
    live::EdgeEntry entry;
    uint8_t l7 = 0;
    uint8_t l4 = 0;
    tag::EdgeId& edge = entry.edge;
    if (!e.is_array() || e.size() < 6 || !Whole(e[0], entry.id, UINT32_MAX) ||
        !Whole(e[1], edge.client_service, UINT32_MAX) ||
        !Whole(e[2], edge.server_service, UINT32_MAX) ||
        !Whole(e[3], edge.server_port, UINT16_MAX) || !Whole(e[4], l7, 255) ||
        !Whole(e[5], l4, 255) || !names_.services.contains(edge.client_service) ||
        !names_.services.contains(edge.server_service)) {
      return Fail(Code::kInvalid, "edges: one is malformed");
    }
    edge.l7_protocol = static_cast<schema::L7Protocol>(l7);
    if (schema::Name(edge.l7_protocol).empty()) edge.l7_protocol = schema::L7Protocol::kUnknown;
    edge.l4_protocol = l4 == 17 ? schema::L4Protocol::kUdp : schema::L4Protocol::kTcp;
    edges_.push_back(std::move(entry));
    return {};
  }

  // Written again in the order this binary has its metrics in, and known to be whole from here on.
  Status TakeBuckets(const std::string& raw) {
    Cursor in(AsBytes(raw));
    while (in.remaining() > 0) {
      PackedBucket b;
      b.from = in.Little<uint64_t>();
      b.seconds = in.Little<uint32_t>();
      b.watched = in.Little<uint32_t>();
      const uint8_t state = in.U8();
      b.bottleneck = in.Little<uint32_t>();
      const Bytes data = in.Take(in.Little<uint32_t>());
      constexpr auto kLast = static_cast<uint8_t>(analysis::State::kIdle);
      if (in.failed() || b.seconds == 0 || b.seconds > 1u << 20 || b.watched > b.seconds ||
          b.from > uint64_t{1} << 40 || state > kLast) {
        return Fail(Code::kInvalid, "a bucket is malformed");
      }
      b.state = static_cast<analysis::State>(state);
      PANO_ASSIGN(const live::WindowSet window, UnpackBucket(data, order_));
      b.data = std::make_shared<const std::string>(PackBucket(window));
      PANO_TRY(AddBucket(std::move(b)));
    }
    return {};
  }

  // What could still change when it was written comes again.
  Status AddBucket(PackedBucket b) {
    while (!buckets_.empty() && buckets_.back().from >= b.from) buckets_.pop_back();
    if (!buckets_.empty() && buckets_.back().from + buckets_.back().seconds != b.from) {
      return Fail(Code::kInvalid, "buckets are not in a row");
    }
    if (buckets_.size() >= kMaxBuckets + 1) return Fail(Code::kInvalid, "too many buckets");
    buckets_.push_back(std::move(b));
    return {};
  }

  Status TakeInfo(const std::string& raw) {
    PANO_ASSIGN(const json document, Parse(raw));
    PANO_ASSIGN(info_, InfoFromJson(document));
    return {};
  }

  Status TakeSummary(const std::string& raw) {
    PANO_ASSIGN(const json document, Parse(raw));
    PANO_ASSIGN(summary_, SummaryFromJson(document));
    return {};
  }

  MetricOrder order_;
  uint64_t total_ = 0;
  bool named_ = false;
  uint32_t bucket_seconds_ = 1;
  live::Names names_;
  std::vector<live::EdgeEntry> edges_;
  std::vector<PackedBucket> buckets_;
  std::optional<RunInfo> info_;
  std::optional<RunSummary> summary_;
};

}  // namespace

Result<ReadRun> ParseRun(Bytes file) {
  Cursor in(file);
  PANO_TRY(TakeFileHead(in));
  Reader reader;
  uint64_t valid = in.position();
  bool torn = false;
  while (in.remaining() > 0) {
    FrameHeader header;
    Bytes packed;
    if (!TakeFrame(in, header, packed)) {
      torn = true;
      break;
    }
    PANO_TRY(reader.Take(header, packed));
    valid = in.position();
  }
  PANO_ASSIGN(ReadRun out, reader.Finish());
  out.valid_bytes = valid;
  out.torn = torn;
  out.summary.bytes = file.size();
  return out;
}

}  // namespace pano::run
