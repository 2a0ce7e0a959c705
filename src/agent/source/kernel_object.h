// SPDX-License-Identifier: Apache-2.0
// The probes inside the kernel: loading what this kernel takes, attaching it, and the maps we share
// with it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/source/live_source.h"
#include "agent/source/ring.h"
#include "base/result.h"

struct bpf_link;
struct bpf_map;
struct bpf_object;

namespace pano::source {

class KernelObject {
 public:
  // Loads and attaches the probes of `tier` (not kAuto). Optional ones that do not load are left
  // out; `report` says which and why.
  static Result<std::unique_ptr<KernelObject>> Load(const LiveOptions& options, Tier tier,
                                                    std::vector<Capability>* report);
  ~KernelObject();

  // Each ring once: the caller owns the reading.
  Result<std::vector<Ring>> MapRings() const;
  const std::vector<int>& ring_fds() const { return ring_fds_; }

  // Run the walks; the records they wrote, one after the other.
  Result<std::vector<std::byte>> Seed() const { return Walk(seed_); }
  Result<std::vector<std::byte>> WalkSockets() const { return Walk(walk_); }

  Status SetCapture(uint64_t socket, uint32_t capture_bytes) const;
  std::vector<LossCounter> Losses() const;
  uint64_t ring_size() const { return ring_size_; }

 private:
  KernelObject() = default;

  // Loads the programs of `enabled`. Those an older kernel refuses by name are taken out, and tried
  // in another form where there is one; `refused` says which and why.
  Status Open(const LiveOptions& options, Tier tier, std::set<std::string>* enabled,
              std::map<std::string, std::string>* refused);
  Status LoadOnce(const LiveOptions& options, Tier tier, const std::set<std::string>& enabled);
  Status SetUp(const LiveOptions& options, bool join_io_uring);
  void Close();
  Status MakeRings(uint32_t count);
  Status PlaceRings() const;
  Status Attach(Tier tier, std::vector<Capability>* report);
  static Result<std::vector<std::byte>> Walk(const bpf_link* link);

  bpf_map* Map(const char* name) const;
  int MapFd(const char* name) const;

  bpf_object* object_ = nullptr;
  std::vector<bpf_link*> links_;
  bpf_link* seed_ = nullptr;
  bpf_link* walk_ = nullptr;
  std::vector<int> ring_fds_;
  uint64_t ring_size_ = 0;
};

}  // namespace pano::source
