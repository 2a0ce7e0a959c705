// SPDX-License-Identifier: Apache-2.0
// in: flags, environment, a YAML file  out: Settings, and where each of them came from
// One row per setting: its key in the file is its flag. A flag wins over the environment, that over
// the file, that over the default. The two settings with entries (name, limit) add up: a later
// entry wins over an earlier one of the same name.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "server/analysis/limits.h"

namespace pano::cli {

struct Settings {
  std::string listen = "127.0.0.1:8686";
  std::string token;
  std::string ui_dir;
  std::string data = "/var/lib/panoscope";
  bool store = true;
  uint32_t retention_1s = 24;        // hours
  uint32_t retention_1m = 30 * 24;   // hours
  uint32_t retention_requests = 72;  // hours
  std::string alerts;
  std::string external_url;
  std::string tier = "auto";
  double timeout = 10;         // seconds
  double cpu_budget = 1;       // cores
  uint32_t memory_budget = 0;  // MiB of the whole process; 0: not watched
  uint32_t shards = 0;         // 0: by the number of cores
  std::map<std::string, std::string> name;
  std::vector<analysis::LimitOverride> limit;  // without service, client, server: a default
  bool verbose = false;
};

struct Setting {
  std::string_view key;       // in the file; "--" + key is its flag
  std::string_view value;     // what its value is, for the help
  std::string_view variable;  // of the environment; empty: none
  std::string_view meaning;
  std::variant<std::string Settings::*, bool Settings::*, uint32_t Settings::*, double Settings::*,
               std::map<std::string, std::string> Settings::*,
               std::vector<analysis::LimitOverride> Settings::*>
      field;
  double least = 0;  // of numbers
  double most = 0;
  bool secret = false;
  // Whether it is a list of `entry: value`; on the command line entry=value, again and again.
  bool HasEntries() const { return field.index() >= 4; }
};
std::span<const Setting> AllSettings();
const Setting* FindSetting(std::string_view key);

// Sets one value, or one entry of those that have entries, from its text.
Status Assign(Settings& settings, const Setting& setting, std::string_view text);
Status AssignEntry(Settings& settings, const Setting& setting, std::string_view entry,
                   std::string_view text);
// The texts that Assign and AssignEntry take; `first` is empty but for entries.
std::vector<std::pair<std::string, std::string>> TextsOf(const Settings& settings,
                                                         const Setting& setting);

// One line of a file: "key: text" or, below a key, "entry: text".
struct FileValue {
  const Setting* setting = nullptr;
  std::string entry;
  std::string text;
  int line = 0;
};
// An unknown key, a key twice, a wrong value or bad YAML is an error that begins "FILE:LINE: ".
Result<std::vector<FileValue>> ReadSettingsFile(const std::string& path);
// /etc/panoscope.yaml: read when no other file is named and it is there.
extern const char* const kSettingsFile;

struct Effective {
  Settings settings;
  std::string file;                              // that was read; empty: none
  std::map<std::string_view, std::string> from;  // by key: "flag or environment", "FILE:LINE"
};

// The flags of all settings on a command, plus --config. Lives as long as the command's run.
class SettingsFlags {
 public:
  static std::shared_ptr<SettingsFlags> AddTo(CLI::App& command);
  Result<Effective> Resolve() const;

 private:
  void Add(CLI::App& command, const Setting& setting);
  void Given(const Setting& setting, const std::string& text);

  std::string config_;
  std::vector<std::pair<const Setting*, std::string>> given_;
};

// The file that would give these settings, with a comment on each: `panoscope config`.
std::string ToYaml(const Effective& effective);

}  // namespace pano::cli
