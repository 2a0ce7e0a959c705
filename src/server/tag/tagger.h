// SPDX-License-Identifier: Apache-2.0
// in: wire::Batch  out: tag::TaggedBatch
// Turns what agents say (their own ids, addresses) into the server's services, instances and edges;
// joins both observation points of a connection into one edge; notices scaling, restarts and OOM
// kills. Owned by one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "server/tag/directory.h"
#include "server/tag/replica_watch.h"
#include "server/tag/row.h"

namespace pano::tag {

struct TaggerLimits {
  DirectoryLimits directory;
  size_t edges = 5000;
};

class Tagger {
 public:
  explicit Tagger(TaggerLimits limits = {}) : limits_(limits), directory_(limits.directory) {}

  // Before the first batch: what the store remembers.
  void Load(const Dictionary& stored) { directory_.Load(stored); }

  TaggedBatch Tag(wire::Batch batch);

  const Directory& directory() const { return directory_; }

 private:
  struct Agent {
    uint64_t first_second = 0;
    std::unordered_map<uint32_t, uint32_t> instances;  // agent's id -> server's id
  };
  struct End {
    uint32_t service = 0;
    uint32_t instance = 0;
  };
  struct TaggedKey {
    EdgeId edge;
    uint32_t client_instance = 0;
    uint32_t server_instance = 0;
    bool dropped = false;
  };
  using PortKey = std::tuple<uint32_t, uint32_t, uint16_t, uint8_t>;

  void TakeInstances(Agent& agent, const wire::Batch& batch, TaggedBatch& out);
  void TakeEvents(Agent& agent, wire::Batch& batch, TaggedBatch& out);
  TaggedKey Resolve(const Agent& agent, const std::string& agent_name, const wire::EdgeKey& key);
  End ResolveEnd(const Agent& agent, const std::string& agent_name, uint32_t instance,
                 const IpAddress& ip, uint16_t port, bool is_server);
  schema::L7Protocol ResolveProtocol(const PortKey& where, schema::L7Protocol seen);
  void NoteOom(uint64_t second, uint32_t instance, uint64_t count, TaggedBatch& out);
  bool Loud(const Agent& agent, const wire::Batch& batch, const wire::InstanceInfo& info,
            uint32_t service) const;

  TaggerLimits limits_;
  Directory directory_;
  ReplicaWatch replicas_;
  std::map<std::string, Agent> agents_;
  std::map<PortKey, schema::L7Protocol> protocols_;
  std::map<EdgeId, bool> edges_;
  std::unordered_set<uint32_t> servers_;                 // services seen serving
  std::unordered_map<uint32_t, uint64_t> oom_reported_;  // instance -> second
};

}  // namespace pano::tag
