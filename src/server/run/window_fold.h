// SPDX-License-Identifier: Apache-2.0
// in: live::WindowSet, one after the other  out: all of them as one
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "server/live/window.h"

namespace pano::run {

// Edges keep their ids; the ends of those first seen are taken over.
class WindowFold {
 public:
  // `watched`: seconds of `later` that somebody watched. Edges that are not in it were quiet.
  void Add(const live::WindowSet& later, double watched);
  // Every edge's seconds are all those watched.
  live::WindowSet Take();
  bool empty() const { return to_ == 0; }

 private:
  struct Edge {
    tag::EdgeId edge;
    live::EdgeWindow window;
    uint64_t last = 0;  // count of the Add it was in
  };

  std::map<uint32_t, Edge> edges_;
  std::map<uint32_t, live::NodeWindow> nodes_;
  std::map<std::string, uint64_t> losses_;
  uint64_t from_ = 0;
  uint64_t to_ = 0;
  uint64_t count_ = 0;
  double watched_ = 0;
};

}  // namespace pano::run
