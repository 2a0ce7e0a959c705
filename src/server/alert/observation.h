// SPDX-License-Identifier: Apache-2.0
// What rules look at: one completed second of the live map and how Panoscope itself does. The
// pipeline makes it; tests make it too. Immutable once handed over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/analysis/limits.h"
#include "server/live/map_view.h"

namespace pano::alert {

struct StoreFacts {
  bool up = true;
  bool disk_full = false;
  uint64_t rows_lost = 0;  // since start
  std::string last_error;
};

// A run that is judged by its objectives.
struct RunFacts {
  std::string id;
  std::string name;
  bool running = false;
  bool over = false;  // over its objectives
  std::string text;   // its sentence
};

struct Observation {
  std::shared_ptr<const live::MapView> map;        // never null
  std::shared_ptr<const analysis::Limits> limits;  // never null
  std::optional<StoreFacts> store;                 // none: there is no store
  std::vector<RunFacts> runs;                      // the running one and those that just ended
  size_t agents = 0;                               // that deliver
  uint64_t time() const { return map->time; }
};

}  // namespace pano::alert
