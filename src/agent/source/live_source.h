// SPDX-License-Identifier: Apache-2.0
// in: the running kernel  out: RawRecord
// The live kernel through eBPF. Which hooks serve is found out by loading them, not by version
// numbers; what is missing is said in words.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/source/source.h"
#include "base/result.h"

namespace pano::source {

// Ways to see the bytes of sockets, best first.
enum class Tier : uint8_t {
  kAuto,
  kSockLength,  // tp_btf/sock_{send,recv}_length: one hook per socket call (kernel 6.3 and newer)
  kSysExit,     // tp_btf/sys_exit: every system call passes a hook (kernel 5.8 and newer)
  kNone,        // no eBPF at all
};
std::string_view Name(Tier tier);  // "auto", "sock_length", "sys_exit", "none"
std::optional<Tier> TierByName(std::string_view name);

struct LiveOptions {
  Tier tier = Tier::kAuto;
  // Of the ring of each CPU, 1 to 16 MiB. A small one loses records when bulk data meets a reader
  // that gets no CPU, and is no faster (bench/overhead/README.md).
  uint64_t ring_bytes = 16u << 20;
  uint32_t default_capture = 16384;  // payload bytes per call of a socket nothing is known of
  bool tcp_probe = false;            // look at every segment received for closed windows
  uint64_t walk_interval_ns = 1'000'000'000;  // between two looks at the counters of all sockets
};

// One thing capture can do, and whether this kernel and these rights allow it.
struct Capability {
  std::string name;
  bool available = false;
  std::string reason;  // why not; empty when available
  std::string lost;    // what is lost without it
};

// Opens the best tier allowed, or the one asked for. An error says in words what is missing.
// `report`, if given, receives what was found, also on failure.
Result<std::unique_ptr<Source>> OpenLive(const LiveOptions& options,
                                         std::vector<Capability>* report = nullptr);

// What OpenLive would find, by loading each probe alone; nothing stays loaded.
std::vector<Capability> ProbeCapabilities();

}  // namespace pano::source
