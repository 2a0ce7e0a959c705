// SPDX-License-Identifier: Apache-2.0
// in: Group with its alerts  out: Message, what every receiver's format is made of
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/cut_text.h"
#include "server/alert/alert.h"
#include "server/alert/dispatch.h"

namespace pano::alert {

struct Message {
  MessageKind kind = MessageKind::kFiring;
  uint64_t time = 0;  // unix seconds
  Group group;
  std::vector<Alert> alerts;    // of it, at most kMostListed
  std::vector<Group> replaced;  // groups this one takes over
  std::string url;              // of the page; may be empty
};
inline constexpr size_t kMostListed = 50;

// What a test button sends: it says of itself that it is a test.
Message TestMessage(const std::string& route_name, const std::string& url, uint64_t time);

bool Resolved(const Message& message);
std::string Headline(const Message& message);  // "[FIRING] …", "[RESOLVED] …", "[TEST] …"
// Lines of plain text, most important first: sentence, evidence, who suffers, since when.
struct Body {
  std::string sentence;
  std::vector<std::string> evidence;
  std::vector<std::string> victims;  // at most `most`, then "and n more"
  std::string since;
};
Body BodyOf(const Message& message, size_t most);
std::string PlainText(const Message& message, size_t most = 10);

// The documented body of a webhook (docs/alerts.md).
nlohmann::json MessageJson(const Message& message);

// "2026-11-23T04:05:06Z"
std::string Rfc3339(uint64_t time);
// "2026-11-23 04:05:06 UTC"
std::string SayTime(uint64_t time);

}  // namespace pano::alert
