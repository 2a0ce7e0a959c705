// SPDX-License-Identifier: Apache-2.0
// Where messages go. Holds secrets: it is written to disk with mode 0600 and never leaves through
// the API (route_json.h leaves them out).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "server/alert/alert.h"
#include "server/alert/silence.h"

namespace pano::alert {

enum class RouteKind : uint8_t {
  kWebhook,
  kSlack,
  kTeams,
  kDingtalk,
  kFeishu,
  kWecom,
  kAlertmanager,
  kEmail,
};
std::string_view Name(RouteKind kind);
std::optional<RouteKind> RouteKindByName(std::string_view name);

enum class MailSecurity : uint8_t { kStarttls, kTls, kNone };
enum class MailAuth : uint8_t { kAuto, kPlain, kLogin };

struct Route {
  std::string id;
  std::string name;
  RouteKind kind = RouteKind::kWebhook;
  bool enabled = true;
  Severity min_severity = Severity::kInfo;
  std::vector<Matcher> matchers;
  bool send_resolved = true;
  uint32_t group_wait_s = 5;
  uint32_t repeat_s = 4 * 3600;  // 0: never
  uint32_t timeout_s = 10;
  bool verify_tls = true;
  std::string ca_pem;

  std::string url;                             // secret but for kAlertmanager
  std::map<std::string, std::string> headers;  // secret
  std::string secret;                          // secret: signs
  std::string body_template;                   // kWebhook; empty: the documented body
  std::string content_type = "application/json";
  std::vector<std::string> at_mobiles;  // kDingtalk
  bool at_all = false;
  std::string username;
  std::string password;      // secret
  std::string bearer_token;  // secret
  std::string host;          // kEmail
  uint16_t port = 0;         // 0: what the security's usual one is
  MailSecurity security = MailSecurity::kStarttls;
  MailAuth auth = MailAuth::kAuto;
  std::string from;
  std::vector<std::string> to;

  Origin origin = Origin::kUser;
  bool operator==(const Route&) const = default;
};

}  // namespace pano::alert
