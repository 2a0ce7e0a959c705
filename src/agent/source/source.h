// SPDX-License-Identifier: Apache-2.0
// Where raw records come from: the live kernel, a recording, a generator. Everything behind this
// interface is interchangeable, so the whole user-space path runs from a file, without root.
// out: RawRecord, one abi record (bpf/abi/) as written by the kernel
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/cursor.h"
#include "base/result.h"

namespace pano::source {

// Bytes of one abi record, valid until the sink returns.
struct RawRecord {
  Bytes bytes;
};

using RecordSink = std::function<void(const RawRecord&)>;

struct LossCounter {
  std::string cause;
  uint64_t count = 0;  // since start
};

class Source {
 public:
  virtual ~Source() = default;

  // Hands every record that is ready to `sink`, ordered by time as far as the source can (events
  // of one socket are in order), waiting at most `timeout_ms` for the first. Number handed over, or
  // an error once the source can deliver no more; a finished recording answers Code::kNotFound.
  virtual Result<uint64_t> Poll(const RecordSink& sink, int timeout_ms) = 0;

  // Everything that happened up to this time (CLOCK_MONOTONIC) was handed over by Poll. A reader
  // that was kept off the CPU learns from it that what looks late is still to come.
  virtual uint64_t delivered_until_ns() const { return MonotonicNs(); }

  // What user space learned about a socket, so that the kernel copies what is needed and no more.
  // `capture_bytes`: payload bytes to copy per I/O from now on; 0 leaves counters only.
  virtual void SetCapture(uint64_t socket, uint32_t capture_bytes) = 0;

  // Short name of the capture tier, e.g. "sock_length", "sys_exit", "recording".
  virtual std::string tier() const = 0;
  // Losses since start, by cause.
  virtual std::vector<LossCounter> Losses() const = 0;
};

}  // namespace pano::source
