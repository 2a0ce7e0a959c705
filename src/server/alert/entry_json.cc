// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cctype>

#include "schema/tag.h"
#include "server/alert/entry_json.h"
#include "server/alert/json_fields.h"

namespace pano::alert {
namespace {

using nlohmann::json;

constexpr size_t kMaxName = 128;
constexpr uint32_t kLongest = 86'400;
constexpr size_t kMaxLabels = 20;

constexpr std::array<std::string_view, 11> kTypes{
    "over_limit",     "threshold", "edges_over", "bottleneck", "bottleneck_changed",
    "run_objectives", "losses",    "store",      "stage",      "capture",
    "event"};

bool KnownEvent(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(schema::EventKind::kLimits); ++i) {
    if (schema::Name(static_cast<schema::EventKind>(i)) == name) return true;
  }
  return false;
}

void ReadFields(JsonFields& in, Condition& c) {
  using enum ConditionType;
  const auto is = [&c](std::initializer_list<ConditionType> types) {
    return std::ranges::find(types, c.type) != types.end();
  };
  if (is({kOverLimit, kThreshold})) {
    in.Text("metric", c.metric, 60);
    in.Text("client", c.client, kMaxName);
    in.Text("server", c.server, kMaxName);
  }
  if (is({kOverLimit, kThreshold, kBottleneck, kEvent})) in.Text("service", c.service, kMaxName);
  if (c.type == kOverLimit) in.Choice("subject", c.scope, {"any", "edge", "node"});
  if (c.type == kThreshold) {
    in.Choice("subject", c.scope, {"any", "edge", "node"});
    bool below = false;
    in.Choice("op", below, {">", "<"});
    c.above = !below;
    if (c.metric.empty()) in.Wrong("metric", "is needed");
    if (!in.Has("value")) in.Wrong("value", "is needed");
    in.Number("value", c.value, -1e18, 1e18);
  }
  if (is({kEdgesOver, kEvent})) in.Whole("count", c.count, 1, 100'000);
  if (is({kBottleneck, kBottleneckChanged})) in.Number("min_confidence", c.min_confidence, 0, 1);
  if (c.type == kBottleneck) in.Texts("classes", c.classes, 20, 60);
  if (c.type == kRunObjectives) in.Text("run", c.run, kMaxName);
  if (c.type == kLosses) {
    in.Texts("effects", c.effects, 3, 60);
    in.Texts("causes", c.causes, 50, 60);
    in.Number("per_s", c.per_s, 0, 1e12);
    for (size_t i = 0; i < c.effects.size(); ++i) {
      if (c.effects[i] != "lost" && c.effects[i] != "unread" && c.effects[i] != "exact") {
        in.Wrong(fmt::format("effects[{}]", i), "one of lost, unread, exact");
      }
    }
  }
  if (c.type == kEvent) {
    in.Texts("kinds", c.kinds, 20, 60);
    for (size_t i = 0; i < c.kinds.size(); ++i) {
      if (!KnownEvent(c.kinds[i])) in.Wrong(fmt::format("kinds[{}]", i), "there is no such event");
    }
  }
}

Result<Condition> ConditionFrom(const json& body) {
  JsonFields in(body, "condition");
  Condition c;
  std::string type;
  in.Text("type", type, 60);
  const auto at = std::ranges::find(kTypes, type);
  if (at == kTypes.end()) {
    std::string all;
    for (const auto name : kTypes) all += (all.empty() ? "" : ", ") + std::string(name);
    in.Wrong("type", "one of " + all);
  } else {
    c.type = static_cast<ConditionType>(at - kTypes.begin());
    ReadFields(in, c);
  }
  PANO_TRY(in.Check());
  return c;
}

void AddText(json& out, const char* key, const std::string& text) {
  if (!text.empty()) out[key] = text;
}
void AddTexts(json& out, const char* key, const std::vector<std::string>& texts) {
  if (!texts.empty()) out[key] = texts;
}

json ConditionJson(const Condition& c) {
  using enum ConditionType;
  json out = {{"type", kTypes[static_cast<size_t>(c.type)]}};
  AddText(out, "metric", c.metric);
  AddText(out, "service", c.service);
  AddText(out, "client", c.client);
  AddText(out, "server", c.server);
  AddText(out, "run", c.run);
  AddTexts(out, "classes", c.classes);
  AddTexts(out, "effects", c.effects);
  AddTexts(out, "causes", c.causes);
  AddTexts(out, "kinds", c.kinds);
  if (c.type == kOverLimit || c.type == kThreshold) {
    constexpr std::array<const char*, 3> kScopes{"any", "edge", "node"};
    out["subject"] = kScopes[static_cast<size_t>(c.scope)];
  }
  if (c.type == kThreshold) {
    out["op"] = c.above ? ">" : "<";
    out["value"] = c.value;
  }
  if (c.type == kEdgesOver || c.type == kEvent) out["count"] = c.count;
  if (c.type == kBottleneck || c.type == kBottleneckChanged) {
    out["min_confidence"] = c.min_confidence;
  }
  if (c.type == kLosses) out["per_s"] = c.per_s;
  return out;
}

}  // namespace

bool ValidId(std::string_view id) {
  return !id.empty() && id.size() <= 40 && std::ranges::all_of(id, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-';
  });
}

std::string IdOf(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const auto u = static_cast<unsigned char>(c);
    if (u < 0x80 && std::isalnum(u) != 0) {
      out += static_cast<char>(std::tolower(u));
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
    if (out.size() == 40) break;
  }
  while (out.ends_with('-')) out.pop_back();
  return out;
}

Result<std::string> EntryId(JsonFields& in, const std::string& id, const std::string& name) {
  std::string given;
  in.Text("id", given, 40);
  if (!id.empty()) {
    if (!given.empty() && given != id) in.Wrong("id", "is another one than in the path");
    given = id;
  }
  if (given.empty()) given = IdOf(name);
  if (!given.empty() && !ValidId(given)) in.Wrong("id", "[0-9a-z-], at most 40");
  return given;
}

Result<Rule> RuleFromJson(const json& body, const std::string& id) {
  JsonFields in(body, "");
  Rule rule;
  in.Text("name", rule.name, kMaxName);
  in.Text("note", rule.note, kMaxText);
  if (rule.name.empty()) in.Wrong("name", "is needed");
  PANO_ASSIGN(rule.id, EntryId(in, id, rule.name));
  if (const json* enabled = in.Find("enabled"); enabled != nullptr) {
    if (enabled->is_boolean()) {
      rule.enabled = enabled->get<bool>() ? Enabled::kOn : Enabled::kOff;
    } else if (*enabled != "auto") {
      in.Wrong("enabled", "true, false or \"auto\"");
    }
  } else {
    rule.enabled = Enabled::kOn;
  }
  in.Choice("severity", rule.severity, {"info", "warning", "critical"});
  in.Whole("for_s", rule.for_s, 0, kLongest);
  in.Whole("clear_s", rule.clear_s, 0, kLongest);
  in.Map("labels", rule.labels, kMaxLabels, 256);
  const json* condition = in.Find("condition");
  if (condition == nullptr) in.Wrong("condition", "is needed");
  PANO_TRY(in.Check({"on", "origin", "warnings"}));
  PANO_ASSIGN(rule.condition, ConditionFrom(*condition));
  return rule;
}

json RuleJson(const Rule& rule) {
  json out = {{"id", rule.id},         {"name", rule.name},
              {"note", rule.note},     {"severity", Name(rule.severity)},
              {"for_s", rule.for_s},   {"clear_s", rule.clear_s},
              {"labels", rule.labels}, {"condition", ConditionJson(rule.condition)}};
  if (rule.enabled == Enabled::kAuto) {
    out["enabled"] = "auto";
  } else {
    out["enabled"] = rule.enabled == Enabled::kOn;
  }
  return out;
}
namespace {

constexpr size_t kMaxMatchers = 20;
constexpr uint64_t kDay = 86'400;
constexpr uint64_t kMaxTime = 100'000'000'000;  // unix seconds: a time in ms is found out
constexpr uint64_t kMaxLength = 400 * kDay;
constexpr std::array<const char*, 4> kOps{"=", "!=", "~", "!~"};
constexpr std::array<const char*, 3> kEvery{"once", "day", "week"};

}  // namespace

void ReadMatchers(JsonFields& in, std::vector<Matcher>& matchers) {
  const json* list = in.Find("matchers");
  if (list == nullptr) return;
  if (!list->is_array() || list->size() > kMaxMatchers) {
    return in.Wrong("matchers", fmt::format("a list of at most {}", kMaxMatchers));
  }
  matchers.clear();
  for (size_t i = 0; i < list->size(); ++i) {
    const std::string place = fmt::format("matchers[{}]", i);
    JsonFields one((*list)[i], in.PlaceOf(place));
    Matcher matcher;
    int op = 0;
    one.Text("label", matcher.label, 128);
    one.Text("value", matcher.value, 256);
    one.Choice("op", op, {"=", "!=", "~", "!~"});
    if (matcher.label.empty()) one.Wrong("label", "is needed");
    if (!one.Has("value")) one.Wrong("value", "is needed");
    matcher.negated = op == 1 || op == 3;
    matcher.pattern = op >= 2;
    if (const Status checked = one.Check(); !checked) {
      const std::string& text = checked.error().text;
      const size_t colon = text.find(": ");
      return in.Wrong(text.substr(0, colon), text.substr(colon + 2));
    }
    matchers.push_back(std::move(matcher));
  }
}

json MatchersJson(const std::vector<Matcher>& matchers) {
  json out = json::array();
  for (const Matcher& m : matchers) {
    out.push_back({{"label", m.label},
                   {"op", kOps[(m.negated ? 1 : 0) + (m.pattern ? 2 : 0)]},
                   {"value", m.value}});
  }
  return out;
}

Result<Silence> SilenceFromJson(const json& body, const std::string& id, uint64_t now) {
  JsonFields in(body, "");
  Silence silence;
  silence.starts_at = now;
  silence.created_at = now;
  PANO_ASSIGN(silence.id, EntryId(in, id, ""));
  in.Choice("kind", silence.maintenance, {"silence", "maintenance"});
  in.Choice("every", silence.every, {"once", "day", "week"});
  in.Text("comment", silence.comment, kMaxText);
  in.Text("created_by", silence.created_by, 128);
  in.Whole("starts_at", silence.starts_at, 0, kMaxTime);
  in.Whole("created_at", silence.created_at, 0, kMaxTime);
  ReadMatchers(in, silence.matchers);
  uint64_t for_s = 0;
  in.Whole("for_s", for_s, 1, kMaxLength);
  in.Whole("ends_at", silence.ends_at, 1, kMaxTime);
  if (in.Has("for_s") == in.Has("ends_at")) in.Wrong("ends_at", "give it, or for_s");
  if (for_s != 0) silence.ends_at = silence.starts_at + for_s;
  if (silence.comment.empty()) in.Wrong("comment", "is needed: why is it silent?");
  if (silence.matchers.empty() && !silence.maintenance) {
    in.Wrong("matchers", "at least one is needed; a maintenance may do without");
  }
  if (silence.ends_at <= silence.starts_at) in.Wrong("ends_at", "is before it starts");
  const uint64_t length = silence.ends_at - std::min(silence.starts_at, silence.ends_at);
  const uint64_t period = silence.every == Every::kDay ? kDay : 7 * kDay;
  if (silence.every != Every::kOnce && length > period) {
    in.Wrong("ends_at", "it lasts longer than until it comes again");
  }
  if (length > kMaxLength) in.Wrong("ends_at", "at most 400 days");
  PANO_TRY(in.Check({"state", "matched", "origin"}));
  return silence;
}

json SilenceJson(const Silence& silence) {
  return {{"id", silence.id},
          {"kind", silence.maintenance ? "maintenance" : "silence"},
          {"matchers", MatchersJson(silence.matchers)},
          {"starts_at", silence.starts_at},
          {"ends_at", silence.ends_at},
          {"every", kEvery[static_cast<size_t>(silence.every)]},
          {"comment", silence.comment},
          {"created_by", silence.created_by},
          {"created_at", silence.created_at}};
}

}  // namespace pano::alert
