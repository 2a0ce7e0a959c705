// SPDX-License-Identifier: Apache-2.0
#include "server/alert/message.h"

#include <fmt/format.h>

#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>

#include "server/analysis/words.h"

namespace pano::alert {
namespace {

using nlohmann::json;

std::tm Utc(uint64_t time) {
  const auto seconds = static_cast<std::time_t>(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return parts;
}

json NumberOrNull(double value) { return std::isfinite(value) ? json(value) : json(); }
json TimeOrNull(uint64_t time) { return time != 0 ? json(time) : json(); }

json AlertJson(const Alert& alert) {
  return {{"id", alert.id},
          {"rule", alert.rule},
          {"rule_name", alert.rule_name},
          {"severity", Name(alert.severity)},
          {"state", Name(alert.phase)},
          {"since", alert.since},
          {"role", alert.is_cause ? "cause" : "victim"},
          {"client", alert.subject.client},
          {"server", alert.subject.server},
          {"service", alert.subject.service},
          {"metric", alert.metric},
          {"value", NumberOrNull(alert.value)},
          {"limit", NumberOrNull(alert.limit)},
          {"unit", alert.unit},
          {"text", alert.text},
          {"labels", alert.labels}};
}

}  // namespace

std::string Rfc3339(uint64_t time) {
  const std::tm t = Utc(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", t.tm_year + 1900, t.tm_mon + 1,
                     t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
}

std::string SayTime(uint64_t time) {
  std::string text = Rfc3339(time);
  text[10] = ' ';
  text.back() = ' ';
  return text + "UTC";
}

Message TestMessage(const std::string& route_name, const std::string& url, uint64_t time) {
  Message message;
  message.kind = MessageKind::kTest;
  message.time = time;
  message.url = url;
  message.group.id = "test";
  message.group.since = message.group.opened = time;
  message.group.title = "Test message of Panoscope";
  message.group.sentence =
      fmt::format("This is a test of the route \"{}\". Nothing is wrong.", route_name);
  message.group.labels = {{"severity", "info"}, {"rule", "test"}};
  return message;
}

bool Resolved(const Message& message) { return message.kind == MessageKind::kResolved; }

std::string Headline(const Message& message) {
  const char* state = "FIRING";
  if (message.kind == MessageKind::kTest) state = "TEST";
  if (message.kind == MessageKind::kRepeat) state = "STILL FIRING";
  if (Resolved(message)) state = "RESOLVED";
  return fmt::format("[{}] {}", state, message.group.title);
}

Body BodyOf(const Message& message, size_t most) {
  const Group& group = message.group;
  Body body;
  body.sentence = group.sentence;
  if (!Resolved(message)) {
    body.evidence = group.evidence;
    if (body.evidence.size() > 5) body.evidence.resize(5);
  }
  // Where nobody is the cause, all are listed alike.
  std::vector<std::string> lines = group.cause.empty() ? group.causes : std::vector<std::string>();
  lines.insert(lines.end(), group.victims.begin(), group.victims.end());
  for (const std::string& line : lines) {
    if (body.victims.size() == most) {
      body.victims.push_back(fmt::format("and {} more", lines.size() - most));
      break;
    }
    body.victims.push_back(line);
  }
  body.since = "Since " + SayTime(group.since);
  if (Resolved(message)) {
    const double lasted_us =
        1e6 * static_cast<double>(group.resolved_at - std::min(group.since, group.resolved_at));
    body.since = fmt::format("From {} to {}, {}", SayTime(group.since), SayTime(group.resolved_at),
                             analysis::SayDuration(lasted_us));
  }
  if (message.kind == MessageKind::kTest) body.since.clear();
  return body;
}

std::string PlainText(const Message& message, size_t most) {
  const Body body = BodyOf(message, most);
  std::string out = Headline(message) + "\n";
  if (!body.sentence.empty()) out += body.sentence + "\n";
  for (const std::string& line : body.evidence) out += "- " + line + "\n";
  if (!body.victims.empty()) {
    out += message.group.cause.empty() ? "What is over:\n" : "Affected:\n";
    for (const std::string& line : body.victims) out += "- " + line + "\n";
  }
  if (!body.since.empty()) out += body.since + "\n";
  if (!message.url.empty()) out += message.url + "\n";
  return out;
}

json MessageJson(const Message& message) {
  const Group& group = message.group;
  json alerts = json::array();
  for (const Alert& alert : message.alerts) alerts.push_back(AlertJson(alert));
  json replaces = json::array();
  for (const Group& replaced : message.replaced) replaces.push_back(replaced.id);
  const char* status = Resolved(message)                    ? "resolved"
                       : message.kind == MessageKind::kTest ? "test"
                                                            : "firing";
  return {{"version", 1},
          {"status", status},
          {"repeat", message.kind == MessageKind::kRepeat},
          {"time", message.time},
          {"group", group.id},
          {"severity", Name(group.severity)},
          {"title", group.title},
          {"text", PlainText(message)},
          {"cause", group.cause.empty() ? json() : json(group.cause)},
          {"class", group.fault.empty() ? json() : json(group.fault)},
          {"sentence", group.sentence},
          {"evidence", group.evidence},
          {"path", group.path},
          {"victims", group.victims},
          {"since", group.since},
          {"resolved_at", TimeOrNull(group.resolved_at)},
          {"replaces", std::move(replaces)},
          {"labels", group.labels},
          {"alerts", std::move(alerts)},
          {"url", message.url}};
}

}  // namespace pano::alert
