// SPDX-License-Identifier: Apache-2.0
// `panoscope compare A B`: what differs between two runs, steps or windows; budgets for CI.
#include <iostream>

#include "cli/answer.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/objective.h"
#include "cli/table.h"

namespace pano::cli {
namespace {

using nlohmann::json;

struct Options {
  ServerAddress server;
  std::string a;
  std::string b;
  std::string budget;
  double alpha = 0.05;
  double min_change = 0.05;
  bool as_json = false;
};

std::string Value(const std::string& metric, const json& value) {
  if (!value.is_number()) return "–";
  if (metric.starts_with("latency") || metric == "connect_latency" || metric == "own_time") {
    return Duration(value);
  }
  if (metric == "request_rate") return Rate(value);
  if (metric == "traffic") return ByteRate(value);
  if (metric == "cpu_usage") return fmt::format("{:.2f} cores", value.get<double>());
  return fmt::format("{:.2f} %", value.get<double>() * 100);
}

std::string Change(const json& item) {
  const std::string metric = TextAt(item, "metric");
  const bool share = metric.ends_with("_share") || metric == "cpu_throttled";
  if (share && item["a"].is_number() && item["b"].is_number()) {
    return fmt::format("{:+.2f} points", (item["b"].get<double>() - item["a"].get<double>()) * 100);
  }
  return item["change"].is_number() ? fmt::format("{:+.1f} %", item["change"].get<double>() * 100)
                                    : "–";
}

void PrintRanked(const json& answer) {
  Table table({{"what", Align::kLeft},
               {"metric", Align::kLeft},
               {"a", Align::kRight},
               {"b", Align::kRight},
               {"change", Align::kRight},
               {"95 %", Align::kLeft},
               {"", Align::kLeft}});
  for (const json& r : answer["ranked"]) {
    const std::string metric = TextAt(r, "metric");
    std::string interval;
    if (r["low"].is_number() && r["high"].is_number()) {
      interval = fmt::format("{:+.1f} .. {:+.1f}", r["low"].get<double>() * 100,
                             r["high"].get<double>() * 100);
    }
    table.Add({SubjectOf(r), metric, Value(metric, r["a"]), Value(metric, r["b"]), Change(r),
               interval, TextAt(r, "direction")});
  }
  if (table.rows() > 0) std::cout << "\n" << table.ToString();
}

void PrintAnswer(const json& answer) {
  for (const char* side : {"a", "b"}) {
    const json& s = answer[side];
    std::cout << fmt::format("{}: {} ({} s, {})\n", side, TextAt(s, "label"), s.value("seconds", 0),
                             Rate(s["offered_rate"]));
  }
  std::cout << TextAt(answer, "sentence") << "\n";
  for (const json& warning : answer["warnings"]) {
    std::cout << "warning: " << warning.get<std::string>() << "\n";
  }
  PrintRanked(answer);
  if (!answer["budgets"].empty()) std::cout << "\n";
  for (const json& b : answer["budgets"]) std::cout << TextAt(b, "text") << "\n";
}

// With budgets, they decide; without, whether anything got significantly worse.
int Judge(const json& answer) {
  if (TextAt(answer, "verdict") == "not_enough_data") {
    std::cerr << "panoscope: " << TextAt(answer, "sentence") << "\n";
    return kExitError;
  }
  for (const json& b : answer["budgets"]) {
    if (!answer["within"].is_null() || !b.value("undecided", false)) continue;
    std::cerr << "panoscope: the budgets cannot be judged: all services changed alike. Repeat the "
                 "run on a quiet machine\n";
    return kExitError;
  }
  if (answer["within"].is_boolean()) return answer["within"].get<bool>() ? kExitOk : kExitOverLimit;
  for (const json& r : answer["ranked"]) {
    if (TextAt(r, "direction") == "worse") return kExitOverLimit;
  }
  return kExitOk;
}

int Compare(const Options& options) {
  json body = {{"a", options.a},
               {"b", options.b},
               {"alpha", options.alpha},
               {"min_change", options.min_change}};
  if (!options.budget.empty()) {
    const auto budgets = YamlFile(options.budget);
    if (!budgets) return PrintError(budgets.error()), kExitUsage;
    body["budgets"] = *budgets;
  }
  const auto answer = Post(options.server, "/api/v1/compare", body);
  if (!answer) {
    PrintError(answer.error());
    return answer.error().code == Code::kInvalid ? kExitUsage : kExitError;
  }
  if (options.as_json) return PrintJson(*answer, Judge(*answer));
  PrintAnswer(*answer);
  return Judge(*answer);
}

}  // namespace

void AddCompare(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand(
      "compare",
      "Tell what differs between two runs, and how sure that is. Exit code 3 when something got "
      "worse, or over its budget.");
  auto options = std::make_shared<Options>();
  AddServerOptions(*command, options->server);
  command->add_option("a", options->a, "RUN, RUN@STEP, RUN@FROM..TO or FROM..TO")->required();
  command->add_option("b", options->b, "The same of the other side")->required();
  command->add_option("--budget", options->budget, "YAML file of budgets: they decide then");
  command->add_option("--alpha", options->alpha, "False discoveries among what is told")
      ->check(CLI::Range(0.0001, 0.5))
      ->capture_default_str();
  command
      ->add_option("--min-change", options->min_change, "Smaller changes are not told (0.05: 5 %)")
      ->check(CLI::Range(0.0, 10.0))
      ->capture_default_str();
  command->add_flag("--json", options->as_json, "The server's whole answer as JSON");
  command->callback([&run, options] { run = [options] { return Compare(*options); }; });
}

}  // namespace pano::cli
