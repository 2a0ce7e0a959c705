// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace shop {

// Reads one HTTP/1.1 response with a Content-Length as its bytes arrive.
class ResponseReader {
 public:
  enum class State { kMore, kDone, kInvalid };

  void Reset();
  State Take(std::string_view bytes);
  int status() const { return status_; }

 private:
  State ParseHead();

  std::string head_;  // until its blank line has come; bounded
  bool in_body_ = false;
  size_t body_left_ = 0;  // bytes
  int status_ = 0;
};

}  // namespace shop
