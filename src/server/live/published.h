// SPDX-License-Identifier: Apache-2.0
// A value that one thread replaces and many read: the lock is held for the copying of a pointer.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace pano::live {

template <typename T>
class Published {
 public:
  explicit Published(std::shared_ptr<const T> value = nullptr) : value_(std::move(value)) {}

  std::shared_ptr<const T> Get() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }
  void Set(std::shared_ptr<const T> value) {
    const std::lock_guard lock(mutex_);
    value_.swap(value);  // the old one is freed outside the lock
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

}  // namespace pano::live
