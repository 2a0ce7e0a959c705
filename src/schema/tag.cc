// SPDX-License-Identifier: Apache-2.0
#include "schema/tag.h"

#include <array>
#include <utility>

namespace pano::schema {
namespace {
constexpr std::array<std::pair<L7Protocol, std::string_view>, 10> kProtocols{{
    {L7Protocol::kUnknown, "unknown"},
    {L7Protocol::kHttp1, "http"},
    {L7Protocol::kHttp2, "http2"},
    {L7Protocol::kGrpc, "grpc"},
    {L7Protocol::kMysql, "mysql"},
    {L7Protocol::kPostgresql, "postgresql"},
    {L7Protocol::kRedis, "redis"},
    {L7Protocol::kKafka, "kafka"},
    {L7Protocol::kDns, "dns"},
    {L7Protocol::kTls, "tls"},
}};
}  // namespace

std::string_view Name(L7Protocol protocol) {
  for (const auto& [value, name] : kProtocols) {
    if (value == protocol) return name;
  }
  return "unknown";
}

std::optional<L7Protocol> L7ProtocolByName(std::string_view wanted) {
  for (const auto& [value, name] : kProtocols) {
    if (name == wanted) return value;
  }
  return std::nullopt;
}

std::string_view Name(L4Protocol protocol) { return protocol == L4Protocol::kUdp ? "udp" : "tcp"; }

std::string_view Name(ObservationPoint point) {
  constexpr std::string_view kNames[] = {"c-p", "s-p", "c", "s"};
  return kNames[static_cast<size_t>(point) & 3];
}

std::string_view Name(ResponseStatus status) {
  constexpr std::string_view kNames[] = {"ok", "client_error", "server_error", "timeout",
                                         "unknown"};
  const auto at = static_cast<size_t>(status);
  return at < std::size(kNames) ? kNames[at] : "unknown";
}

std::string_view Name(NodeKind kind) {
  constexpr std::string_view kNames[] = {"service",       "database", "cache", "queue",
                                         "loadgenerator", "external", "dns"};
  const auto at = static_cast<size_t>(kind);
  return at < std::size(kNames) ? kNames[at] : "service";
}

std::string_view Name(EventKind kind) {
  constexpr std::string_view kNames[] = {"mark",       "instance_up", "instance_down", "scale",
                                         "restart",    "oom_kill",    "deploy",        "state",
                                         "bottleneck", "degrade",     "limits"};
  const auto at = static_cast<size_t>(kind);
  return at < std::size(kNames) ? kNames[at] : "mark";
}

}  // namespace pano::schema
