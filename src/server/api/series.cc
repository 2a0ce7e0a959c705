// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "server/analysis/input.h"
#include "server/api/json_writer.h"
#include "server/api/resources.h"

namespace pano::api {
namespace {

using live::EdgeNumber;
using live::EdgeWindow;
using live::NodeNumber;
using live::NodeWindow;

constexpr uint64_t kMaxPoints = 1200;
constexpr size_t kMaxMetrics = 64;
constexpr std::string_view kDefaultMetrics =
    "traffic,request_rate,errors,latency,connect_latency,connect_failures,retrans_syn,"
    "server_resets,in_flight,cpu_throttled";

struct Asked {
  AskedRange range;
  uint32_t step = 1;
  std::optional<tag::EdgeId> edge;
  uint32_t edge_number = 0;
  uint32_t service = 0;  // whose saturation is told; the server of an edge
  std::vector<std::string> metrics;
};

struct Point {
  EdgeWindow edge;
  NodeWindow node;
};
using Points = std::map<uint64_t, Point>;  // by bucket start

uint64_t BucketOf(const Asked& asked, uint64_t time) {
  return asked.range.from + (time - asked.range.from) / asked.step * asked.step;
}

// The edges a node's numbers come from: those into it, else those out of it.
std::vector<uint32_t> EdgesOfNode(const live::LiveState& live,
                                  const std::vector<live::SecondPtr>& seconds, uint32_t service) {
  std::map<uint32_t, bool> ids;
  for (const live::SecondPtr& s : seconds) {
    for (const uint32_t id : s->EdgeIds()) ids[id] = true;
  }
  std::vector<uint32_t> into;
  std::vector<uint32_t> out;
  for (const auto& [id, unused] : ids) {
    const auto edge = live.edge_directory().Find(id);
    if (!edge) continue;
    if (edge->server_service == service) into.push_back(id);
    if (edge->client_service == service) out.push_back(id);
  }
  return into.empty() ? out : into;
}

void AddFromMemory(const live::LiveState& live, const Asked& asked, uint64_t from, Points& points) {
  const std::vector<live::SecondPtr> all = live.Seconds(from, asked.range.to);
  const std::vector<uint32_t> edges =
      asked.edge ? std::vector<uint32_t>{asked.edge_number} : EdgesOfNode(live, all, asked.service);
  for (size_t i = 0; i < all.size();) {
    const uint64_t bucket = BucketOf(asked, all[i]->second());
    std::vector<live::SecondPtr> seconds;
    for (; i < all.size() && BucketOf(asked, all[i]->second()) == bucket; ++i) {
      seconds.push_back(all[i]);
    }
    Point& point = points[bucket];
    for (const uint32_t id : edges) point.edge.AddAcross(live::CollectEdge(seconds, id));
    if (asked.edge) point.edge = live::CollectEdge(seconds, asked.edge_number);
    NodeWindow one;
    for (const live::SecondPtr& s : seconds) {
      if (s->Node(asked.service, one)) point.node.AddLater(one);
    }
  }
}

Status AddFromArchive(Archive& archive, const Asked& asked, uint64_t to, Points& points) {
  const uint64_t from = asked.range.from;
  auto edges = asked.edge ? archive.Edges(asked.edge, from, to, asked.step)
                          : archive.EdgesOf(asked.service, from, to, asked.step);
  if (!edges) return std::unexpected(std::move(edges).error());
  for (const Archive::EdgePoint& p : *edges) {
    if (p.time < from || p.time >= to) continue;
    Point& point = points[BucketOf(asked, p.time)];
    asked.edge ? void(point.edge = p.window) : point.edge.AddAcross(p.window);
  }
  PANO_ASSIGN(const auto nodes, archive.Nodes(asked.service, from, to, asked.step));
  for (const Archive::NodePoint& p : nodes) {
    if (p.time >= from && p.time < to) points[BucketOf(asked, p.time)].node.AddLater(p.window);
  }
  return {};
}

std::vector<std::string> Split(std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), one.size() + 1));
    if (!one.empty()) out.emplace_back(one);
  }
  return out;
}

Status TakeSubject(const Context& context, const Request& request, Asked& asked) {
  PANO_ASSIGN(const double edge, request.Number("edge", 0));
  PANO_ASSIGN(const double node, request.Number("node", 0));
  if ((edge > 0) == (node > 0) || edge > 4e9 || node > 4e9) {
    return Fail(Code::kInvalid, "either edge=ID or node=ID");
  }
  if (edge > 0) {
    asked.edge_number = static_cast<uint32_t>(edge);
    asked.edge = context.live->edge_directory().Find(asked.edge_number);
    if (!asked.edge) return Fail(Code::kNotFound, "there is no edge {}", asked.edge_number);
    asked.service = asked.edge->server_service;
  } else {
    asked.service = static_cast<uint32_t>(node);
    if (!context.live->names()->services.contains(asked.service)) {
      return Fail(Code::kNotFound, "there is no node {}", asked.service);
    }
  }
  return {};
}

Result<Asked> Parse(const Context& context, const Request& request) {
  Asked asked;
  PANO_TRY(TakeSubject(context, request, asked));
  PANO_ASSIGN(asked.range, RangeOf(context, request, 600));
  PANO_ASSIGN(const double step, request.Number("step", 0));
  const uint64_t span = asked.range.to - asked.range.from;
  const uint64_t least = (span + kMaxPoints - 1) / kMaxPoints;
  if (step < 0 || step > 1e6) return Fail(Code::kInvalid, "step: whole seconds");
  asked.step = static_cast<uint32_t>(std::max<uint64_t>({least, static_cast<uint64_t>(step), 1}));
  if (span > 10ull * 366 * 86400) return Fail(Code::kInvalid, "the range is too long");
  asked.metrics = Split(request.Query("metrics").value_or(std::string(kDefaultMetrics)));
  if (asked.metrics.size() > kMaxMetrics) return Fail(Code::kInvalid, "too many metrics");
  for (const std::string& name : asked.metrics) {
    if (live::FindEdgeNumber(name) == nullptr && live::FindNodeNumber(name) == nullptr) {
      return Fail(Code::kInvalid, "there is no metric \"{}\"", name.substr(0, 60));
    }
  }
  return asked;
}

void WriteLimits(JsonWriter& out, const Context& context, const Asked& asked) {
  const auto names = context.live->names();
  const auto limits = context.live->limits();
  const analysis::LimitSet set =
      asked.edge ? limits->ForEdge(names->ServiceName(asked.edge->client_service),
                                   names->ServiceName(asked.edge->server_service))
                 : limits->ForNode(names->ServiceName(asked.service));
  out.Key("limits").BeginObject();
  for (const std::string& name : asked.metrics) {
    const auto metric = analysis::MetricByName(name);
    if (metric && set[*metric]) out.Key(name).Number(*set[*metric]);
  }
  out.EndObject();
}

}  // namespace

Response GetSeries(Context& context, const Request& request) {
  const auto asked = Parse(context, request);
  if (!asked) return ErrorResponse(asked.error());
  const auto [begin, end] = context.live->Span();
  Points points;
  uint64_t memory_from = asked->range.from;
  if (asked->range.from < begin || begin == end) {
    // Whole buckets from the store up to where memory takes over.
    const uint64_t split = std::min(asked->range.to, begin == end ? asked->range.to : begin);
    memory_from = split;
    if (context.archive != nullptr) {
      if (split > asked->range.from && (split - asked->range.from) % asked->step != 0) {
        memory_from = BucketOf(*asked, split) + asked->step;
      }
      const Status status = AddFromArchive(*context.archive, *asked, memory_from, points);
      // A store in trouble must not hide what memory knows.
      if (!status && memory_from >= asked->range.to) return ErrorResponse(status.error());
    }
  }
  if (memory_from < asked->range.to) AddFromMemory(*context.live, *asked, memory_from, points);

  const bool counts = !asked->edge || analysis::LatencyCounts(asked->edge->l7_protocol);
  JsonWriter out;
  out.BeginObject().Key("from").Integer(asked->range.from).Key("to").Integer(asked->range.to);
  out.Key("step").Integer(asked->step).Key("times").BeginArray();
  for (uint64_t t = asked->range.from; t < asked->range.to; t += asked->step) out.Integer(t);
  out.EndArray().Key("series").BeginObject();
  for (const std::string& name : asked->metrics) {
    const EdgeNumber* edge = live::FindEdgeNumber(name);
    const NodeNumber* node = live::FindNodeNumber(name);
    out.Key(name).BeginArray();
    for (uint64_t t = asked->range.from; t < asked->range.to; t += asked->step) {
      const auto at = points.find(t);
      if (at == points.end()) {
        out.Null();
      } else {
        out.Number(edge != nullptr ? edge->value(at->second.edge, counts)
                                   : node->value(at->second.node));
      }
    }
    out.EndArray();
  }
  out.EndObject();
  WriteLimits(out, context, *asked);
  out.EndObject();
  return JsonResponse(out.Take());
}

}  // namespace pano::api
