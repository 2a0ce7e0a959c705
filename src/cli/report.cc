// SPDX-License-Identifier: Apache-2.0
// `panoscope report` and `panoscope capacity`: a run as a file to send on, and how many it needs.
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>

#include "cli/answer.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/table.h"

namespace pano::cli {
namespace {

struct Options {
  ServerAddress server;
  std::string id = "current";
  std::string file;
  double users = 0;
  double rate = 0;
  bool as_json = false;
};

std::string Target(const Options& o, std::string_view what) {
  std::string target = fmt::format("/api/v1/runs/{}/{}", o.id, what);
  if (o.users > 0) target += fmt::format("?users={:.0f}", o.users);
  if (o.rate > 0) target += fmt::format("?rate={:.3f}", o.rate);
  return target;
}

int WriteReport(const Options& o) {
  const size_t dot = o.file.rfind('.');
  const std::string kind = o.file.empty()             ? "md"
                           : dot == std::string::npos ? ""
                                                      : o.file.substr(dot + 1);
  if (kind != "html" && kind != "md" && kind != "json") {
    std::cerr << "panoscope: -o " << o.file << ": the name ends in .html, .md or .json\n";
    return kExitUsage;
  }
  const auto text = GetText(o.server, Target(o, "report." + kind));
  if (!text) return PrintError(text.error());
  if (o.file.empty()) {
    std::cout << *text;
    return kExitOk;
  }
  std::ofstream file(o.file, std::ios::binary | std::ios::trunc);
  file << *text;
  file.close();
  if (!file) {
    std::cerr << "panoscope: cannot write " << o.file << ": " << std::strerror(errno) << "\n";
    return kExitError;
  }
  std::cout << "written: " << o.file << " (" << text->size() << " bytes)\n";
  return kExitOk;
}

int PrintCapacity(const Options& o) {
  const auto plan = Get(o.server, Target(o, "capacity"));
  if (!plan) return PrintError(plan.error());
  if (o.as_json) return PrintJson(*plan);
  std::cout << plan->value("sentence", "") << "\n";
  for (const auto& service : plan->value("services", nlohmann::json::array())) {
    std::cout << "  " << service.value("text", "") << "\n";
  }
  return kExitOk;
}

void AddRunOptions(CLI::App& command, Options& options) {
  AddServerOptions(command, options.server);
  command.add_option("run", options.id, "The run's id; the one that runs by default");
  auto* users = command.add_option("--users", options.users, "Plan for that many users");
  users->check(CLI::PositiveNumber);
  command.add_option("--rate", options.rate, "Plan for that many requests/s at the entry")
      ->check(CLI::PositiveNumber)
      ->excludes(users);
}

}  // namespace

void AddReport(CLI::App& app, Run& run) {
  auto options = std::make_shared<Options>();
  CLI::App* report = app.add_subcommand("report", "Write a run's report: HTML, Markdown or JSON.");
  AddRunOptions(*report, *options);
  report->add_option("-o,--output", options->file,
                     "File; its ending says which. Markdown on the terminal without it");
  report->callback([&run, options] { run = [options] { return WriteReport(*options); }; });

  auto plan = std::make_shared<Options>();
  CLI::App* capacity = app.add_subcommand(
      "capacity", "How many instances each service of a run needs, and what saturates next.");
  AddRunOptions(*capacity, *plan);
  capacity->add_flag("--json", plan->as_json, "As JSON");
  capacity->callback([&run, plan] { run = [plan] { return PrintCapacity(*plan); }; });
}

}  // namespace pano::cli
