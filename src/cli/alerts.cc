// SPDX-License-Identifier: Apache-2.0
// `panoscope alerts`: what fires, routes and their health, a test message, silences.
#include <iostream>

#include "cli/answer.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/table.h"

namespace pano::cli {
namespace {

using nlohmann::json;

struct Options {
  ServerAddress server;
  bool as_json = false;
  std::string id;
  std::string service;
  std::string rule;
  std::vector<std::string> match;
  std::string length = "1h";
  std::string comment;
  bool everything = false;
  uint32_t most = 50;
};

int ShowNow(const Options& options) {
  const auto now = Get(options.server, "/api/v1/alerts");
  if (!now) return PrintError(now.error());
  const auto firing = (*now)["counts"].value("firing", 0);
  const int code = firing > 0 ? kExitOverLimit : kExitOk;
  if (options.as_json) return PrintJson(*now, code);
  for (const json& alarm : (*now)["alarms"]) {
    std::cerr << "panoscope: " << (alarm.is_string() ? alarm.get<std::string>() : "") << "\n";
  }
  if (!now->value("on", false)) {
    std::cout << "Alerts are off: " << TextAt(*now, "why_off") << "\n";
  }
  for (const json& group : (*now)["groups"]) {
    std::cout << fmt::format("{:<9}{:<9} {}\n", TextAt(group, "state"), TextAt(group, "severity"),
                             TextAt(group, "title"));
    for (const json& sent : group["sent"]) {
      std::cout << fmt::format("          {}: {} {}\n", TextAt(sent, "route"),
                               TextAt(sent, "state"), TextAt(sent, "error"));
    }
  }
  Table table({{"state", Align::kLeft},
               {"severity", Align::kLeft},
               {"since", Align::kLeft},
               {"rule", Align::kLeft},
               {"what", Align::kLeft},
               {"silenced by", Align::kLeft}});
  for (const json& alert : (*now)["alerts"]) {
    table.Add({TextAt(alert, "state"), TextAt(alert, "severity"),
               LocalTime(ValueAt(alert, "since")), TextAt(alert, "rule"), TextAt(alert, "text"),
               TextAt(alert, "silenced_by")});
  }
  std::cout << (table.rows() == 0 ? "Nothing fires.\n" : table.ToString());
  return code;
}

int ShowRules(const Options& options) {
  const auto list = Get(options.server, "/api/v1/alerts/rules");
  if (!list) return PrintError(list.error());
  if (options.as_json) return PrintJson(*list);
  Table table({{"rule", Align::kLeft},
               {"on", Align::kLeft},
               {"severity", Align::kLeft},
               {"for", Align::kRight},
               {"clear", Align::kRight},
               {"name", Align::kLeft},
               {"origin", Align::kLeft}});
  for (const json& rule : (*list)["rules"]) {
    table.Add({TextAt(rule, "id"), rule.value("on", false) ? "on" : "off", TextAt(rule, "severity"),
               fmt::format("{} s", rule.value("for_s", 0)),
               fmt::format("{} s", rule.value("clear_s", 0)), TextAt(rule, "name"),
               TextAt(rule, "origin")});
  }
  std::cout << table.ToString();
  return kExitOk;
}

int ShowRoutes(const Options& options) {
  const auto list = Get(options.server, "/api/v1/alerts/routes");
  if (!list) return PrintError(list.error());
  if (options.as_json) return PrintJson(*list);
  Table table({{"route", Align::kLeft},
               {"kind", Align::kLeft},
               {"on", Align::kLeft},
               {"where", Align::kLeft},
               {"health", Align::kLeft},
               {"last error", Align::kLeft}});
  for (const json& route : (*list)["routes"]) {
    const json health = route.value("health", json::object());
    table.Add({TextAt(route, "id"), TextAt(route, "kind"),
               route.value("enabled", false) ? "on" : "off", TextAt(route, "target"),
               TextAt(health, "state"), TextAt(health, "last_error")});
  }
  std::cout << (table.rows() == 0 ? "There is no route.\n" : table.ToString());
  return kExitOk;
}

int ShowHistory(const Options& options) {
  const auto list =
      Get(options.server, fmt::format("/api/v1/alerts/history?limit={}", options.most));
  if (!list) return PrintError(list.error());
  if (options.as_json) return PrintJson(*list);
  Table table({{"time", Align::kLeft}, {"state", Align::kLeft}, {"what", Align::kLeft}});
  for (const json& entry : (*list)["entries"]) {
    const bool message = TextAt(entry, "kind") == "message";
    std::string what = TextAt(entry, "text");
    if (message) {
      what = fmt::format("→ {}: {}", TextAt(entry, "route_name"), TextAt(entry, "title"));
      if (!entry.value("ok", false)) what += " FAILED: " + TextAt(entry, "error");
    }
    table.Add({LocalTime(ValueAt(entry, "time")), TextAt(entry, "state"), what});
  }
  std::cout << table.ToString();
  return kExitOk;
}

int SendTest(const Options& options) {
  const auto answer =
      Post(options.server, "/api/v1/alerts/routes/" + options.id + "/test", json::object());
  if (!answer) return PrintError(answer.error());
  const bool ok = answer->value("ok", false);
  if (options.as_json) return PrintJson(*answer, ok ? kExitOk : kExitError);
  std::string status = "no answer";
  if ((*answer)["status"].is_number()) status = (*answer)["status"].dump();
  std::cout << fmt::format("{}: {} ({} ms)\n", ok ? "delivered" : "failed", status,
                           answer->value("elapsed_ms", 0));
  for (const char* key : {"error", "answer"}) {
    if (!TextAt(*answer, key).empty()) std::cout << "  " << TextAt(*answer, key) << "\n";
  }
  return ok ? kExitOk : kExitError;
}

// "90s", "30m", "2h", "1d" in seconds; 0 when it is none.
uint64_t SecondsOf(const std::string& text) {
  if (text.size() < 2 || text.size() > 9) return 0;
  const std::string digits = text.substr(0, text.size() - 1);
  if (digits.find_first_not_of("0123456789") != std::string::npos) return 0;
  const uint64_t count = std::stoull(digits);
  switch (text.back()) {
    case 's':
      return count;
    case 'm':
      return 60 * count;
    case 'h':
      return 3600 * count;
    case 'd':
      return 86'400 * count;
    default:
      return 0;
  }
}

// "service=cart", "server!=db*": a '*' makes it a pattern.
Result<json> MatcherOf(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return Fail(Code::kInvalid, "--match '{}' is not LABEL=VALUE", text);
  }
  const bool negated = text[equals - 1] == '!';
  const std::string value = text.substr(equals + 1);
  const bool pattern = value.find('*') != std::string::npos;
  const std::string label = text.substr(0, equals - (negated ? 1 : 0));
  return json{{"label", label},
              {"value", value},
              {"op", std::string(negated ? "!" : "") + (pattern ? "~" : "=")}};
}

int AddSilence(const Options& options) {
  const uint64_t seconds = SecondsOf(options.length);
  if (seconds == 0) {
    return PrintError({Code::kInvalid, "--for '" + options.length + "' is not a duration",
                       "say 90s, 30m, 2h or 1d"});
  }
  json body = {{"for_s", seconds}, {"comment", options.comment}, {"matchers", json::array()}};
  std::vector<std::string> wanted = options.match;
  if (!options.service.empty()) wanted.push_back("service=" + options.service);
  if (!options.rule.empty()) wanted.push_back("rule=" + options.rule);
  for (const std::string& text : wanted) {
    auto matcher = MatcherOf(text);
    if (!matcher) return PrintError(matcher.error());
    body["matchers"].push_back(std::move(*matcher));
  }
  if (options.everything) body["kind"] = "maintenance";
  const auto made = Post(options.server, "/api/v1/alerts/silences", body);
  if (!made) return PrintError(made.error());
  if (options.as_json) return PrintJson(*made);
  std::cout << fmt::format("{} is silent until {}\n", TextAt(*made, "id"),
                           LocalTime(ValueAt(*made, "ends_at")));
  return kExitOk;
}

int ShowSilences(const Options& options) {
  const auto list = Get(options.server, "/api/v1/alerts/silences");
  if (!list) return PrintError(list.error());
  if (options.as_json) return PrintJson(*list);
  Table table({{"silence", Align::kLeft},
               {"state", Align::kLeft},
               {"ends", Align::kLeft},
               {"what", Align::kLeft},
               {"comment", Align::kLeft}});
  for (const json& silence : (*list)["silences"]) {
    std::string what;
    for (const json& m : silence["matchers"]) {
      what +=
          (what.empty() ? "" : ", ") + TextAt(m, "label") + TextAt(m, "op") + TextAt(m, "value");
    }
    table.Add({TextAt(silence, "id"), TextAt(silence, "state"),
               LocalTime(ValueAt(silence, "ends_at")), what.empty() ? "everything" : what,
               TextAt(silence, "comment")});
  }
  std::cout << (table.rows() == 0 ? "There is no silence.\n" : table.ToString());
  return kExitOk;
}

int EndSilence(const Options& options) {
  const auto ended = Delete(options.server, "/api/v1/alerts/silences/" + options.id);
  return ended ? kExitOk : PrintError(ended.error());
}

using Shared = std::shared_ptr<Options>;

// A command below `alerts`; the address and --json are its own, so that they may stand behind it.
CLI::App* Add(CLI::App& parent, Run& run, const Shared& options, const char* name,
              const char* meaning, int (*action)(const Options&)) {
  CLI::App* command = parent.add_subcommand(name, meaning);
  AddServerOptions(*command, options->server);
  command->add_flag("--json", options->as_json, "As JSON");
  command->callback(
      [&run, options, action] { run = [options, action] { return action(*options); }; });
  return command;
}

}  // namespace

void AddAlerts(CLI::App& app, Run& run) {
  auto options = std::make_shared<Options>();
  CLI::App* alerts = app.add_subcommand(
      "alerts", "What fires now (exit code 3 when something does); rules, routes, silences.");
  auto now = std::make_shared<Options>();  // of its own: options of a command below win there
  AddServerOptions(*alerts, now->server);
  alerts->add_flag("--json", now->as_json, "As JSON");
  alerts->require_subcommand(0, 1);
  alerts->callback([&run, now, alerts] {
    if (alerts->get_subcommands().empty()) run = [now] { return ShowNow(*now); };
  });
  Add(*alerts, run, options, "rules", "List the rules.", ShowRules);
  Add(*alerts, run, options, "routes", "List the routes and how they do.", ShowRoutes);
  Add(*alerts, run, options, "silences", "List the silences.", ShowSilences);
  Add(*alerts, run, options, "history", "What fired and what was sent.", ShowHistory)
      ->add_option("--limit", options->most, "Entries")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  Add(*alerts, run, options, "test", "Send a test message along a route.", SendTest)
      ->add_option("route", options->id, "Id of the route")
      ->required();
  CLI::App* silence =
      Add(*alerts, run, options, "silence", "Hold messages back for a while.", AddSilence);
  silence->add_option("--service", options->service, "Of this service; may hold *");
  silence->add_option("--rule", options->rule, "Of this rule");
  silence->add_option("--match", options->match, "LABEL=VALUE or LABEL!=VALUE; again and again");
  silence->add_flag("--all", options->everything, "Maintenance: everything, unless matched");
  silence->add_option("--for", options->length, "How long: 90s, 30m, 2h, 1d")
      ->capture_default_str();
  silence->add_option("--comment", options->comment, "Why")->required();
  Add(*alerts, run, options, "unsilence", "End a silence now.", EndSilence)
      ->add_option("silence", options->id, "Id of the silence")
      ->required();
}

}  // namespace pano::cli
