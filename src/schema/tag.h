// SPDX-License-Identifier: Apache-2.0
// Closed sets of tag values, with their stored numbers. Numbers are stored: never renumber.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace pano::schema {

enum class L7Protocol : uint8_t {
  kUnknown = 0,
  kHttp1 = 20,
  kHttp2 = 21,
  kGrpc = 41,
  kMysql = 60,
  kPostgresql = 61,
  kRedis = 80,
  kKafka = 100,
  kDns = 120,
  kTls = 121,
};
// "http", "http2", "grpc", "mysql", "postgresql", "redis", "kafka", "dns", "tls", "unknown"
std::string_view Name(L7Protocol protocol);
std::optional<L7Protocol> L7ProtocolByName(std::string_view name);

enum class L4Protocol : uint8_t { kTcp = 6, kUdp = 17 };
std::string_view Name(L4Protocol protocol);

// Where a span or a sample was observed; DeepFlow's letters.
enum class ObservationPoint : uint8_t {
  kClientProcess = 0,
  kServerProcess = 1,
  kClientNic = 2,
  kServerNic = 3
};
std::string_view Name(ObservationPoint point);  // "c-p", "s-p", "c", "s"

enum class ResponseStatus : uint8_t {
  kOk = 0,
  kClientError = 1,
  kServerError = 2,
  kTimeout = 3,
  kUnknown = 4
};
std::string_view Name(ResponseStatus status);

// What an instance is, from its executable and the protocols it serves.
enum class NodeKind : uint8_t {
  kService = 0,
  kDatabase = 1,
  kCache = 2,
  kQueue = 3,
  kLoadGenerator = 4,
  kExternal = 5,
  kDns = 6
};
std::string_view Name(NodeKind kind);

enum class EventKind : uint8_t {
  kMark = 0,
  kInstanceUp = 1,
  kInstanceDown = 2,
  kScale = 3,
  kRestart = 4,
  kOomKill = 5,
  kDeploy = 6,
  kState = 7,
  kBottleneck = 8,
  kDegrade = 9,
  kLimits = 10,
};
std::string_view Name(EventKind kind);

}  // namespace pano::schema
