// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "server/alert/entry_json.h"
#include "server/alert/json_fields.h"
#include "server/alert/receiver/receiver.h"
#include "server/alert/receiver/text_template.h"

namespace pano::alert {
namespace {

using nlohmann::json;

constexpr size_t kMaxUrl = 2000;
constexpr size_t kMaxPem = size_t{64} << 10;
constexpr std::array<const char*, 3> kSecurities{"starttls", "tls", "none"};
constexpr std::array<const char*, 3> kAuths{"auto", "plain", "login"};

// No line ends, no NUL: nothing can be added to a header or a mail's dialogue.
bool OneLine(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

bool Chat(RouteKind kind) { return kind != RouteKind::kAlertmanager && kind != RouteKind::kEmail; }

void ReadUrl(JsonFields& in, Route& route) {
  in.Text("url", route.url, kMaxUrl);
  const bool http = route.url.starts_with("http://") || route.url.starts_with("https://");
  if (route.url.empty()) return in.Wrong("url", "is needed");
  if (!http || BaseOf(route.url).empty() || !OneLine(route.url) ||
      route.url.find(' ') != std::string::npos) {
    in.Wrong("url", "http:// or https:// with a host is needed");
  }
}

void ReadWebhook(JsonFields& in, Route& route) {
  ReadUrl(in, route);
  in.Map("headers", route.headers, 20, 2000);
  in.Text("secret", route.secret, 256);
  in.Text("template", route.body_template, kMaxTemplate);
  in.Text("content_type", route.content_type, 128);
  if (!OneLine(route.content_type)) in.Wrong("content_type", "one line");
  for (const auto& [name, value] : route.headers) {
    const bool plain = name.find_first_not_of(
                           "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
                       std::string::npos;
    if (!plain || !OneLine(value)) in.Wrong("headers", "names of letters, digits and -, one line");
  }
  if (const Status checked = CheckTemplate(route.body_template); !checked) {
    const std::string& text = checked.error().text;
    in.Wrong("template", text.substr(text.find(": ") + 2));
  }
}

void ReadMailbox(JsonFields& in, const std::string& place, const std::string& text) {
  const size_t at = text.rfind('@');
  if (at == std::string::npos || at == 0 || at + 1 == text.size() || !OneLine(text)) {
    in.Wrong(place, "a mail address is needed");
  }
}

void ReadEmail(JsonFields& in, Route& route) {
  in.Text("host", route.host, 253);
  in.Whole("port", route.port, 0, 65'535);
  in.Choice("security", route.security, {"starttls", "tls", "none"});
  in.Choice("auth", route.auth, {"auto", "plain", "login"});
  in.Text("username", route.username, 256);
  in.Text("password", route.password, 1000);
  in.Text("from", route.from, 256);
  in.Texts("to", route.to, 50, 256);
  if (route.host.empty() || route.host.find_first_of("/@? \t\r\n") != std::string::npos) {
    in.Wrong("host", "the name or address of a mail server is needed");
  }
  ReadMailbox(in, "from", route.from);
  if (route.to.empty()) in.Wrong("to", "at least one address is needed");
  for (size_t i = 0; i < route.to.size(); ++i) {
    ReadMailbox(in, fmt::format("to[{}]", i), route.to[i]);
  }
}

void ReadKind(JsonFields& in, Route& route) {
  switch (route.kind) {
    case RouteKind::kWebhook:
      return ReadWebhook(in, route);
    case RouteKind::kDingtalk:
      in.Texts("at_mobiles", route.at_mobiles, 50, 40);
      in.Flag("at_all", route.at_all);
      [[fallthrough]];
    case RouteKind::kFeishu:
      in.Text("secret", route.secret, 256);
      [[fallthrough]];
    case RouteKind::kSlack:
    case RouteKind::kTeams:
    case RouteKind::kWecom:
      return ReadUrl(in, route);
    case RouteKind::kAlertmanager:
      ReadUrl(in, route);
      in.Text("username", route.username, 256);
      in.Text("password", route.password, 1000);
      in.Text("bearer_token", route.bearer_token, 2000);
      if (!OneLine(route.bearer_token)) in.Wrong("bearer_token", "one line");
      if (route.url.find('@') != std::string::npos) in.Wrong("url", "use username and password");
      return;
    case RouteKind::kEmail:
      return ReadEmail(in, route);
  }
}

// Secrets stay only with whom they were given for.
void KeepSecrets(const json& body, const Route& old, Route& route) {
  const auto kept = [&body](const char* key) { return !body.contains(key) || body[key].is_null(); };
  if (old.kind != route.kind) return;
  if (Chat(route.kind) && kept("url")) route.url = old.url;
  const bool same = BaseOf(old.url) == BaseOf(kept("url") || !body["url"].is_string()
                                                  ? old.url
                                                  : body["url"].get_ref<const std::string&>()) &&
                    (route.kind != RouteKind::kEmail || kept("host") || body["host"] == old.host);
  if (!same) return;
  if (kept("secret")) route.secret = old.secret;
  if (kept("password")) route.password = old.password;
  if (kept("bearer_token")) route.bearer_token = old.bearer_token;
  if (kept("headers")) route.headers = old.headers;
}

json Shared(const Route& route) {
  json out = {{"id", route.id},
              {"name", route.name},
              {"kind", Name(route.kind)},
              {"enabled", route.enabled},
              {"min_severity", Name(route.min_severity)},
              {"matchers", MatchersJson(route.matchers)},
              {"send_resolved", route.send_resolved},
              {"group_wait_s", route.group_wait_s},
              {"repeat_s", route.repeat_s},
              {"timeout_s", route.timeout_s},
              {"verify_tls", route.verify_tls},
              {"ca_pem", route.ca_pem}};
  switch (route.kind) {
    case RouteKind::kWebhook:
      out["template"] = route.body_template;
      out["content_type"] = route.content_type;
      break;
    case RouteKind::kDingtalk:
      out["at_mobiles"] = route.at_mobiles;
      out["at_all"] = route.at_all;
      break;
    case RouteKind::kAlertmanager:
      out["url"] = route.url;
      out["username"] = route.username;
      break;
    case RouteKind::kEmail:
      out["host"] = route.host;
      out["port"] = route.port;
      out["security"] = kSecurities[static_cast<size_t>(route.security)];
      out["auth"] = kAuths[static_cast<size_t>(route.auth)];
      out["username"] = route.username;
      out["from"] = route.from;
      out["to"] = route.to;
      break;
    default:
      break;
  }
  return out;
}

}  // namespace

Result<Route> RouteFromJson(const json& body, const std::string& id, const Route* old) {
  JsonFields in(body, "");
  Route route;
  in.Text("name", route.name, 128);
  if (route.name.empty()) in.Wrong("name", "is needed");
  if (!OneLine(route.name)) in.Wrong("name", "one line");
  PANO_ASSIGN(route.id, EntryId(in, id, route.name));
  in.Choice("kind", route.kind,
            {"webhook", "slack", "teams", "dingtalk", "feishu", "wecom", "alertmanager", "email"});
  if (!in.Has("kind")) in.Wrong("kind", "is needed");
  in.Flag("enabled", route.enabled);
  in.Choice("min_severity", route.min_severity, {"info", "warning", "critical"});
  ReadMatchers(in, route.matchers);
  in.Flag("send_resolved", route.send_resolved);
  in.Whole("group_wait_s", route.group_wait_s, 0, 600);
  in.Whole("repeat_s", route.repeat_s, 0, 604'800);
  if (route.repeat_s != 0 && route.repeat_s < 60) in.Wrong("repeat_s", "0, or 60 to 604800");
  in.Whole("timeout_s", route.timeout_s, 1, 30);
  in.Flag("verify_tls", route.verify_tls);
  in.Text("ca_pem", route.ca_pem, kMaxPem);
  if (!route.ca_pem.empty() && route.ca_pem.find("-----BEGIN CERTIFICATE") == std::string::npos) {
    in.Wrong("ca_pem", "certificates in PEM are needed");
  }
  if (old != nullptr && in.ok()) KeepSecrets(body, *old, route);
  if (in.ok()) ReadKind(in, route);
  PANO_TRY(in.Check({"target", "secrets_set", "origin", "warnings", "health"}));
  return route;
}

json RouteJson(const Route& route) {
  json out = Shared(route);
  const auto add = [&out](const char* key, const std::string& text) {
    if (!text.empty()) out[key] = text;
  };
  add("url", route.url);
  add("password", route.password);
  add("bearer_token", route.bearer_token);
  add("secret", route.secret);
  if (!route.headers.empty()) out["headers"] = route.headers;
  return out;
}

json PublicRouteJson(const Route& route) {
  json out = Shared(route);
  json secrets = json::array();
  if (Chat(route.kind) && !route.url.empty()) secrets.push_back("url");
  if (!route.headers.empty()) secrets.push_back("headers");
  if (!route.secret.empty()) secrets.push_back("secret");
  if (!route.password.empty()) secrets.push_back("password");
  if (!route.bearer_token.empty()) secrets.push_back("bearer_token");
  out["target"] = TargetOf(route);
  out["secrets_set"] = std::move(secrets);
  return out;
}

std::vector<std::string> RouteWarnings(const Route& route) {
  std::vector<std::string> out;
  if (!route.verify_tls) out.emplace_back("the receiver's certificate is not checked");
  if (route.kind == RouteKind::kEmail && route.security == MailSecurity::kNone &&
      !route.password.empty()) {
    out.emplace_back("the password travels unencrypted");
  }
  const bool sends_secret = !route.password.empty() || !route.bearer_token.empty();
  if (route.url.starts_with("http://") && sends_secret) {
    out.emplace_back("credentials travel unencrypted");
  }
  return out;
}

}  // namespace pano::alert
