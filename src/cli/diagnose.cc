// SPDX-License-Identifier: Apache-2.0
// `panoscope diagnose`: the verdict in one sentence, the path walked and the evidence.
#include <iostream>

#include "cli/answer.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/diagnose_file.h"

namespace pano::cli {
namespace {

using nlohmann::json;

struct Options {
  ServerAddress server;
  AskedTime time;
  std::string file;
  bool as_json = false;
};

void PrintVerdict(const json& verdict) {
  std::cout << TextAt(verdict, "sentence") << "\n";
  if (const auto path = verdict.find("path"); path != verdict.end() && !path->empty()) {
    std::cout << "\npath: ";
    bool first = true;
    for (const json& name : *path) {
      std::cout << (first ? "" : " > ") << name.get<std::string>();
      first = false;
    }
    std::cout << "\n";
  }
  for (const json& step : verdict.value("steps", json::array())) {
    std::cout << "  " << TextAt(step, "text") << "\n";
  }
  const json evidence = verdict.value("evidence", json::array());
  if (!evidence.empty()) std::cout << "\nevidence:\n";
  for (const json& line : evidence) std::cout << "  - " << line.get<std::string>() << "\n";
  const json candidates = verdict.value("candidates", json::array());
  if (candidates.size() > 1) std::cout << "\ncandidates:\n";
  for (size_t i = 0; i < candidates.size() && candidates.size() > 1; ++i) {
    std::cout << fmt::format("  {}. {} ({}, score {:.2f})\n", i + 1,
                             TextAt(candidates[i], "service"), TextAt(candidates[i], "class"),
                             candidates[i].value("score", 0.0));
  }
  if (const auto next = verdict.find("next"); next != verdict.end() && next->is_object()) {
    std::cout << "\nnext: " << TextAt(*next, "text") << "\n";
  }
}

int Diagnose(const Options& options) {
  const auto verdict = Get(options.server, WithTime("/api/v1/diagnosis", options.time));
  if (!verdict) return PrintError(verdict.error());
  const int code = TextAt(*verdict, "status") == "none" ? kExitOk : kExitOverLimit;
  if (options.as_json) return PrintJson(*verdict, code);
  PrintVerdict(*verdict);
  return code;
}

}  // namespace

void AddDiagnose(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand(
      "diagnose",
      "Name the bottleneck, with its evidence: of the running server, or of a file of series "
      "(docs/diagnose.md). Exit code 3 unless everything is within its limits.");
  auto options = std::make_shared<Options>();
  AddServerOptions(*command, options->server);
  AddTimeOptions(*command, options->time);
  command->add_option("FILE", options->file, "Series as JSON; - is standard input");
  command->add_flag("--json", options->as_json, "The whole answer as JSON");
  command->callback([&run, options] {
    run = [options] {
      return options->file.empty() ? Diagnose(*options)
                                   : DiagnoseFile(options->file, options->as_json);
    };
  });
}

}  // namespace pano::cli
