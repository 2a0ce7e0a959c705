// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "schema/loss.h"
#include "schema/table.h"

namespace pano::schema {
namespace {

// Names and docs are ours: plain ASCII without control bytes.
std::string Text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string_view TypeText(ColumnType type) {
  switch (type) {
    case ColumnType::kUInt8:
      return "uint8";
    case ColumnType::kUInt16:
      return "uint16";
    case ColumnType::kUInt32:
      return "uint32";
    case ColumnType::kUInt64:
      return "uint64";
    case ColumnType::kInt32:
      return "int32";
    case ColumnType::kSecond:
      return "second";
    case ColumnType::kMicrosecond:
      return "microsecond";
    case ColumnType::kString:
    case ColumnType::kLowCardinality:
      return "string";
    case ColumnType::kIp:
      return "ip";
    case ColumnType::kIpArray:
      return "ip[]";
    case ColumnType::kHistogram:
      return "histogram";
    default:
      return "enum";
  }
}

std::string_view UnitText(Unit unit) {
  constexpr std::string_view kNames[] = {"count", "byte", "us", "ratio"};
  return kNames[static_cast<size_t>(unit)];
}

std::string_view FoldText(Fold fold) {
  constexpr std::string_view kNames[] = {"sum", "max", "gauge", "limit"};
  return kNames[static_cast<size_t>(fold)];
}

std::string ColumnJson(const Column& column) {
  constexpr std::string_view kRoles[] = {"time", "key", "metric", "text"};
  std::string out = fmt::format("{{\"name\":{},\"type\":{},\"role\":{},\"doc\":{}",
                                Text(column.name), Text(TypeText(column.type)),
                                Text(kRoles[static_cast<size_t>(column.role)]), Text(column.doc));
  if (column.role == Role::kMetric) {
    out += fmt::format(",\"unit\":{},\"fold\":{}", Text(UnitText(column.unit)),
                       Text(FoldText(column.fold)));
  }
  const auto values = EnumValues(column.type);
  if (!values.empty()) {
    out += ",\"values\":{";
    for (const auto& [value, name] : values) {
      out += fmt::format("{}\"{}\":{}", out.back() == '{' ? "" : ",", value, Text(name));
    }
    out += "}";
  }
  return out + "}";
}

template <typename Rows, typename ToJson>
std::string List(const Rows& rows, ToJson to_json) {
  std::string out = "[";
  for (const auto& row : rows) {
    if (out.size() > 1) out += ",";
    out += to_json(row);
  }
  return out + "]";
}

std::string MetricJson(const MetricInfo& metric) {
  return fmt::format("{{\"name\":{},\"unit\":{},\"fold\":{},\"doc\":{}}}", Text(metric.name),
                     Text(UnitText(metric.unit)), Text(FoldText(metric.fold)), Text(metric.doc));
}

std::string LossJson(const LossInfo& loss) {
  return fmt::format("{{\"cause\":{},\"effect\":{},\"unit\":{},\"doc\":{}}}", Text(loss.cause),
                     Text(Name(loss.effect)), Text(loss.unit), Text(loss.doc));
}

std::string TableJson(const Table& table) {
  return fmt::format("{{\"name\":{},\"doc\":{},\"rollup\":{},\"columns\":{}}}", Text(table.name),
                     Text(table.doc),
                     table.rollup ? Text(std::string(table.name) + "_1m") : std::string("null"),
                     List(table.columns, ColumnJson));
}

}  // namespace

std::string SchemaJson() {
  return fmt::format("{{\"tables\":{},\"metrics\":{{\"edge\":{},\"instance\":{}}},\"losses\":{}}}",
                     List(Tables(), TableJson), List(EdgeMetricTable(), MetricJson),
                     List(InstanceMetricTable(), MetricJson), List(LossTable(), LossJson));
}

}  // namespace pano::schema
