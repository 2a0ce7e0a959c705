// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/command.h"

#ifndef PANO_VERSION
#define PANO_VERSION "unknown"
#endif

namespace pano::cli {

std::string_view Version() { return PANO_VERSION; }

void AddVersion(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("version", "Print the version.");
  auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "As JSON");
  command->callback([&run, as_json] {
    run = [as_json] {
      std::cout << (*as_json ? nlohmann::json{{"version", Version()}}.dump()
                             : fmt::format("panoscope {}", Version()))
                << "\n";
      return kExitOk;
    };
  });
}

}  // namespace pano::cli
