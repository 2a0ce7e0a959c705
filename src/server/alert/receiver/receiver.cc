// SPDX-License-Identifier: Apache-2.0
#include "server/alert/receiver/receiver.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <nlohmann/json.hpp>

namespace pano::alert {
namespace {

using nlohmann::json;

std::string Accepts(const Reply&, bool&) { return {}; }

// {"errcode":0,"errmsg":"ok"} of DingTalk and WeCom; Feishu says code and msg.
std::string CodeRefusal(const Reply& reply, const char* code_key, const char* text_key,
                        std::initializer_list<int64_t> later_codes, bool& later) {
  const json answer = json::parse(reply.body, nullptr, false);
  if (!answer.is_object()) return {};
  const auto at = answer.find(code_key);
  if (at == answer.end() || !at->is_number_integer() || at->get<int64_t>() == 0) return {};
  const auto code = at->get<int64_t>();
  for (const int64_t one : later_codes) later = later || one == code;
  const auto text = answer.find(text_key);
  return fmt::format("it answered {} {}: {}", code_key, code,
                     text != answer.end() && text->is_string() ? text->get<std::string>() : "");
}

// 130101 and 410100: sent too often; -1: the service is busy.
std::string DingtalkRefusal(const Reply& reply, bool& later) {
  return CodeRefusal(reply, "errcode", "errmsg", {-1, 130101, 410100}, later);
}
std::string WecomRefusal(const Reply& reply, bool& later) {
  return CodeRefusal(reply, "errcode", "errmsg", {-1, 45009, 45033}, later);
}
std::string FeishuRefusal(const Reply& reply, bool& later) {
  return CodeRefusal(reply, "code", "msg", {9499, 11232}, later);
}
// A connector of old says 200 and tells of the failure in the text.
std::string TeamsRefusal(const Reply& reply, bool& later) {
  if (reply.body.find("delivery failed") == std::string::npos) return {};
  later = reply.body.find("429") != std::string::npos;
  return "it answered: " + CutText(reply.body, 200);
}

constexpr std::array kReceivers = std::to_array<Receiver>({
    {RouteKind::kWebhook, "webhook", FormatWebhook, Accepts},
    {RouteKind::kSlack, "slack", FormatSlack, Accepts},
    {RouteKind::kTeams, "teams", FormatTeams, TeamsRefusal},
    {RouteKind::kDingtalk, "dingtalk", FormatDingtalk, DingtalkRefusal},
    {RouteKind::kFeishu, "feishu", FormatFeishu, FeishuRefusal},
    {RouteKind::kWecom, "wecom", FormatWecom, WecomRefusal},
    {RouteKind::kAlertmanager, "alertmanager", FormatAlertmanager, Accepts},
    {RouteKind::kEmail, "email", FormatEmail, Accepts},
});

// What a transport error says of itself may hold the URL, and that holds secrets.
std::string WithoutSecrets(const Route& route, std::string text) {
  constexpr std::string_view kHidden = "(hidden)";
  for (const std::string& secret : {route.url, route.secret, route.password, route.bearer_token}) {
    if (secret.size() < 4) continue;
    for (size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
      text.replace(at, secret.size(), kHidden);
      at += kHidden.size();  // it may hold the secret itself
    }
  }
  return text;
}

}  // namespace

std::string_view Name(RouteKind kind) { return ReceiverOf(kind).name; }

std::optional<RouteKind> RouteKindByName(std::string_view name) {
  for (const Receiver& receiver : kReceivers) {
    if (receiver.name == name) return receiver.kind;
  }
  return std::nullopt;
}

const Receiver& ReceiverOf(RouteKind kind) {
  for (const Receiver& receiver : kReceivers) {
    if (receiver.kind == kind) return receiver;
  }
  return kReceivers.front();
}

Outgoing MakeOutgoing(const Route& route, const Message& message, uint64_t now_ms) {
  Outgoing out;
  out.timeout_s = route.timeout_s;
  out.verify_tls = route.verify_tls;
  out.ca_pem = route.ca_pem;
  out.username = route.username;
  out.password = route.password;
  ReceiverOf(route.kind).format(route, message, now_ms, out);
  return out;
}

Outcome Judge(const Route& route, const Reply& reply) {
  Outcome outcome;
  outcome.status = reply.status;
  outcome.answer = WithoutSecrets(route, CutText(reply.body, 2048));
  outcome.heard = reply.status != 0;
  outcome.retry_after_s = reply.retry_after_s;
  if (!reply.error.empty()) {
    outcome.error = WithoutSecrets(route, reply.error);
    // A mail server's 5xx is its last word (RFC 5321 section 4.2.1).
    outcome.permanent = route.kind == RouteKind::kEmail && reply.status >= 500;
    return outcome;
  }
  if (route.kind == RouteKind::kEmail) {
    outcome.ok = true;
    return outcome;
  }
  if (reply.status >= 200 && reply.status < 300) {
    bool later = false;
    outcome.error = WithoutSecrets(route, ReceiverOf(route.kind).refusal(reply, later));
    outcome.ok = outcome.error.empty();
    outcome.permanent = !outcome.ok && !later;
    return outcome;
  }
  outcome.error = fmt::format("it answered {}", reply.status);
  if (!outcome.answer.empty()) outcome.error += ": " + CutText(outcome.answer, 200);
  const bool later = reply.status == 408 || reply.status == 425 || reply.status == 429;
  outcome.permanent = reply.status >= 300 && reply.status < 500 && !later;
  return outcome;
}

std::string BaseOf(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  const size_t begin = scheme + 3;
  std::string_view rest = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  if (const size_t at = rest.rfind('@'); at != std::string_view::npos) rest = rest.substr(at + 1);
  if (rest.empty()) return {};
  return std::string(url.substr(0, begin)) + std::string(rest);
}

uint16_t PortOf(const Route& mail) {
  if (mail.port != 0) return mail.port;
  if (mail.security == MailSecurity::kTls) return 465;
  return mail.security == MailSecurity::kStarttls ? 587 : 25;
}

std::string TargetOf(const Route& route) {
  if (route.kind == RouteKind::kEmail) {
    std::string to;
    for (const std::string& one : route.to) to += (to.empty() ? "" : ", ") + one;
    return fmt::format("{}:{} to {}", route.host, PortOf(route), to);
  }
  if (route.kind == RouteKind::kAlertmanager) return route.url;
  const std::string base = BaseOf(route.url);
  return base.empty() ? "" : base + "/…";
}

std::string HmacSha256(std::string_view key, std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &length);
  return {reinterpret_cast<const char*>(digest), length};
}

std::string Base64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3), '\0');
  // It writes a NUL behind: the string has room for that.
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                  reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()));
  return out;
}

std::string PercentEncode(std::string_view text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string out;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string HexOf(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

}  // namespace pano::alert
