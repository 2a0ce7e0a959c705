// SPDX-License-Identifier: Apache-2.0
// What every command shares: where the server is, how to print, exit codes.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace pano::cli {

// Exit codes, documented in `panoscope --help`.
enum ExitCode : int {
  kExitOk = 0,         // done; with diagnose: everything within its limits
  kExitError = 1,      // it could not be done; the reason is on stderr
  kExitUsage = 2,      // the command line, or a file it names, is wrong
  kExitOverLimit = 3,  // diagnose, run show, compare: over a limit, or unknown; alerts: one fires
};

// A command registers itself on the application and leaves in `run` what to do when it is chosen.
using Run = std::function<int()>;

struct ServerAddress {
  std::string url = "http://127.0.0.1:8686";
  std::string token;
};

// --url and --token, with PANOSCOPE_URL and PANOSCOPE_TOKEN as their defaults.
void AddServerOptions(CLI::App& command, ServerAddress& address);

void AddUp(CLI::App& app, Run& run);
void AddConfig(CLI::App& app, Run& run);
void AddMap(CLI::App& app, Run& run);
void AddDiagnose(CLI::App& app, Run& run);
void AddQuery(CLI::App& app, Run& run);
void AddEvents(CLI::App& app, Run& run);
void AddRun(CLI::App& app, Run& run);
void AddReport(CLI::App& app, Run& run);
void AddCompare(CLI::App& app, Run& run);
void AddAlerts(CLI::App& app, Run& run);
void AddDoctor(CLI::App& app, Run& run);
void AddVersion(CLI::App& app, Run& run);

std::string_view Version();

}  // namespace pano::cli
