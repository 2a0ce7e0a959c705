// SPDX-License-Identifier: Apache-2.0
// The requests of one connection that await their response, oldest first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pano::session {

template <typename T>
class Waiting {
 public:
  bool empty() const { return head_ == items_.size(); }
  size_t size() const { return items_.size() - head_; }
  T* front() const { return items_[head_]; }
  T* back() const { return items_.back(); }
  T* operator[](size_t i) const { return items_[head_ + i]; }

  void Push(T* item) { items_.push_back(item); }

  T* Find(uint64_t key) const {
    for (size_t i = head_; i < items_.size(); ++i) {
      if (items_[i]->key == key) return items_[i];
    }
    return nullptr;
  }

  void Remove(T* item) {
    if (items_[head_] == item) {
      ++head_;
      Compact();
      return;
    }
    for (size_t i = head_ + 1; i < items_.size(); ++i) {
      if (items_[i] != item) continue;
      items_.erase(items_.begin() + static_cast<ptrdiff_t>(i));
      return;
    }
  }

 private:
  void Compact() {
    if (head_ == items_.size()) {
      items_.clear();
      head_ = 0;
    } else if (head_ >= 64 && head_ * 2 >= items_.size()) {
      items_.erase(items_.begin(), items_.begin() + static_cast<ptrdiff_t>(head_));
      head_ = 0;
    }
  }

  std::vector<T*> items_;
  size_t head_ = 0;
};

}  // namespace pano::session
