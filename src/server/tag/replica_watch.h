// SPDX-License-Identifier: Apache-2.0
// Turns instances that come and go into events people want to see: a service was scaled, restarted,
// deployed (its instances are of another build), an instance came up or ended. Changes are let
// settle, so that a rolling restart is one event. Owned by one thread; time is the batches' own.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "server/tag/row.h"

namespace pano::tag {

class ReplicaWatch {
 public:
  // `quiet`: the instance is older than the watch, or its service is not worth events; it counts
  // but makes none.
  void Up(uint64_t second, const Service& service, const Instance& instance, bool quiet);
  void Down(uint64_t second, const Service& service, const Instance& instance, bool quiet);

  uint32_t Replicas(uint32_t service) const;
  // Events that have settled by `second`, and those that need no settling.
  std::vector<EventRow> Take(uint64_t second);

 private:
  struct PerService {
    std::string name;
    std::set<uint32_t> alive;
    int64_t reported = -1;  // replicas people were told about; -1 before the first
    uint64_t changed = 0;   // second of the first change not yet reported; 0: none
    uint32_t ups = 0;
    uint32_t downs = 0;
    bool loud = false;
    std::string build_gone;  // of the last instance that ended, of the last that came
    std::string build_come;
  };

  PerService& Of(const Service& service);

  std::map<uint32_t, PerService> services_;
  std::vector<EventRow> ready_;
};

}  // namespace pano::tag
