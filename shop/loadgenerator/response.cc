// SPDX-License-Identifier: Apache-2.0
#include "shop/loadgenerator/response.h"

#include <algorithm>
#include <charconv>

namespace shop {

namespace {
constexpr size_t kMaxHeadBytes = 16384;
constexpr size_t kStatusOffset = 9;  // behind "HTTP/1.1 "
constexpr std::string_view kLengthName = "content-length:";

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
}  // namespace

void ResponseReader::Reset() {
  head_.clear();
  in_body_ = false;
  body_left_ = 0;
  status_ = 0;
}

ResponseReader::State ResponseReader::Take(std::string_view bytes) {
  if (!in_body_) {
    const size_t before = head_.size();
    head_.append(bytes);
    const size_t end = head_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
    if (end == std::string::npos) {
      return head_.size() > kMaxHeadBytes ? State::kInvalid : State::kMore;
    }
    bytes.remove_prefix(end + 4 - before);
    head_.resize(end + 2);
    if (ParseHead() == State::kInvalid) {
      return State::kInvalid;
    }
    in_body_ = true;
  }
  if (bytes.size() > body_left_) {
    return State::kInvalid;  // nobody asked for more
  }
  body_left_ -= bytes.size();
  return body_left_ == 0 ? State::kDone : State::kMore;
}

ResponseReader::State ResponseReader::ParseHead() {
  if (!head_.starts_with("HTTP/1.") || head_.size() < kStatusOffset + 3) {
    return State::kInvalid;
  }
  const char* digits = head_.data() + kStatusOffset;
  if (std::from_chars(digits, digits + 3, status_).ec != std::errc{}) {
    return State::kInvalid;
  }
  std::transform(head_.begin(), head_.end(), head_.begin(), Lower);
  const size_t at = head_.find(kLengthName);
  if (at == std::string::npos) {
    return State::kInvalid;
  }
  const size_t value = head_.find_first_not_of(' ', at + kLengthName.size());
  const auto parsed =
      std::from_chars(head_.data() + value, head_.data() + head_.size(), body_left_);
  return parsed.ec == std::errc{} ? State::kMore : State::kInvalid;
}

}  // namespace shop
