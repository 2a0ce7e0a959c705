// SPDX-License-Identifier: Apache-2.0
// in: Route, Message  out: Outgoing; Reply -> Outcome
// One row per kind of receiver: how a message looks there, and what its answers mean.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/alert/message.h"
#include "server/alert/receiver/transport.h"
#include "server/alert/route.h"

namespace pano::alert {

struct Receiver {
  RouteKind kind;
  std::string_view name;
  // Fills url, headers and body. `now_ms`: wall clock, for signatures.
  void (*format)(const Route&, const Message&, uint64_t now_ms, Outgoing&);
  // The receiver's own idea of success, once HTTP said 2xx: an error text, or empty. `later` is set
  // where trying again may help.
  std::string (*refusal)(const Reply&, bool& later);
};
const Receiver& ReceiverOf(RouteKind kind);

// With what all kinds share: timeout, TLS, credentials.
Outgoing MakeOutgoing(const Route& route, const Message& message, uint64_t now_ms);
Outcome Judge(const Route& route, const Reply& reply);

// Where it goes without its secrets: "https://hooks.slack.com/…", "smtp.example.org:587 to a@b".
std::string TargetOf(const Route& route);
// scheme://host[:port] of a URL; empty when it is none.
std::string BaseOf(std::string_view url);
uint16_t PortOf(const Route& mail);

std::string HmacSha256(std::string_view key, std::string_view text);  // 32 bytes
std::string Base64(std::string_view bytes);
std::string PercentEncode(std::string_view text);
std::string HexOf(std::string_view bytes);

// One per file; used by the registry only.
void FormatWebhook(const Route& route, const Message& message, uint64_t now_ms, Outgoing& out);
void FormatSlack(const Route& route, const Message& message, uint64_t now_ms, Outgoing& out);
void FormatTeams(const Route& route, const Message& message, uint64_t now_ms, Outgoing& out);
void FormatDingtalk(const Route& route, const Message& message, uint64_t now_ms, Outgoing& out);
void FormatFeishu(const Route& route, const Message& message, uint64_t now_ms, Outgoing& out);
void FormatWecom(const Route& route, const Message& message, uint64_t now_ms, Outgoing& out);
void FormatAlertmanager(const Route& route, const Message& message, uint64_t now_ms, Outgoing& out);
void FormatEmail(const Route& route, const Message& message, uint64_t now_ms, Outgoing& out);

}  // namespace pano::alert
