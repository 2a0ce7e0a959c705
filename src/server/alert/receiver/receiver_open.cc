// SPDX-License-Identifier: Apache-2.0
// Open interfaces: a webhook of one's own, a Prometheus Alertmanager, mail.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>
#include <nlohmann/json.hpp>

#include "server/alert/receiver/receiver.h"
#include "server/alert/receiver/text_template.h"

namespace pano::alert {
namespace {

using nlohmann::json;

std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// [a-zA-Z_][a-zA-Z0-9_]* as Prometheus wants the names of labels.
std::string LabelName(std::string_view name) {
  std::string out;
  for (const char c : name) {
    out += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  }
  if (out.empty() || std::isdigit(static_cast<unsigned char>(out.front())) != 0) out.insert(0, "_");
  return out;
}

// One alert per group: its labels hold what does not change while it lasts.
json AlertmanagerAlert(const Group& group, const Message& message, bool over) {
  json labels = {{"alertname", "Panoscope"}, {"group", group.id}, {"source", "panoscope"}};
  if (message.kind == MessageKind::kTest) labels["alertname"] = "PanoscopeTest";
  if (!group.cause.empty()) labels["service"] = group.cause;
  for (const auto& [name, value] : group.first_labels) {
    // A label that changes makes another alert of it there.
    if (name == "severity" || name == "class" || name == "metric") continue;
    labels.emplace(LabelName(name), value);
  }
  const Body body = BodyOf(message, 20);
  std::string description = group.sentence;
  for (const std::string& line : body.evidence) description += "\n- " + line;
  for (const std::string& line : body.victims) description += "\n- " + line;
  json annotations = {{"summary", group.title},
                      {"description", description},
                      {"severity", Name(group.severity)},
                      {"class", group.fault}};
  // What is not said again is over 5 minutes later, should this process die.
  const uint64_t end =
      over ? (group.resolved_at != 0 ? group.resolved_at : message.time) : message.time + 300;
  return {{"labels", std::move(labels)},
          {"annotations", std::move(annotations)},
          {"startsAt", Rfc3339(std::min(group.since, end))},
          {"endsAt", Rfc3339(end)},
          {"generatorURL", message.url}};
}

// RFC 2047 section 4.1: words of at most 75 characters, cut between characters.
std::string EncodedHeader(std::string_view text) {
  constexpr size_t kBytesPerWord = 42;
  std::string out;
  while (!text.empty()) {
    size_t length = std::min(text.size(), kBytesPerWord);
    while (length < text.size() && length > 1 &&
           (static_cast<uint8_t>(text[length]) & 0xc0) == 0x80) {
      --length;
    }
    if (!out.empty()) out += "\r\n ";
    out += "=?UTF-8?B?" + Base64(text.substr(0, length)) + "?=";
    text.remove_prefix(length);
  }
  return out;
}

std::string Folded(std::string_view base64) {
  std::string out;
  for (size_t i = 0; i < base64.size(); i += 76) {
    out += base64.substr(i, 76);
    out += "\r\n";
  }
  return out;
}

// RFC 5322 section 3.3, without locale.
std::string MailDate(uint64_t time) {
  constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto seconds = static_cast<std::time_t>(time);
  std::tm t{};
  gmtime_r(&seconds, &t);
  return fmt::format("{}, {} {} {} {:02}:{:02}:{:02} +0000", kDays[t.tm_wday], t.tm_mday,
                     kMonths[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

// "Ops <ops@example.org>" -> "ops@example.org"
std::string AddressOf(const std::string& mailbox) {
  const size_t open = mailbox.rfind('<');
  if (open == std::string::npos) return mailbox;
  return mailbox.substr(open + 1, mailbox.find('>', open) - open - 1);
}

}  // namespace

void FormatWebhook(const Route& route, const Message& message, uint64_t, Outgoing& out) {
  const json document = MessageJson(message);
  out.url = route.url;
  out.body =
      route.body_template.empty() ? Dump(document) : FillTemplate(route.body_template, document);
  out.headers.emplace_back("Content-Type", route.content_type);
  for (const auto& [name, value] : route.headers) out.headers.emplace_back(name, value);
  if (!route.secret.empty()) {
    out.headers.emplace_back("X-Panoscope-Signature",
                             "sha256=" + HexOf(HmacSha256(route.secret, out.body)));
  }
}

void FormatAlertmanager(const Route& route, const Message& message, uint64_t, Outgoing& out) {
  std::string base = route.url;
  while (base.ends_with('/')) base.pop_back();
  out.url = base + "/api/v2/alerts";
  out.headers.emplace_back("Content-Type", "application/json");
  if (!route.bearer_token.empty()) {
    out.headers.emplace_back("Authorization", "Bearer " + route.bearer_token);
  }
  const bool over = Resolved(message) || message.kind == MessageKind::kTest;
  json alerts = json::array({AlertmanagerAlert(message.group, message, over)});
  if (message.kind == MessageKind::kTest) {
    alerts[0]["endsAt"] = Rfc3339(message.time + 60);  // seen for a minute
  }
  for (const Group& replaced : message.replaced) {
    alerts.push_back(AlertmanagerAlert(replaced, message, true));
  }
  out.body = Dump(alerts);
}

void FormatEmail(const Route& route, const Message& message, uint64_t now_ms, Outgoing& out) {
  out.mail = true;
  out.must_upgrade = route.security == MailSecurity::kStarttls;
  const bool bracket = route.host.find(':') != std::string::npos;
  out.url = fmt::format("{}://{}:{}", route.security == MailSecurity::kTls ? "smtps" : "smtp",
                        bracket ? "[" + route.host + "]" : route.host, PortOf(route));
  out.auth = route.auth;
  out.from = AddressOf(route.from);
  std::string to_line;
  for (const std::string& to : route.to) {
    out.to.push_back(AddressOf(to));
    to_line += (to_line.empty() ? "" : ",\r\n ") + to;
  }
  // Messages of one group make one thread in a mail program.
  const std::string domain = out.from.substr(out.from.find('@') + 1);
  const std::string thread =
      HexOf(HmacSha256(message.group.id, std::to_string(message.group.opened))).substr(0, 24);
  out.body = "From: " + route.from + "\r\nTo: " + to_line +
             "\r\nSubject: " + EncodedHeader(CutText(Headline(message), 300)) +
             "\r\nDate: " + MailDate(message.time) +
             fmt::format("\r\nMessage-ID: <{}.{}@{}>\r\nReferences: <{}@{}>", thread, now_ms,
                         domain, thread, domain) +
             "\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0"
             "\r\nContent-Type: text/plain; charset=utf-8"
             "\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
             Folded(Base64(PlainText(message, 40)));
}

}  // namespace pano::alert
