// SPDX-License-Identifier: Apache-2.0
#include "server/api/map_json.h"

#include <span>

namespace pano::api {
namespace {

using analysis::Metric;
using live::MapEdge;
using live::MapNode;
using live::Standing;

void WriteTime(JsonWriter& out, uint64_t time) { time == 0 ? out.Null() : out.Integer(time); }

void WriteWorst(JsonWriter& out, const std::optional<analysis::Worst>& worst) {
  if (!worst) {
    out.Null();
    return;
  }
  out.BeginObject().Key("metric").Text(analysis::Name(worst->metric));
  out.Key("value").Number(worst->value).Key("limit").Number(worst->limit);
  out.Key("severity").Number(worst->severity).EndObject();
}

void WriteStanding(JsonWriter& out, const Standing& standing) {
  out.Key("state").Text(analysis::Name(standing.state)).Key("since");
  WriteTime(out, standing.since);
  out.Key("worst");
  WriteWorst(out, standing.worst);
}

void WriteSix(JsonWriter& out, const analysis::MetricValues& values, const Standing& standing) {
  out.Key("metrics").BeginObject();
  for (const Metric m : analysis::kAllMetrics) out.Key(analysis::Name(m)).Number(values[m]);
  out.EndObject().Key("states").BeginObject();
  for (const Metric m : analysis::kAllMetrics) {
    out.Key(analysis::Name(m)).Text(analysis::Name(standing.states[static_cast<size_t>(m)]));
  }
  out.EndObject();
}

template <typename Numbers>
void WriteDetails(JsonWriter& out, const Numbers& table, const std::vector<double>& values) {
  for (size_t i = 0; i < values.size(); ++i) out.Key(table[i].name).Number(values[i]);
}

void WriteRole(JsonWriter& out, analysis::Role role) {
  role == analysis::Role::kNone ? out.Null() : out.Text(analysis::Name(role));
}

void WriteNode(JsonWriter& out, const MapNode& node) {
  out.BeginObject().Key("id").Integer(node.id).Key("name").Text(node.name);
  out.Key("namespace").Text(node.name_space).Key("kind").Text(schema::Name(node.kind));
  out.Key("entry").Bool(node.entry).Key("instances").BeginArray();
  for (const live::MapInstance& i : node.instances) {
    out.BeginObject().Key("id").Integer(i.id).Key("name").Text(i.name);
    out.Key("pid").Integer(i.pid).Key("gone").Bool(i.gone).EndObject();
  }
  out.EndArray().Key("replicas").Integer(node.replicas);
  WriteStanding(out, node.standing);
  WriteSix(out, node.metrics, node.standing);
  out.Key("details").BeginObject();
  WriteDetails(out, live::EdgeDetails(), node.edge_details);
  WriteDetails(out, live::NodeNumbers(), node.node_details);
  out.EndObject().Key("role");
  WriteRole(out, node.role);
  out.EndObject();
}

void WriteCounts(JsonWriter& out, const live::EdgeCounts& c) {
  out.Key("counts").BeginObject();
  out.Key("request").Integer(c.request).Key("response").Integer(c.response);
  out.Key("client_error").Integer(c.client_error).Key("server_error").Integer(c.server_error);
  out.Key("timeout").Integer(c.timeout).Key("retrans_syn").Integer(c.retrans_syn);
  out.Key("retrans_synack").Integer(c.retrans_synack);
  out.Key("server_resets").Integer(c.server_resets).Key("client_resets").Integer(c.client_resets);
  out.Key("connect_failures").Integer(c.connect_failures);
  out.Key("accept_overflow").Integer(c.accept_overflow).EndObject();
}

void WriteEdge(JsonWriter& out, const MapEdge& edge, bool counts) {
  out.BeginObject().Key("id").Integer(edge.id);
  out.Key("client").Integer(edge.edge.client_service);
  out.Key("server").Integer(edge.edge.server_service);
  out.Key("port").Integer(edge.edge.server_port);
  out.Key("protocol").Text(schema::Name(edge.edge.l7_protocol));
  out.Key("transport").Text(schema::Name(edge.edge.l4_protocol));
  WriteStanding(out, edge.standing);
  WriteSix(out, edge.metrics, edge.standing);
  out.Key("details").BeginObject();
  WriteDetails(out, live::EdgeDetails(), edge.details);
  out.EndObject().Key("on_path").Bool(edge.on_path);
  if (counts) WriteCounts(out, edge.counts);
  out.EndObject();
}

void WriteLosses(JsonWriter& out, const live::MapView& map) {
  out.Key("losses").BeginObject();
  for (const auto& [cause, count] : map.losses) out.Key(cause).Integer(count);
  out.EndObject();
}

void WriteNames(JsonWriter& out, const std::vector<uint32_t>& ids, const live::Names& names) {
  out.BeginArray();
  for (const uint32_t id : ids) out.Text(names.ServiceName(id));
  out.EndArray();
}

void WriteTexts(JsonWriter& out, const std::vector<std::string>& texts) {
  out.BeginArray();
  for (const std::string& text : texts) out.Text(text);
  out.EndArray();
}

void WriteStep(JsonWriter& out, const analysis::Step& step, const live::Names& names) {
  out.BeginObject().Key("client").Text(names.ServiceName(step.client));
  out.Key("server").Text(names.ServiceName(step.server)).Key("edge").Integer(step.edge);
  out.Key("latency_us").Number(step.latency_us).Key("share").Number(step.share);
  out.Key("text").Text(step.text).EndObject();
}

void WriteCandidate(JsonWriter& out, const analysis::Candidate& c, const live::Names& names) {
  out.BeginObject().Key("service").Text(c.service).Key("id").Integer(c.node);
  out.Key("score").Number(c.score).Key("confidence").Number(c.confidence);
  out.Key("class").Text(analysis::Name(c.fault)).Key("evidence");
  WriteTexts(out, c.evidence);
  out.Key("path");
  WriteNames(out, c.path, names);
  out.EndObject();
}

void WriteDiagnosis(JsonWriter& out, const analysis::Diagnosis& d, const live::Names& names) {
  const bool found = d.verdict == analysis::Verdict::kBottleneck;
  out.BeginObject().Key("time").Integer(d.time).Key("bottleneck");
  found ? out.Text(d.bottleneck_service) : out.Null();
  out.Key("bottleneck_id");
  found ? out.Integer(d.bottleneck) : out.Null();
  out.Key("confidence").Number(d.confidence).Key("sentence").Text(d.sentence).Key("path");
  WriteNames(out, d.path, names);
  out.Key("path_ids").BeginArray();
  for (const uint32_t id : d.path) out.Integer(id);
  out.EndArray().Key("steps").BeginArray();
  for (const analysis::Step& step : d.steps) WriteStep(out, step, names);
  out.EndArray().Key("evidence");
  WriteTexts(out, d.evidence);
  out.Key("candidates").BeginArray();
  for (const analysis::Candidate& c : d.candidates) WriteCandidate(out, c, names);
  out.EndArray().Key("next");
  if (d.next.empty()) {
    out.Null();
  } else {
    out.BeginObject().Key("service").Text(d.next.front().service);
    out.Key("text").Text(d.next.front().text).EndObject();
  }
  out.Key("demand").BeginObject().Key("offered").Number(d.demand.offered);
  out.Key("accepted").Number(d.demand.accepted).Key("text").Text(d.demand.text).EndObject();
  out.Key("status").Text(analysis::Name(d.verdict)).EndObject();
}

template <typename Items, typename Write>
void WriteColumn(JsonWriter& out, std::string_view name, const Items& items, Write write) {
  out.Key(name).BeginArray();
  for (const auto& item : items) write(item);
  out.EndArray();
}

// The columns nodes and edges share.
template <typename Items>
void WriteMeasuredColumns(JsonWriter& out, const Items& items) {
  WriteColumn(out, "id", items, [&](const auto& i) { out.Integer(i.id); });
  WriteColumn(out, "state", items,
              [&](const auto& i) { out.Text(analysis::Name(i.standing.state)); });
  WriteColumn(out, "since", items, [&](const auto& i) { WriteTime(out, i.standing.since); });
  WriteColumn(out, "worst", items, [&](const auto& i) { WriteWorst(out, i.standing.worst); });
  out.Key("metrics").BeginObject();
  for (const Metric m : analysis::kAllMetrics) {
    WriteColumn(out, analysis::Name(m), items, [&](const auto& i) { out.Number(i.metrics[m]); });
  }
  out.EndObject().Key("states").BeginObject();
  for (const Metric m : analysis::kAllMetrics) {
    WriteColumn(out, analysis::Name(m), items, [&](const auto& i) {
      out.Text(analysis::Name(i.standing.states[static_cast<size_t>(m)]));
    });
  }
  out.EndObject();
}

template <typename Items, typename Numbers>
void WriteDetailColumns(JsonWriter& out, const Items& items, const Numbers& table,
                        std::vector<double> Items::value_type::* details) {
  for (size_t at = 0; at < table.size(); ++at) {
    WriteColumn(out, table[at].name, items, [&](const auto& i) { out.Number((i.*details)[at]); });
  }
}

}  // namespace

void WriteEvent(JsonWriter& out, const live::MapEvent& event) {
  const uint64_t milliseconds = event.row.time_ns / 1'000'000;
  out.BeginObject().Key("time").Exact(static_cast<double>(milliseconds) / 1e3);
  out.Key("kind").Text(schema::Name(event.row.kind)).Key("service").Text(event.service);
  out.Key("service_id");
  event.row.service == 0 ? out.Null() : out.Integer(event.row.service);
  out.Key("instance").Text(event.instance).Key("text").Text(event.row.text).EndObject();
}

std::string DiagnosisJson(const analysis::Diagnosis& verdict, const live::Names& names) {
  JsonWriter out;
  WriteDiagnosis(out, verdict, names);
  return out.Take();
}

std::string MapJson(const live::MapView& map, bool counts) {
  JsonWriter out;
  out.Reserve(4096 + map.edges.size() * 1400 + map.nodes.size() * 1800);
  out.BeginObject().Key("time").Integer(map.time).Key("from").Integer(map.from);
  out.Key("to").Integer(map.to).Key("live").Bool(map.live).Key("topology").Integer(map.topology);
  out.Key("nodes").BeginArray();
  for (const MapNode& node : map.nodes) WriteNode(out, node);
  out.EndArray().Key("edges").BeginArray();
  for (const MapEdge& edge : map.edges) WriteEdge(out, edge, counts);
  out.EndArray().Key("verdict");
  WriteDiagnosis(out, *map.verdict, *map.names);
  WriteLosses(out, map);
  out.Key("stage").Text(map.stage).Key("tier").Text(map.tier).EndObject();
  return out.Take();
}

std::string TickJson(const live::MapView& map) {
  JsonWriter out;
  out.Reserve(2048 + map.edges.size() * 700 + map.nodes.size() * 900);
  out.BeginObject().Key("time").Integer(map.time).Key("topology").Integer(map.topology);
  out.Key("edges").BeginObject();
  WriteMeasuredColumns(out, map.edges);
  WriteColumn(out, "on_path", map.edges, [&](const MapEdge& e) { out.Bool(e.on_path); });
  out.Key("details").BeginObject();
  WriteDetailColumns(out, map.edges, live::EdgeDetails(), &MapEdge::details);
  out.EndObject().EndObject().Key("nodes").BeginObject();
  WriteMeasuredColumns(out, map.nodes);
  WriteColumn(out, "role", map.nodes, [&](const MapNode& n) { WriteRole(out, n.role); });
  WriteColumn(out, "replicas", map.nodes, [&](const MapNode& n) { out.Integer(n.replicas); });
  out.Key("details").BeginObject();
  WriteDetailColumns(out, map.nodes, live::EdgeDetails(), &MapNode::edge_details);
  WriteDetailColumns(out, map.nodes, live::NodeNumbers(), &MapNode::node_details);
  out.EndObject().EndObject().Key("verdict");
  WriteDiagnosis(out, *map.verdict, *map.names);
  WriteLosses(out, map);
  out.Key("stage").Text(map.stage).Key("tier").Text(map.tier);
  out.Key("events").BeginArray();
  for (const live::MapEvent& event : map.events) WriteEvent(out, event);
  out.EndArray().EndObject();
  return out.Take();
}

}  // namespace pano::api
