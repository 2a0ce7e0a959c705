// SPDX-License-Identifier: Apache-2.0
// Every probe: its program in bpf/probe, what it is for, what is lost without it.
#pragma once

#include <array>
#include <string_view>

#include "agent/source/live_source.h"

namespace pano::source {

struct Probe {
  const char* program;
  std::string_view name;  // for people
  Tier tier;              // kAuto: of every tier
  bool required;          // the tier cannot do without it
  std::string_view lost;
  const char* instead_of = nullptr;  // tried only where this program is refused
};

inline constexpr std::array kProbes{
    Probe{"socket_send", "bytes sent", Tier::kSockLength, true,
          "requests and responses (the next tier is tried)"},
    Probe{"socket_receive", "bytes received", Tier::kSockLength, true,
          "requests and responses (the next tier is tried)"},
    Probe{"walk_storage", "counters of live connections", Tier::kSockLength, false,
          "traffic of connections while they live, accept queues"},
    Probe{"call_exit", "bytes moved by system calls", Tier::kSysExit, true,
          "requests and responses"},
    Probe{"walk_files", "counters of live connections", Tier::kSysExit, false,
          "traffic of connections while they live, accept queues"},
    Probe{"seed", "connections older than the agent", Tier::kAuto, false,
          "old connections show only when they next move bytes; their roles are guessed"},
    Probe{"tcp_state", "connect, accept, close", Tier::kAuto, false,
          "connect latency, connect failures, closed connections"},
    Probe{"tcp_retransmit", "retransmits", Tier::kAuto, false, "retransmits, SYN retransmits"},
    Probe{"tcp_retransmit_synack", "SYN+ACK retransmits", Tier::kAuto, false,
          "SYN+ACK retransmits"},
    Probe{"tcp_send_reset", "resets sent", Tier::kAuto, false, "resets sent"},
    Probe{"tcp_receive_reset", "resets received", Tier::kAuto, false, "resets received"},
    Probe{"tcp_segment", "closed windows at every segment", Tier::kAuto, false,
          "short closings of the receive window"},
    Probe{"io_uring_done", "payload moved by io_uring", Tier::kAuto, false,
          "requests inside io_uring programs (their bytes are still counted)"},
    Probe{"io_uring_done_parts", "payload moved by io_uring (older form)", Tier::kAuto, false,
          "requests inside io_uring programs (their bytes are still counted)", "io_uring_done"},
    Probe{"process_exec", "programs starting", Tier::kAuto, false,
          "new processes are named a little later"},
    Probe{"process_exit", "processes ending", Tier::kAuto, false, "exits and their codes"},
};

}  // namespace pano::source
