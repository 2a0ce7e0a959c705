// SPDX-License-Identifier: Apache-2.0
// Reader of one BPF ring buffer, on its shared pages (kernel: "BPF ring buffer",
// Documentation/bpf). Unlike a callback per record it can stop before a record and leave it for
// later.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/cursor.h"
#include "base/result.h"

namespace pano::source {

class Ring {
 public:
  // The three shared regions; `data` is mapped twice in a row so that no record wraps.
  struct Pages {
    uint64_t* consumer = nullptr;
    const uint64_t* producer = nullptr;
    const std::byte* data = nullptr;
    uint64_t size = 0;  // a power of two
  };

  // Maps the ring of a BPF map; unmaps when destroyed.
  static Result<Ring> Map(int map_fd, uint64_t size);
  explicit Ring(const Pages& pages) : pages_(pages), position_(*pages.consumer) {}
  Ring(Ring&& other) noexcept;
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  Ring& operator=(Ring&&) = delete;
  ~Ring();

  // The next committed record, if there is one; it stays until Next.
  bool Peek(Bytes* record);
  // Passes the record Peek showed. Its bytes stay valid until Release.
  void Next() { position_ += step_; }
  // Gives the room of passed records back to the kernel.
  void Release() { __atomic_store_n(pages_.consumer, position_, __ATOMIC_RELEASE); }

  uint64_t unreleased() const { return position_ - *pages_.consumer; }
  uint64_t pending() const {
    return __atomic_load_n(pages_.producer, __ATOMIC_ACQUIRE) - position_;
  }
  uint64_t size() const { return pages_.size; }

 private:
  Pages pages_;
  uint64_t position_ = 0;
  uint64_t step_ = 0;  // of the record last shown
  bool mapped_ = false;
};

}  // namespace pano::source
