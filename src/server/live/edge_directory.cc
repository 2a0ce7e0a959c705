// SPDX-License-Identifier: Apache-2.0
#include "server/live/edge_directory.h"

namespace pano::live {
namespace {

using schema::L7Protocol;

// FNV-1a over the fields that never change; 31 bits, never 0.
uint32_t FirstId(const tag::EdgeId& e) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const uint64_t field : {uint64_t{e.client_service}, uint64_t{e.server_service},
                               uint64_t{e.server_port}, uint64_t(e.l4_protocol)}) {
    for (int shift = 0; shift < 32; shift += 8) {
      hash = (hash ^ (field >> shift & 0xff)) * 0x100000001b3u;
    }
  }
  return (static_cast<uint32_t>(hash ^ hash >> 32) & 0x7fffffff) | 1;
}

bool SamePlace(const tag::EdgeId& a, const tag::EdgeId& b) {
  return a.client_service == b.client_service && a.server_service == b.server_service &&
         a.server_port == b.server_port && a.l4_protocol == b.l4_protocol;
}

// The protocol of a port that is not known yet, or not fully.
bool Vague(L7Protocol p) { return p == L7Protocol::kUnknown || p == L7Protocol::kHttp2; }

}  // namespace

uint32_t EdgeDirectory::IdOf(const tag::EdgeId& edge) {
  const std::lock_guard lock(mutex_);
  if (const auto at = ids_.find(edge); at != ids_.end()) return at->second;
  uint32_t id = FirstId(edge);
  for (auto at = edges_.find(id); at != edges_.end(); at = edges_.find(++id)) {
    tag::EdgeId& known = at->second;
    if (!SamePlace(known, edge)) continue;
    if (Vague(known.l7_protocol) || Vague(edge.l7_protocol)) {
      const bool better = known.l7_protocol == L7Protocol::kUnknown ||
                          edge.l7_protocol == L7Protocol::kGrpc || !Vague(edge.l7_protocol);
      if (better) known.l7_protocol = edge.l7_protocol;
      break;
    }
  }
  if (ids_.size() < kMaxEdges) ids_.emplace(edge, id);
  edges_.emplace(id, edge);
  return id;
}

std::optional<tag::EdgeId> EdgeDirectory::Find(uint32_t id) const {
  const std::lock_guard lock(mutex_);
  const auto at = edges_.find(id);
  if (at == edges_.end()) return std::nullopt;
  return at->second;
}

}  // namespace pano::live
