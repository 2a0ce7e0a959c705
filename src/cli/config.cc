// SPDX-License-Identifier: Apache-2.0
// `panoscope config`: what `panoscope up` with the same flags would work with, as a commented file.
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/settings.h"

namespace pano::cli {
namespace {

using nlohmann::json;

json ToJson(const Effective& effective) {
  json out = json::object();
  for (const Setting& setting : AllSettings()) {
    const auto texts = TextsOf(effective.settings, setting);
    json& value = out[std::string(setting.key)]["value"];
    if (setting.HasEntries()) {
      value = json::object();
      for (const auto& [entry, text] : texts) value[entry] = text;
    } else if (setting.secret) {
      value = texts.front().second.empty() ? json() : json("(set, not shown)");
    } else {
      const bool is_text = std::holds_alternative<std::string Settings::*>(setting.field);
      value = is_text ? json(texts.front().second) : json::parse(texts.front().second);
    }
    const auto from = effective.from.find(setting.key);
    out[std::string(setting.key)]["from"] = from == effective.from.end() ? "default" : from->second;
  }
  return out;
}

int Config(const SettingsFlags& flags, bool as_json) {
  const auto effective = flags.Resolve();
  if (!effective) return PrintError(effective.error());
  std::cout << (as_json ? ToJson(*effective).dump(2) + "\n" : ToYaml(*effective));
  return kExitOk;
}

}  // namespace

void AddConfig(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand(
      "config", "Print the settings of up, with the same flags, as a commented YAML file.");
  const auto flags = SettingsFlags::AddTo(*command);
  auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "Values and where they came from as JSON");
  command->callback(
      [&run, flags, as_json] { run = [flags, as_json] { return Config(*flags, *as_json); }; });
}

}  // namespace pano::cli
