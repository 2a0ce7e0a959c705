// SPDX-License-Identifier: Apache-2.0
#include "server/store/engine_protocol.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/clock.h"

namespace pano::store {
namespace {

constexpr size_t kReadChunk = size_t{256} << 10;

Status WaitWritable(int fd, uint64_t deadline_ns) {
  const uint64_t now = MonotonicNs();
  if (now >= deadline_ns) return Fail(Code::kTimeout, "the engine does not read its requests");
  pollfd poll_fd{.fd = fd, .events = POLLOUT, .revents = 0};
  const auto wait_ms = std::min<uint64_t>((deadline_ns - now) / 1'000'000 + 1, 1'000);
  if (poll(&poll_fd, 1, static_cast<int>(wait_ms)) < 0 && errno != EINTR) {
    return Fail(Code::kUnavailable, "engine socket: {}", ErrnoText(errno));
  }
  if ((poll_fd.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) {
    return Fail(Code::kUnavailable, "the engine went away");
  }
  return {};
}

}  // namespace

void PutNumber(std::string& payload, uint64_t number) {
  payload.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void PutField(std::string& payload, std::string_view field) {
  PutNumber(payload, field.size());
  payload.append(field);
}

std::optional<uint64_t> FieldReader::Number() {
  uint64_t number = 0;
  if (rest_.size() < sizeof number) return std::nullopt;
  std::memcpy(&number, rest_.data(), sizeof number);
  rest_.remove_prefix(sizeof number);
  return number;
}

std::optional<std::string_view> FieldReader::Field() {
  const auto size = Number();
  if (!size || *size > rest_.size()) return std::nullopt;
  const std::string_view field = rest_.substr(0, *size);
  rest_.remove_prefix(*size);
  return field;
}

std::string EncodeQuery(std::string_view sql, std::string_view format, const QueryLimits& limits,
                        const Params& params) {
  std::string payload;
  PutField(payload, sql);
  PutField(payload, format);
  PutNumber(payload, limits.max_seconds);
  PutNumber(payload, limits.max_memory_bytes);
  PutNumber(payload, limits.max_result_rows);
  PutNumber(payload, limits.read_only ? 1 : 0);
  for (const auto& [name, value] : params) {
    PutField(payload, name);
    PutField(payload, value);
  }
  return payload;
}

std::optional<QueryRequest> DecodeQuery(std::string_view payload) {
  FieldReader reader(payload);
  const auto sql = reader.Field();
  const auto format = reader.Field();
  const auto seconds = reader.Number();
  const auto memory = reader.Number();
  const auto rows = reader.Number();
  const auto read_only = reader.Number();
  if (!sql || !format || !seconds || !memory || !rows || !read_only) return std::nullopt;
  QueryRequest request;
  request.sql = *sql;
  request.format = *format;
  request.limits = {.max_seconds = static_cast<uint32_t>(*seconds),
                    .max_memory_bytes = *memory,
                    .max_result_rows = *rows,
                    .read_only = *read_only != 0};
  while (!reader.empty()) {
    const auto name = reader.Field();
    const auto value = reader.Field();
    if (!name || !value) return std::nullopt;
    request.params.emplace_back(*name, *value);
  }
  return request;
}

Status SendFrame(int fd, Op op, uint64_t id, uint32_t code, std::string_view payload,
                 uint64_t deadline_ns) {
  if (payload.size() > kMaxFrame) {
    return Fail(Code::kExhausted, "{} bytes are more than one frame may hold", payload.size());
  }
  const FrameHeader header{kFrameMagic, static_cast<uint32_t>(payload.size()), id, op, code};
  std::string_view head(reinterpret_cast<const char*>(&header), sizeof header);
  while (!head.empty() || !payload.empty()) {
    std::array<iovec, 2> parts{{{const_cast<char*>(head.data()), head.size()},
                                {const_cast<char*>(payload.data()), payload.size()}}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const ssize_t sent = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return Fail(Code::kUnavailable, "engine socket: {}", ErrnoText(errno));
      PANO_TRY(WaitWritable(fd, deadline_ns));
      continue;
    }
    const size_t of_head = std::min(head.size(), static_cast<size_t>(sent));
    head.remove_prefix(of_head);
    payload.remove_prefix(static_cast<size_t>(sent) - of_head);
  }
  return {};
}

bool FrameCollector::ReadFrom(int fd) {
  if (begin_ > 0) {
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
  const size_t old_size = buffer_.size();
  buffer_.resize(old_size + kReadChunk);
  const ssize_t got = recv(fd, buffer_.data() + old_size, kReadChunk, MSG_DONTWAIT);
  const int error = errno;
  buffer_.resize(old_size + static_cast<size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0) return error == EAGAIN || error == EINTR;
  return got > 0 && !broken_;
}

std::optional<Frame> FrameCollector::Next() {
  Frame frame;
  const size_t available = buffer_.size() - begin_;
  if (broken_ || available < sizeof frame.header) return std::nullopt;
  std::memcpy(&frame.header, buffer_.data() + begin_, sizeof frame.header);
  if (frame.header.magic != kFrameMagic || frame.header.size > kMaxFrame) {
    broken_ = true;
    return std::nullopt;
  }
  if (available < sizeof frame.header + frame.header.size) return std::nullopt;
  frame.payload.assign(buffer_, begin_ + sizeof frame.header, frame.header.size);
  begin_ += sizeof frame.header + frame.header.size;
  return frame;
}

}  // namespace pano::store
