// SPDX-License-Identifier: Apache-2.0
#include "cli/settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>

#include "cli/limit_words.h"

namespace pano::cli {
namespace {

using Names = std::map<std::string, std::string>;
using LimitList = std::vector<analysis::LimitOverride>;

constexpr double kMaxHours = 24 * 365 * 10;

constexpr std::array kSettings = std::to_array<Setting>({
    {"listen", "ADDRESS:PORT", "PANOSCOPE_LISTEN",
     "Address and port of the page and the API; beyond loopback a token is needed",
     &Settings::listen},
    {"token", "TEXT", "PANOSCOPE_TOKEN", "Token that requests must carry", &Settings::token, 0, 0,
     true},
    {"ui-dir", "FOLDER", "", "Serve the page from this folder (development)", &Settings::ui_dir},
    {"data", "FOLDER", "PANOSCOPE_DATA", "Folder of the database and of the limits",
     &Settings::data},
    {"store", "", "", "Keep history on disk; without it the last 15 minutes stay in memory",
     &Settings::store},
    {"retention-1s", "HOURS", "", "Hours that rows of one second stay; 0: for ever",
     &Settings::retention_1s, 0, kMaxHours},
    {"retention-1m", "HOURS", "", "Hours that rows of one minute stay; 0: for ever",
     &Settings::retention_1m, 0, kMaxHours},
    {"retention-requests", "HOURS", "", "Hours that single requests stay; 0: for ever",
     &Settings::retention_requests, 0, kMaxHours},
    {"alerts", "FILE", "", "Alert rules, routes and silences in YAML (docs/alerts.md)",
     &Settings::alerts},
    {"external-url", "URL", "", "Address of the page for links in alert messages",
     &Settings::external_url},
    {"tier", "NAME", "", "Capture hooks: auto, sock_length, sys_exit, none", &Settings::tier},
    {"timeout", "SECONDS", "", "Seconds after which a request counts as timed out",
     &Settings::timeout, 0.1, 3600},
    {"cpu-budget", "CORES", "", "Cores the agent may use before it degrades, stage by stage",
     &Settings::cpu_budget, 0.05, 1024},
    {"memory-budget", "MIB", "", "MiB of the process before the agent degrades; 0: not watched",
     &Settings::memory_budget, 0, 1 << 20},
    {"shards", "COUNT", "", "Threads that parse; 0: by the number of cores", &Settings::shards, 0,
     256},
    {"name", "PROGRAM=SERVICE", "", "What a program, or pods of a name, is called on the map",
     &Settings::name},
    {"limit", "[SERVICE.|CLIENT->SERVER.]METRIC=VALUE", "",
     "When a metric is over its limit: 200ms, 20MB, 0, off. At start this goes before what the "
     "page "
     "set; where neither says: errors=0 latency=1s connect_latency=10ms connect_failures=0",
     &Settings::limit},
    {"verbose", "", "", "Log more", &Settings::verbose},
});

bool SameThing(const analysis::LimitOverride& a, const analysis::LimitOverride& b) {
  return a.service == b.service && a.client == b.client && a.server == b.server &&
         a.metric == b.metric;
}

Result<double> ParseNumber(const Setting& setting, std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) {
    return Fail(Code::kInvalid, "{}: '{}' is not a number", setting.key, text);
  }
  if (number < setting.least || number > setting.most) {
    return Fail(Code::kInvalid, "{}: {} is not between {} and {}", setting.key, text, setting.least,
                setting.most);
  }
  return number;
}

Result<bool> ParseBool(const Setting& setting, std::string_view text) {
  if (text == "true" || text == "yes" || text == "on") return true;
  if (text == "false" || text == "no" || text == "off") return false;
  return Fail(Code::kInvalid, "{}: '{}' is neither true nor false", setting.key, text);
}

// Overloads of Assign by the field's type.
struct Assigner {
  Settings& settings;
  const Setting& setting;
  std::string_view text;

  Status operator()(std::string Settings::* field) const {
    settings.*field = text;
    return {};
  }
  Status operator()(bool Settings::* field) const {
    PANO_ASSIGN(settings.*field, ParseBool(setting, text));
    return {};
  }
  Status operator()(double Settings::* field) const {
    PANO_ASSIGN(settings.*field, ParseNumber(setting, text));
    return {};
  }
  Status operator()(uint32_t Settings::* field) const {
    PANO_ASSIGN(const double number, ParseNumber(setting, text));
    if (number != std::floor(number)) {
      return Fail(Code::kInvalid, "{}: '{}' is not a whole number", setting.key, text);
    }
    settings.*field = static_cast<uint32_t>(number);
    return {};
  }
  template <typename Entries>
  Status operator()(Entries Settings::*) const {
    const size_t equals = text.rfind('=');
    if (equals == std::string_view::npos) {
      return Fail(Code::kInvalid, "{}: '{}' is not {}", setting.key, text, setting.value);
    }
    return AssignEntry(settings, setting, text.substr(0, equals), text.substr(equals + 1));
  }
};

}  // namespace

std::span<const Setting> AllSettings() { return kSettings; }

const Setting* FindSetting(std::string_view key) {
  const auto at = std::ranges::find(kSettings, key, &Setting::key);
  return at == kSettings.end() ? nullptr : &*at;
}

Status Assign(Settings& settings, const Setting& setting, std::string_view text) {
  return std::visit(Assigner{settings, setting, text}, setting.field);
}

Status AssignEntry(Settings& settings, const Setting& setting, std::string_view entry,
                   std::string_view text) {
  if (const auto* names = std::get_if<Names Settings::*>(&setting.field)) {
    if (entry.empty() || text.empty()) {
      return Fail(Code::kInvalid, "{}: a program and what it is called", setting.key);
    }
    (settings.*(*names))[std::string(entry)] = text;
    return {};
  }
  const auto* limits = std::get_if<LimitList Settings::*>(&setting.field);
  if (limits == nullptr) {
    return Fail(Code::kInvalid, "{} is one value, it has no entries", setting.key);
  }
  auto limit = ParseLimit(entry, text);
  if (!limit) {
    limit.error().text = fmt::format("{}: {}", setting.key, limit.error().text);
    return std::unexpected(limit.error());
  }
  LimitList& list = settings.*(*limits);
  std::erase_if(list, [&](const analysis::LimitOverride& o) { return SameThing(o, *limit); });
  list.push_back(*std::move(limit));
  return {};
}

std::vector<std::pair<std::string, std::string>> TextsOf(const Settings& settings,
                                                         const Setting& setting) {
  std::vector<std::pair<std::string, std::string>> out;
  if (const auto* text = std::get_if<std::string Settings::*>(&setting.field)) {
    out.emplace_back("", settings.*(*text));
  } else if (const auto* flag = std::get_if<bool Settings::*>(&setting.field)) {
    out.emplace_back("", settings.*(*flag) ? "true" : "false");
  } else if (const auto* whole = std::get_if<uint32_t Settings::*>(&setting.field)) {
    out.emplace_back("", fmt::format("{}", settings.*(*whole)));
  } else if (const auto* number = std::get_if<double Settings::*>(&setting.field)) {
    out.emplace_back("", fmt::format("{:g}", settings.*(*number)));
  } else if (const auto* names = std::get_if<Names Settings::*>(&setting.field)) {
    for (const auto& [program, service] : settings.*(*names)) out.emplace_back(program, service);
  } else if (const auto* limits = std::get_if<LimitList Settings::*>(&setting.field)) {
    for (const auto& limit : settings.*(*limits)) {
      out.emplace_back(LimitWhere(limit), LimitValue(limit));
    }
  }
  return out;
}

std::shared_ptr<SettingsFlags> SettingsFlags::AddTo(CLI::App& command) {
  auto flags = std::make_shared<SettingsFlags>();
  command
      .add_option("--config", flags->config_,
                  fmt::format("Settings in YAML, one key per flag below (default: {} if it is "
                              "there; see panoscope config)",
                              kSettingsFile))
      ->type_name("FILE")
      ->envname("PANOSCOPE_CONFIG");
  // The command's callback holds the flags; the options point at them.
  for (const Setting& setting : AllSettings()) flags->Add(command, setting);
  return flags;
}

void SettingsFlags::Add(CLI::App& command, const Setting& setting) {
  const std::string flag = fmt::format("--{}", setting.key);
  CLI::Option* option = nullptr;
  if (std::holds_alternative<bool Settings::*>(setting.field)) {
    option = command.add_flag_function(
        fmt::format("{},!--no-{}", flag, setting.key),
        [this, &setting](int64_t count) { Given(setting, count > 0 ? "true" : "false"); },
        std::string(setting.meaning));
  } else {
    option = command.add_option_function<std::vector<std::string>>(
        flag,
        [this, &setting](const std::vector<std::string>& texts) {
          for (const std::string& text : texts) Given(setting, text);
        },
        std::string(setting.meaning));
    option->type_name(std::string(setting.value))->type_size(1)->expected(1);
    option->multi_option_policy(setting.HasEntries() ? CLI::MultiOptionPolicy::TakeAll
                                                     : CLI::MultiOptionPolicy::Throw);
    if (setting.HasEntries()) option->allow_extra_args(false)->expected(1, 1000);
    const auto texts = TextsOf(Settings{}, setting);
    if (!setting.HasEntries() && !texts.front().second.empty()) {
      option->default_str(texts.front().second);
    }
  }
  if (!setting.variable.empty()) option->envname(std::string(setting.variable));
}

void SettingsFlags::Given(const Setting& setting, const std::string& text) {
  Settings scratch;
  if (const Status status = Assign(scratch, setting, text); !status) {
    throw CLI::ValidationError("--" + status.error().text +
                               (status.error().hint.empty() ? "" : "\n" + status.error().hint));
  }
  given_.emplace_back(&setting, text);
}

Result<Effective> SettingsFlags::Resolve() const {
  Effective out;
  out.file = config_;
  std::error_code ignored;
  if (out.file.empty() && std::filesystem::exists(kSettingsFile, ignored)) out.file = kSettingsFile;
  if (!out.file.empty()) {
    PANO_ASSIGN(const std::vector<FileValue> values, ReadSettingsFile(out.file));
    for (const FileValue& value : values) {
      const Status set = value.setting->HasEntries()
                             ? AssignEntry(out.settings, *value.setting, value.entry, value.text)
                             : Assign(out.settings, *value.setting, value.text);
      const std::string place = fmt::format("{}:{}", out.file, value.line);
      if (!set) {
        return std::unexpected(Error{Code::kInvalid, fmt::format("{}: {}", place, set.error().text),
                                     set.error().hint});
      }
      out.from[value.setting->key] = place;
    }
  }
  for (const auto& [setting, text] : given_) {
    PANO_TRY(Assign(out.settings, *setting, text));
    out.from[setting->key] = "flag or environment";
  }
  return out;
}

}  // namespace pano::cli
