// SPDX-License-Identifier: Apache-2.0
// The past beyond memory, as the resources need it. Calls block on the store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "server/live/window.h"
#include "server/store/store.h"

namespace pano::api {

class Archive {
 public:
  virtual ~Archive() = default;

  struct EdgePoint {
    uint64_t time = 0;
    tag::EdgeId edge;
    live::EdgeWindow window;
  };
  struct NodePoint {
    uint64_t time = 0;
    live::NodeWindow window;
  };

  virtual Result<live::WindowSet> Map(uint64_t from, uint64_t to) = 0;
  // Of one edge; without, of all.
  virtual Result<std::vector<EdgePoint>> Edges(const std::optional<tag::EdgeId>& edge,
                                               uint64_t from, uint64_t to, uint32_t step) = 0;
  // Edges into a service; those out of it when it serves nothing.
  virtual Result<std::vector<EdgePoint>> EdgesOf(uint32_t service, uint64_t from, uint64_t to,
                                                 uint32_t step) = 0;
  virtual Result<std::vector<NodePoint>> Nodes(uint32_t service, uint64_t from, uint64_t to,
                                               uint32_t step) = 0;
  virtual Result<std::vector<tag::EventRow>> Events(uint64_t from, uint64_t to) = 0;
  // The answer's JSON as docs/api.md has it.
  virtual Result<std::string> Sql(const std::string& sql, const store::Params& params) = 0;
  virtual store::StoreHealth Health() = 0;
};

}  // namespace pano::api
