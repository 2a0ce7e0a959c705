// SPDX-License-Identifier: Apache-2.0
#include "agent/source/ring.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace pano::source {
namespace {

// Head of each record: length with two flag bits, then the page offset (linux/bpf.h).
constexpr uint32_t kBusy = 1u << 31;
constexpr uint32_t kDiscarded = 1u << 30;
constexpr uint64_t kHead = 8;

uint64_t PageSize() { return static_cast<uint64_t>(sysconf(_SC_PAGESIZE)); }

}  // namespace

Result<Ring> Ring::Map(int map_fd, uint64_t size) {
  const uint64_t page = PageSize();
  void* consumer = mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
  if (consumer == MAP_FAILED) return Fail(Code::kDenied, "map ring: {}", ErrnoText(errno));
  void* producer =
      mmap(nullptr, page + 2 * size, PROT_READ, MAP_SHARED, map_fd, static_cast<off_t>(page));
  if (producer == MAP_FAILED) {
    const int error = errno;
    munmap(consumer, page);
    return Fail(Code::kDenied, "map ring: {}", ErrnoText(error));
  }
  Ring ring(Pages{.consumer = static_cast<uint64_t*>(consumer),
                  .producer = static_cast<const uint64_t*>(producer),
                  .data = static_cast<const std::byte*>(producer) + page,
                  .size = size});
  ring.mapped_ = true;
  return ring;
}

Ring::Ring(Ring&& other) noexcept
    : pages_(other.pages_),
      position_(other.position_),
      step_(other.step_),
      mapped_(std::exchange(other.mapped_, false)) {}

Ring::~Ring() {
  if (!mapped_) return;
  munmap(pages_.consumer, PageSize());
  munmap(const_cast<uint64_t*>(pages_.producer), PageSize() + 2 * pages_.size);
}

bool Ring::Peek(Bytes* record) {
  while (position_ < __atomic_load_n(pages_.producer, __ATOMIC_ACQUIRE)) {
    const std::byte* head = pages_.data + (position_ & (pages_.size - 1));
    const uint32_t length =
        __atomic_load_n(reinterpret_cast<const uint32_t*>(head), __ATOMIC_ACQUIRE);
    if (length & kBusy) return false;
    const uint64_t bytes = length & ~kDiscarded;
    step_ = (bytes + kHead + 7) & ~uint64_t{7};
    if (!(length & kDiscarded)) {
      *record = Bytes(head + kHead, bytes);
      return true;
    }
    position_ += step_;
  }
  return false;
}

}  // namespace pano::source
