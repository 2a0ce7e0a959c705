// SPDX-License-Identifier: Apache-2.0
// in: what entry nodes send, second by second  out: a load test began, ended
// A known load generator is a load test as soon as it keeps sending; any other node nobody calls
// when its rate jumps from nothing. A pause of some seconds does not end it. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "schema/tag.h"

namespace pano::run {

struct DetectorOptions {
  uint32_t confirm_seconds = 3;  // active ones, of the last confirm_window
  uint32_t confirm_window = 5;
  uint32_t pause_seconds = 15;  // without load: it ended
  uint32_t quiet_seconds = 20;  // watched and quiet before a jump counts
  double generator_rate = 1;    // 1/s: a load generator is active
  double jump_rate = 20;        // 1/s: any other node is active
  uint32_t jump_confirm = 8;    // seconds in a row for other nodes
};

// One entry node in one second.
struct EntrySecond {
  uint32_t service = 0;
  std::string_view name;
  schema::NodeKind kind = schema::NodeKind::kService;
  double attempts = 0;  // requests and connects tried
};

// A load generator by what it is called, whatever kind it was given.
bool IsLoadGeneratorName(std::string_view name);

class LoadDetector {
 public:
  explicit LoadDetector(DetectorOptions options = {}) : options_(options) {}

  struct Change {
    bool began = false;
    bool ended = false;
    uint64_t time = 0;  // unix second: of the first active one, or after the last
    uint32_t service = 0;
    std::string name;
    bool joined_late = false;  // it was there when watching began
  };
  // Seconds grow. `watched` false: nothing is known of it, and nothing changes.
  std::optional<Change> Update(uint64_t second, bool watched, std::span<const EntrySecond> entries);

  bool active() const { return active_; }
  uint64_t last_active() const { return last_active_; }
  // Takes a load that runs as known, as after a restart.
  void Resume(uint64_t second, std::string name);

 private:
  struct Source {
    std::string name;
    bool generator = false;
    bool from_nothing = false;  // quiet for quiet_seconds before
    uint32_t quiet = 0;         // seconds watched without activity
    uint32_t streak = 0;        // active ones in a row
    uint32_t recent = 0;        // bits, newest lowest
    uint64_t first = 0;         // first active second of the burst
    uint64_t last = 0;
  };

  bool Confirmed(const Source& s) const;

  DetectorOptions options_;
  std::map<uint32_t, Source> sources_;
  uint64_t first_watched_ = 0;
  bool active_ = false;
  uint64_t last_active_ = 0;
  uint32_t service_ = 0;
  std::string name_;
};

}  // namespace pano::run
