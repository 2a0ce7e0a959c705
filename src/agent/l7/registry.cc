// SPDX-License-Identifier: Apache-2.0
#include "agent/l7/registry.h"

#include <array>

namespace pano::l7 {

extern const Protocol kHttp1;
extern const Protocol kHttp2;
extern const Protocol kRedis;
extern const Protocol kTls;
extern const Protocol kPostgresql;
extern const Protocol kMysql;
extern const Protocol kKafka;
extern const Protocol kDns;

namespace {

struct Row {
  schema::L7Protocol id;
  const Protocol* protocol;
};

constexpr std::array kRows{
    Row{schema::L7Protocol::kHttp1, &kHttp1}, Row{schema::L7Protocol::kHttp2, &kHttp2},
    Row{schema::L7Protocol::kRedis, &kRedis}, Row{schema::L7Protocol::kTls, &kTls},
    Row{schema::L7Protocol::kMysql, &kMysql}, Row{schema::L7Protocol::kPostgresql, &kPostgresql},
    Row{schema::L7Protocol::kKafka, &kKafka}, Row{schema::L7Protocol::kDns, &kDns},
};

consteval bool Unique() {
  for (size_t i = 0; i < kRows.size(); ++i) {
    for (size_t j = i + 1; j < kRows.size(); ++j) {
      if (kRows[i].id == kRows[j].id) return false;
    }
  }
  return true;
}
static_assert(Unique(), "one row per protocol");

constexpr auto kProtocols = [] {
  std::array<const Protocol*, kRows.size()> out{};
  for (size_t i = 0; i < kRows.size(); ++i) out[i] = kRows[i].protocol;
  return out;
}();

bool Carries(const Protocol& protocol, schema::L4Protocol l4) {
  return (protocol.transport & (l4 == schema::L4Protocol::kUdp ? kUdpOnly : kTcpOnly)) != 0;
}

bool AgreesWithRole(infer_verdict verdict, const SniffContext& context) {
  if (!context.role_known || verdict == INFER_EITHER) return true;
  return (verdict == INFER_REQUEST) == (context.toward == Toward::kServer);
}

}  // namespace

std::span<const Protocol* const> Protocols() { return kProtocols; }

const Protocol* FindProtocol(schema::L7Protocol id) {
  if (id == schema::L7Protocol::kGrpc) id = schema::L7Protocol::kHttp2;
  for (const Row& row : kRows) {
    if (row.id == id) return row.protocol;
  }
  return nullptr;
}

Guess Sniff(Bytes bytes, const SniffContext& context) {
  Guess best;
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  const bool udp = context.l4_protocol == schema::L4Protocol::kUdp;
  for (const Protocol* protocol : kProtocols) {
    if (protocol == context.excluded || !Carries(*protocol, context.l4_protocol)) continue;
    const SniffFunction sniff = udp && protocol->sniff_udp ? protocol->sniff_udp : protocol->sniff;
    const infer_verdict verdict = sniff(data, static_cast<unsigned>(bytes.size()));
    if (verdict == INFER_NO) continue;
    if (verdict == INFER_MORE) {
      best.need_more = true;
      continue;
    }
    // Bytes that both ends write name the roles only if the socket does.
    if (verdict == INFER_EITHER && !context.role_known) {
      best.need_more = true;
      continue;
    }
    if (!protocol->sure_of_roles && !AgreesWithRole(verdict, context)) continue;
    const bool port = context.server_port != 0 && context.server_port == protocol->default_port;
    if (best.protocol == nullptr || port) {
      best.protocol = protocol;
      best.verdict = verdict;
    }
    if (port) break;
  }
  return best;
}

}  // namespace pano::l7
