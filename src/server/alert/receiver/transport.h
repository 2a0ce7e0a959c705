// SPDX-License-Identifier: Apache-2.0
// in: Outgoing  out: Reply
// One HTTP request or one mail over libcurl. Courier carries many at once on a thread of its own;
// Send carries one and waits.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/alert/route.h"

namespace pano::alert {

struct Outgoing {
  std::string url;                                           // http, https, smtp or smtps
  std::vector<std::pair<std::string, std::string>> headers;  // HTTP only
  std::string body;                                          // HTTP body, or the whole mail
  std::string username;
  std::string password;
  uint32_t timeout_s = 10;
  bool verify_tls = true;
  std::string ca_pem;  // trusted beside nothing else; empty: the system's
  // Mail only.
  bool mail = false;
  bool must_upgrade = false;  // STARTTLS or nothing
  MailAuth auth = MailAuth::kAuto;
  std::string from;
  std::vector<std::string> to;
};

struct Reply {
  int64_t status = 0;  // HTTP or SMTP code; 0: none came
  std::string body;    // at most kMaxReply bytes
  uint64_t retry_after_s = 0;
  std::string error;  // of the transport, for people; empty: an answer came
  uint64_t elapsed_ms = 0;
};
inline constexpr size_t kMaxReply = 4096;

Reply Send(const Outgoing& outgoing);

class Courier {
 public:
  Courier();
  ~Courier();  // what is under way is given up, nobody is called
  Courier(const Courier&) = delete;
  Courier& operator=(const Courier&) = delete;

  // Never waits. False: kMostAtOnce are under way or wait. `done` is called on the courier's
  // thread.
  bool Post(Outgoing outgoing, std::function<void(Reply)> done);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};
inline constexpr size_t kMostAtOnce = 64;

}  // namespace pano::alert
