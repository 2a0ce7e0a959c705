// SPDX-License-Identifier: Apache-2.0
// The binary: chooses a command and runs it.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstring>
#include <exception>
#include <iostream>

#include "cli/command.h"
#include "server/store/engine.h"

int main(int argc, char** argv) {
  using namespace pano;
  if (argc > 1 && std::strcmp(argv[1], store::kEngineCommand) == 0) {
    return store::RunStoreEngine(argc, argv);
  }
  std::signal(SIGPIPE, SIG_IGN);

  CLI::App app("Panoscope: a live map of every service on this machine, drawn from the kernel.",
               "panoscope");
  app.require_subcommand(1);
  app.footer(
      "Start with: sudo panoscope up     then open http://127.0.0.1:8686\n"
      "Exit codes: 0 done (diagnose, run show, compare: within limits), 1 error, 2 usage, 3 over a "
      "limit or not known.");
  cli::Run run;
  cli::AddUp(app, run);
  cli::AddConfig(app, run);
  cli::AddMap(app, run);
  cli::AddDiagnose(app, run);
  cli::AddQuery(app, run);
  cli::AddEvents(app, run);
  cli::AddRun(app, run);
  cli::AddReport(app, run);
  cli::AddCompare(app, run);
  cli::AddAlerts(app, run);
  cli::AddDoctor(app, run);
  cli::AddVersion(app, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    app.exit(error);
    return cli::kExitUsage;
  }
  try {
    return run();
  } catch (const std::exception& error) {
    std::cerr << "panoscope: " << error.what() << "\n";
    return cli::kExitError;
  }
}
