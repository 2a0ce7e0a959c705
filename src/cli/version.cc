// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "cli/command.h"

#ifndef PANO_VERSION
#define PANO_VERSION "unknown"
#endif

namespace pano::cli {

std::string_view Version() { return PANO_VERSION; }

void AddVersion(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("version", "Print the version.");
  command->callback([&run] {
    run = [] {
      std::cout << "panoscope " << Version() << "\n";
      return kExitOk;
    };
  });
}

}  // namespace pano::cli
