// SPDX-License-Identifier: Apache-2.0
#include "schema/table.h"

#include <algorithm>
#include <array>

#include "schema/tag.h"

namespace pano::schema {
namespace {

using enum ColumnType;

constexpr Column Key(std::string_view name, ColumnType type, std::string_view doc) {
  return {.name = name, .type = type, .role = Role::kKey, .doc = doc};
}
constexpr Column Text(std::string_view name, ColumnType type, std::string_view doc) {
  return {.name = name, .type = type, .role = Role::kText, .doc = doc};
}
constexpr Column Metric(std::string_view name, ColumnType type, Unit unit, std::string_view doc,
                        Fold fold = Fold::kSum) {
  return {
      .name = name, .type = type, .role = Role::kMetric, .unit = unit, .fold = fold, .doc = doc};
}

constexpr Column kSecondTime{
    .name = "time", .type = kSecond, .role = Role::kTime, .doc = "whole second, UTC"};
constexpr Column kExactTime{
    .name = "time", .type = kMicrosecond, .role = Role::kTime, .doc = "UTC, microseconds"};

constexpr std::array kPathKeys{
    Key("server_service", kUInt32, "service that is called: service_name.id"),
    Key("client_service", kUInt32, "service that calls: service_name.id"),
    Key("server_port", kUInt16, "port the server listens on"),
    Key("l7_protocol", ColumnType::kL7Protocol, "application protocol"),
    Key("l4_protocol", ColumnType::kL4Protocol, "transport protocol"),
};
constexpr auto kPoint = Key("observation_point", ColumnType::kObservationPoint,
                            "where it was seen: c-p client process, s-p server process");
constexpr std::array kEdgeInstances{
    Key("server_instance", kUInt32, "instance that is called: instance_name.id; 0 unknown"),
    Key("client_instance", kUInt32, "instance that calls: instance_name.id; 0 unknown"),
};
constexpr auto kRrt = Metric("rrt", kHistogram, Unit::kMicrosecond,
                             "response latency: base-2 histogram, 8 buckets per doubling");
constexpr auto kRtt = Metric("rtt", kHistogram, Unit::kMicrosecond,
                             "TCP connect latency: base-2 histogram, 8 buckets per doubling");

constexpr std::array kEndpointColumns{
    kSecondTime,
    kPathKeys[0],
    kPathKeys[1],
    kPathKeys[2],
    kPathKeys[3],
    kPathKeys[4],
    kPoint,
    Key("endpoint", kUInt32, "what was asked for: endpoint_name.id"),
    Metric("request", kUInt32, Unit::kCount, "requests"),
    Metric("response", kUInt32, Unit::kCount, "responses"),
    Metric("client_error", kUInt32, Unit::kCount, "responses that blame the client"),
    Metric("server_error", kUInt32, Unit::kCount, "responses that blame the server"),
    Metric("timeout", kUInt32, Unit::kCount, "requests unanswered past the timeout limit"),
    Metric("rrt_sum", kUInt64, Unit::kMicrosecond, "response latency, sum"),
    Metric("rrt_max", kUInt64, Unit::kMicrosecond, "response latency, largest", Fold::kMax),
    kRrt,
};

constexpr std::array kRequestColumns{
    kExactTime,
    kPathKeys[0],
    kPathKeys[1],
    kPathKeys[2],
    kPathKeys[3],
    kPathKeys[4],
    kPoint,
    Text("client_ip", kIp, "address of the client"),
    Text("client_port", kUInt16, "port of the client"),
    Text("server_ip", kIp, "address of the server"),
    Text("version", kLowCardinality, "version of the protocol"),
    Text("request_type", kLowCardinality, "GET, HGET, SELECT, Produce"),
    Text("request_domain", kLowCardinality, "host or database"),
    Text("request_resource", kString, "path, statement (obfuscated), key, topic"),
    Text("endpoint", kLowCardinality, "request_resource with its varying parts replaced"),
    Text("request_id", kString, "id in the protocol, where it has one"),
    Text("request_length", kUInt64, "bytes of the request"),
    Text("response_length", kUInt64, "bytes of the response"),
    Text("response_status", ColumnType::kResponseStatus, "what became of it"),
    Text("response_code", kInt32, "code in the protocol"),
    Text("response_exception", kString, "error text of the server"),
    Text("response_result", kString, "result, where it is short"),
    Text("rrt", kUInt64, "response latency, microseconds"),
    Text("trace_id", kString, "W3C or B3 trace id"),
    Text("span_id", kString, "span id of the caller"),
    Text("parent_span_id", kString, "parent of span_id"),
    Text("x_request_id", kString, "request id set by a proxy"),
};

constexpr std::array kEventColumns{
    kExactTime,
    Text("kind", ColumnType::kEventKind, "what happened"),
    Text("service", kUInt32, "service_name.id; 0 none"),
    Text("instance", kUInt32, "instance_name.id; 0 none"),
    Text("text", kString, "in words"),
};

constexpr std::array kLossColumns{
    kSecondTime,
    Key("agent", kLowCardinality, "who lost it"),
    Key("cause", kLowCardinality, "why"),
    Metric("count", kUInt64, Unit::kCount, "events lost"),
};

constexpr std::array kAgentHealthColumns{
    kSecondTime,
    Key("agent", kLowCardinality, "the agent"),
    Text("tier", kLowCardinality, "capture tier"),
    Text("stage", kLowCardinality, "degradation stage; full is none"),
    Metric("cpu", kUInt64, Unit::kMicrosecond, "CPU time used"),
    Metric("memory", kUInt64, Unit::kByte, "resident memory", Fold::kGauge),
    Metric("events", kUInt64, Unit::kCount, "events captured"),
    Metric("connections", kUInt64, Unit::kCount, "connections followed", Fold::kGauge),
};

constexpr auto kId = Key("id", kUInt32, "stable across restarts");
constexpr auto kUpdated = Text("updated", kUInt64, "the row with the largest is the truth");

constexpr std::array kServiceNameColumns{
    kId,
    Text("name", kString, "name of the service"),
    Text("namespace", kString, "Kubernetes namespace or the like"),
    Text("kind", ColumnType::kNodeKind, "what it is"),
    kUpdated,
};

constexpr std::array kInstanceNameColumns{
    kId,
    Text("service", kUInt32, "service_name.id"),
    Text("name", kString, "pod, container or process"),
    Text("agent", kString, "agent of its host"),
    Text("agent_instance", kUInt32, "the agent's own id for it"),
    Text("service_name", kString, "service as the agent named it"),
    Text("name_source", kString, "the rule that named it"),
    Text("namespace", kString, "Kubernetes namespace or the like"),
    Text("container_id", kString, "container id"),
    Text("pod_uid", kString, "pod uid"),
    Text("executable", kString, "path of the executable"),
    Text("command", kString, "first words of the command line"),
    Text("cgroup", kString, "path below the hierarchy root"),
    Text("pid", kUInt32, "its leader"),
    Text("netns", kUInt32, "network namespace, inode number"),
    Text("addresses", kIpArray, "its addresses"),
    Text("kind", ColumnType::kNodeKind, "what it is"),
    Text("start_time", kUInt64, "nanoseconds since 1970"),
    Text("first_second", kUInt64, "valid from, unix seconds"),
    Text("last_second", kUInt64, "valid to, unix seconds; of one still there: last written"),
    Text("gone", kUInt8, "1: it ended"),
    kUpdated,
};

constexpr std::array kEndpointNameColumns{
    kId,
    Text("name", kString, "GET /api/products/{id}"),
    kUpdated,
};

constexpr std::array kRunColumns{
    Key("id", kString, "id of the load-test run"),
    Text("name", kString, "its name"),
    Text("start", kUInt64, "unix seconds"),
    Text("end", kUInt64, "unix seconds; 0 while it runs"),
    Text("document", kString, "steps, marks, objectives and verdict, as JSON"),
    kUpdated,
};

constexpr std::array kConfigColumns{
    Key("key", kString, "name of the document"),
    Text("value", kString, "the document"),
    kUpdated,
};

ColumnType TypeOf(Unit unit) { return unit == Unit::kCount ? kUInt32 : kUInt64; }

template <typename Metrics>
void AppendMetrics(std::vector<Column>& columns, const Metrics& metrics) {
  for (const MetricInfo& m : metrics) {
    columns.push_back(Metric(m.name, TypeOf(m.unit), m.unit, m.doc, m.fold));
  }
}

std::vector<Column> EdgeColumns() {
  std::vector<Column> columns{kSecondTime};
  columns.insert(columns.end(), kPathKeys.begin(), kPathKeys.end());
  columns.insert(columns.end(), kEdgeInstances.begin(), kEdgeInstances.end());
  columns.push_back(kPoint);
  AppendMetrics(columns, EdgeMetricTable());
  columns.push_back(kRrt);
  columns.push_back(kRtt);
  return columns;
}

std::vector<Column> InstanceColumns() {
  std::vector<Column> columns{kSecondTime, Key("service", kUInt32, "service_name.id"),
                              Key("instance", kUInt32, "instance_name.id")};
  AppendMetrics(columns, InstanceMetricTable());
  return columns;
}

// The five-minute bucket first: "the last minutes" read little, one service's hour stays together.
constexpr std::string_view kEdgeOrder =
    "toStartOfFiveMinute(time), server_service, client_service, server_port, l7_protocol, "
    "l4_protocol, server_instance, client_instance, observation_point, time";
constexpr std::string_view kEndpointOrder =
    "toStartOfFiveMinute(time), server_service, client_service, server_port, l7_protocol, "
    "l4_protocol, observation_point, endpoint, time";
constexpr std::string_view kPathPrimary =
    "toStartOfFiveMinute(time), server_service, client_service";

std::array<Table, kTables> MakeTables() {
  static const std::vector<Column> kEdge = EdgeColumns();
  static const std::vector<Column> kInstance = InstanceColumns();
  return {{
      {.id = TableId::kEdge,
       .name = "edge",
       .doc = "who called whom, per second and observation point",
       .columns = kEdge,
       .order_by = kEdgeOrder,
       .primary_key = kPathPrimary,
       .partition = Partition::kHour,
       .keep = Keep::kSecond,
       .rollup = true},
      {.id = TableId::kEndpoint,
       .name = "endpoint",
       .doc = "what was asked of whom, per second",
       .columns = kEndpointColumns,
       .order_by = kEndpointOrder,
       .primary_key = kPathPrimary,
       .partition = Partition::kHour,
       .keep = Keep::kSecond,
       .rollup = true},
      {.id = TableId::kInstance,
       .name = "instance",
       .doc = "saturation of instances, per second",
       .columns = kInstance,
       .order_by = "toStartOfFiveMinute(time), service, instance, time",
       .primary_key = "toStartOfFiveMinute(time), service, instance",
       .partition = Partition::kHour,
       .keep = Keep::kSecond,
       .rollup = true},
      {.id = TableId::kRequest,
       .name = "request",
       .doc = "single requests: slow, failed, sampled",
       .columns = kRequestColumns,
       .order_by = "toStartOfFiveMinute(toDateTime(time)), server_service, client_service, time",
       .primary_key = {},
       .partition = Partition::kHour,
       .keep = Keep::kRequest},
      {.id = TableId::kEvent,
       .name = "event",
       .doc = "what happened: scaling, restarts, marks",
       .columns = kEventColumns,
       .order_by = "time",
       .primary_key = {}},
      {.id = TableId::kLoss,
       .name = "loss",
       .doc = "what was not seen or dropped, and why",
       .columns = kLossColumns,
       .order_by = "time, agent, cause",
       .primary_key = {},
       .partition = Partition::kDay,
       .keep = Keep::kMinute},
      {.id = TableId::kAgentHealth,
       .name = "agent_health",
       .doc = "cost and stage of the agents",
       .columns = kAgentHealthColumns,
       .order_by = "time, agent",
       .primary_key = {},
       .partition = Partition::kDay,
       .keep = Keep::kMinute},
      {.id = TableId::kServiceName,
       .name = "service_name",
       .doc = "names of service ids",
       .columns = kServiceNameColumns,
       .order_by = "id",
       .primary_key = {},
       .engine = Engine::kReplace},
      {.id = TableId::kInstanceName,
       .name = "instance_name",
       .doc = "names of instance ids",
       .columns = kInstanceNameColumns,
       .order_by = "id",
       .primary_key = {},
       .engine = Engine::kReplace},
      {.id = TableId::kEndpointName,
       .name = "endpoint_name",
       .doc = "names of endpoint ids",
       .columns = kEndpointNameColumns,
       .order_by = "id",
       .primary_key = {},
       .engine = Engine::kReplace},
      {.id = TableId::kRun,
       .name = "run",
       .doc = "load-test runs",
       .columns = kRunColumns,
       .order_by = "id",
       .primary_key = {},
       .engine = Engine::kReplace},
      {.id = TableId::kConfig,
       .name = "config",
       .doc = "documents kept across restarts",
       .columns = kConfigColumns,
       .order_by = "key",
       .primary_key = {},
       .engine = Engine::kReplace},
  }};
}

const std::array<Table, kTables>& AllTables() {
  static const std::array<Table, kTables> kAll = MakeTables();
  return kAll;
}

// The values of a closed set are those whose name appears first: its Name() gives a number out of
// the set the name of a number in it.
template <typename Enum>
std::vector<std::pair<int8_t, std::string_view>> Values() {
  std::vector<std::pair<int8_t, std::string_view>> out;
  for (int i = 0; i <= 127; ++i) {
    const std::string_view name = Name(static_cast<Enum>(i));
    const bool known = std::any_of(out.begin(), out.end(),
                                   [&](const auto& value) { return value.second == name; });
    if (!known) out.emplace_back(static_cast<int8_t>(i), name);
  }
  return out;
}

}  // namespace

const Table& Info(TableId id) { return AllTables()[static_cast<size_t>(id)]; }
std::span<const Table> Tables() { return AllTables(); }

std::optional<TableId> TableByName(std::string_view name) {
  for (const Table& table : Tables()) {
    if (table.name == name) return table.id;
  }
  return std::nullopt;
}

std::vector<std::pair<int8_t, std::string_view>> EnumValues(ColumnType type) {
  switch (type) {
    case ColumnType::kL7Protocol:
      return Values<L7Protocol>();
    case ColumnType::kL4Protocol:
      return {{static_cast<int8_t>(L4Protocol::kTcp), Name(L4Protocol::kTcp)},
              {static_cast<int8_t>(L4Protocol::kUdp), Name(L4Protocol::kUdp)}};
    case ColumnType::kObservationPoint:
      return Values<ObservationPoint>();
    case ColumnType::kResponseStatus:
      return Values<ResponseStatus>();
    case ColumnType::kNodeKind:
      return Values<NodeKind>();
    case ColumnType::kEventKind:
      return Values<EventKind>();
    default:
      return {};
  }
}

}  // namespace pano::schema
