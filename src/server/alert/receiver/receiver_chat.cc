// SPDX-License-Identifier: Apache-2.0
// Chat services: Slack, Microsoft Teams, DingTalk, Feishu, WeCom. What each takes is in its own
// documentation of incoming webhooks; lengths are theirs, cut with room to spare.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "server/alert/receiver/receiver.h"

namespace pano::alert {
namespace {

using nlohmann::json;

constexpr size_t kListed = 10;

void SetJson(Outgoing& out, const Route& route, const json& body) {
  out.url = route.url;
  out.headers.emplace_back("Content-Type", "application/json; charset=utf-8");
  out.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
}

const char* ColorOf(const Message& message) {
  if (Resolved(message)) return "#2e9e5b";
  if (message.kind == MessageKind::kTest) return "#4a7fd4";
  return message.group.severity == Severity::kCritical ? "#d43d3d" : "#d98e1f";
}

// Slack reads & < > as its own marks; names come from captured bytes.
std::string ForSlack(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

// Markdown as DingTalk and WeCom read it: a name must not make links or headings.
std::string ForMarkdown(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\n\r#`*").contains(c)) {
      out += ' ';
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '[') {
      out += "(";
    } else if (c == ']') {
      out += ")";
    } else {
      out += c;
    }
  }
  return out;
}

std::string Markdown(const Message& message) {
  const Body body = BodyOf(message, kListed);
  const std::string headline = Headline(message);
  const size_t bracket = headline.find(']') + 1;
  std::string out = "### " + headline.substr(1, bracket - 2) + ": " +
                    ForMarkdown(headline.substr(std::min(headline.size(), bracket + 1))) + "\n\n";
  if (!body.sentence.empty()) out += ForMarkdown(body.sentence) + "\n\n";
  for (const std::string& line : body.evidence) out += "- " + ForMarkdown(line) + "\n";
  if (!body.victims.empty()) {
    out += message.group.cause.empty() ? "\n**What is over**\n\n" : "\n**Affected**\n\n";
    for (const std::string& line : body.victims) out += "- " + ForMarkdown(line) + "\n";
  }
  if (!body.since.empty()) out += "\n" + body.since + "\n";
  if (!message.url.empty()) out += fmt::format("\n[Open the map]({})\n", message.url);
  return out;
}

std::string Lines(const std::vector<std::string>& lines, std::string_view bullet) {
  std::string out;
  for (const std::string& line : lines) out += std::string(bullet) + line + "\n";
  return out;
}

}  // namespace

void FormatSlack(const Route& route, const Message& message, uint64_t, Outgoing& out) {
  const Body body = BodyOf(message, kListed);
  json blocks = json::array();
  const auto add = [&blocks](const std::string& text) {
    if (text.empty()) return;
    const json said = {{"type", "mrkdwn"}, {"text", CutText(ForSlack(text), 2900)}};
    blocks.push_back({{"type", "section"}, {"text", said}});
  };
  const std::string headline = Headline(message);
  const json title = {{"type", "plain_text"}, {"text", CutText(headline, 150)}, {"emoji", false}};
  blocks.push_back({{"type", "header"}, {"text", title}});
  add(body.sentence);
  add(Lines(body.evidence, "• "));
  add(Lines(body.victims, "• "));
  add(body.since);
  if (!message.url.empty()) {
    const json link = {{"type", "mrkdwn"}, {"text", "<" + message.url + "|Open the map>"}};
    blocks.push_back({{"type", "section"}, {"text", link}});
  }
  const json attachment = {{"color", ColorOf(message)}, {"blocks", std::move(blocks)}};
  SetJson(
      out, route,
      {{"text", CutText(ForSlack(headline), 2900)}, {"attachments", json::array({attachment})}});
}

void FormatTeams(const Route& route, const Message& message, uint64_t, Outgoing& out) {
  const Body body = BodyOf(message, kListed);
  json items = json::array();
  const auto add = [&items](const std::string& text, const char* weight, const char* color) {
    if (text.empty()) return;
    items.push_back({{"type", "TextBlock"},
                     {"text", CutText(text, 4000)},
                     {"wrap", true},
                     {"weight", weight},
                     {"color", color}});
  };
  const char* color = Resolved(message)                               ? "good"
                      : message.kind == MessageKind::kTest            ? "accent"
                      : message.group.severity == Severity::kCritical ? "attention"
                                                                      : "warning";
  add(ForMarkdown(Headline(message)), "bolder", color);
  add(ForMarkdown(body.sentence), "default", "default");
  for (const std::string& line : body.evidence) add("- " + ForMarkdown(line), "default", "default");
  for (const std::string& line : body.victims) add("- " + ForMarkdown(line), "default", "default");
  add(body.since, "lighter", "default");
  json card = {{"$schema", "http://adaptivecards.io/schemas/adaptive-card.json"},
               {"type", "AdaptiveCard"},
               {"version", "1.4"},
               {"body", std::move(items)}};
  if (!message.url.empty()) {
    card["actions"] = json::array(
        {{{"type", "Action.OpenUrl"}, {"title", "Open the map"}, {"url", message.url}}});
  }
  const json attachment = {{"contentType", "application/vnd.microsoft.card.adaptive"},
                           {"contentUrl", nullptr},
                           {"content", std::move(card)}};
  SetJson(out, route, {{"type", "message"}, {"attachments", json::array({attachment})}});
}

// The signature is of time and secret with the secret as key, in the URL.
void FormatDingtalk(const Route& route, const Message& message, uint64_t now_ms, Outgoing& out) {
  json at = {{"isAtAll", route.at_all}, {"atMobiles", route.at_mobiles}};
  std::string text = CutText(Markdown(message), 18'000);
  for (const std::string& mobile : route.at_mobiles) text += " @" + mobile;
  SetJson(out, route,
          {{"msgtype", "markdown"},
           {"markdown", {{"title", CutText(Headline(message), 200)}, {"text", text}}},
           {"at", std::move(at)}});
  if (route.secret.empty()) return;
  const std::string time = std::to_string(now_ms);
  const std::string sign = Base64(HmacSha256(route.secret, time + "\n" + route.secret));
  out.url +=
      fmt::format("{}timestamp={}&sign={}", route.url.find('?') == std::string::npos ? "?" : "&",
                  time, PercentEncode(sign));
}

// The signature is of nothing with time and secret as key, in the body.
void FormatFeishu(const Route& route, const Message& message, uint64_t now_ms, Outgoing& out) {
  const Body body = BodyOf(message, kListed);
  const char* color = Resolved(message)                               ? "green"
                      : message.kind == MessageKind::kTest            ? "blue"
                      : message.group.severity == Severity::kCritical ? "red"
                                                                      : "orange";
  json elements = json::array();
  const auto add = [&elements](const std::string& text) {
    if (text.empty()) return;
    const json said = {{"tag", "plain_text"}, {"content", CutText(text, 8000)}};
    elements.push_back({{"tag", "div"}, {"text", said}});
  };
  add(body.sentence);
  add(Lines(body.evidence, "• "));
  add(Lines(body.victims, "• "));
  add(body.since);
  if (!message.url.empty()) {
    const json label = {{"tag", "plain_text"}, {"content", "Open the map"}};
    const json button = {
        {"tag", "button"}, {"text", label}, {"url", message.url}, {"type", "default"}};
    elements.push_back({{"tag", "action"}, {"actions", json::array({button})}});
  }
  const json title = {{"tag", "plain_text"}, {"content", CutText(Headline(message), 500)}};
  json card = {{"config", {{"wide_screen_mode", true}}},
               {"header", {{"title", title}, {"template", color}}},
               {"elements", std::move(elements)}};
  json document = {{"msg_type", "interactive"}, {"card", std::move(card)}};
  if (!route.secret.empty()) {
    const std::string time = std::to_string(now_ms / 1000);
    document["timestamp"] = time;
    document["sign"] = Base64(HmacSha256(time + "\n" + route.secret, ""));
  }
  SetJson(out, route, document);
}

void FormatWecom(const Route& route, const Message& message, uint64_t, Outgoing& out) {
  SetJson(out, route,
          {{"msgtype", "markdown"}, {"markdown", {{"content", CutText(Markdown(message), 4000)}}}});
}

}  // namespace pano::alert
