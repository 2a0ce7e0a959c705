// SPDX-License-Identifier: Apache-2.0
// Settings in YAML, both ways. yaml-cpp throws; nothing of that leaves this file.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/settings.h"

namespace pano::cli {

const char* const kSettingsFile = "/etc/panoscope.yaml";

namespace {

constexpr size_t kMaxFileBytes = size_t{1} << 20;

class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path) {}

  Result<std::vector<FileValue>> Read(const std::string& text);

 private:
  template <typename... Args>
  std::unexpected<Error> At(const YAML::Node& node, fmt::format_string<Args...> format,
                            Args&&... args) const {
    return std::unexpected(Error{Code::kInvalid,
                                 fmt::format("{}:{}: {}", path_, node.Mark().line + 1,
                                             fmt::format(format, std::forward<Args>(args)...)),
                                 "panoscope config prints every key"});
  }
  Status Take(const YAML::Node& key, const YAML::Node& value);
  Status TakeEntries(const Setting& setting, const YAML::Node& map);
  static std::string TextOf(const YAML::Node& node) { return node.IsNull() ? "" : node.Scalar(); }

  const std::string path_;
  std::set<std::string> seen_;
  std::vector<FileValue> values_;
};

Status Reader::TakeEntries(const Setting& setting, const YAML::Node& map) {
  if (map.IsNull()) return {};
  if (!map.IsMap()) return At(map, "{}: entries of the form {} are needed", setting.key, "a: b");
  std::set<std::string> entries;
  for (const auto& item : map) {
    if (!item.first.IsScalar() || !(item.second.IsScalar() || item.second.IsNull())) {
      return At(item.first, "{}: an entry is one word and one value", setting.key);
    }
    const std::string& entry = item.first.Scalar();
    if (!entries.insert(entry).second) return At(item.first, "'{}' stands here twice", entry);
    const std::string text = item.second.IsNull() ? "off" : item.second.Scalar();
    values_.push_back({&setting, entry, text, item.first.Mark().line + 1});
  }
  return {};
}

Status Reader::Take(const YAML::Node& key, const YAML::Node& value) {
  if (!key.IsScalar()) return At(key, "a key is a word");
  const Setting* setting = FindSetting(key.Scalar());
  if (setting == nullptr) return At(key, "there is no key '{}'", key.Scalar());
  if (!seen_.insert(key.Scalar()).second) return At(key, "'{}' stands here twice", key.Scalar());
  if (setting->HasEntries()) return TakeEntries(*setting, value);
  if (!value.IsScalar() && !value.IsNull()) return At(value, "{}: one value", setting->key);
  if (value.IsNull()) return {};  // "key:" leaves the default
  values_.push_back({setting, "", TextOf(value), key.Mark().line + 1});
  return {};
}

Result<std::vector<FileValue>> Reader::Read(const std::string& text) {
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.size() > 1) return At(documents[1], "one document is enough");
    if (documents.empty() || documents[0].IsNull()) return std::move(values_);
    if (!documents[0].IsMap()) return At(documents[0], "lines of the form 'key: value' are needed");
    for (const auto& item : documents[0]) PANO_TRY(Take(item.first, item.second));
  } catch (const YAML::Exception& error) {
    return Fail(Code::kInvalid, "{}:{}: {}", path_, error.mark.line + 1, error.msg);
  }
  return std::move(values_);
}

// A plain scalar where that is unmistakable, else quoted as JSON, which YAML reads as well.
std::string Scalar(const std::string& text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./@+";
  const bool plain =
      !text.empty() && text != "null" && text.find("://") == std::string::npos &&
      std::ranges::all_of(text, [&](char c) {
        return kPlain.find(c) != std::string_view::npos || c == ':' || c == '-' || c == '>';
      });
  const bool safe = plain && text.front() != '-' && text.front() != '>' && text.front() != '@' &&
                    text.front() != ':' && text.back() != ':';
  return safe ? text
              : nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string Comment(const Effective& effective, const Setting& setting) {
  const auto from = effective.from.find(setting.key);
  std::string out = "\n# ";
  for (size_t at = 0; at < setting.meaning.size();) {  // a line per sentence
    const size_t end = std::min(setting.meaning.find(". ", at), setting.meaning.size());
    out += fmt::format("{}{}.", at == 0 ? "" : "\n# ", setting.meaning.substr(at, end - at));
    at = end == setting.meaning.size() ? end : end + 2;
  }
  out += fmt::format("\n# Flag --{}", setting.key);
  if (std::holds_alternative<bool Settings::*>(setting.field)) {
    out += fmt::format(", --no-{}", setting.key);
  } else {
    out += fmt::format(" {}", setting.value);
  }
  if (!setting.variable.empty()) out += fmt::format(", environment {}", setting.variable);
  return out + fmt::format(" ({})\n", from == effective.from.end() ? "default" : from->second);
}

}  // namespace

Result<std::vector<FileValue>> ReadSettingsFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Fail(Code::kNotFound, "{}: cannot be read: {}", path, ErrnoText(errno));
  std::string text(kMaxFileBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  if (text.size() > kMaxFileBytes) return Fail(Code::kInvalid, "{}:1: longer than 1 MiB", path);
  return Reader(path).Read(text);
}

std::string ToYaml(const Effective& effective) {
  std::string out = fmt::format(
      "# Settings of panoscope up as they are now: flags, then the environment, then {},\n"
      "# then defaults. Every key is also a flag.\n",
      effective.file.empty() ? "a file (--config)" : effective.file);
  for (const Setting& setting : AllSettings()) {
    out += Comment(effective, setting);
    const auto texts = TextsOf(effective.settings, setting);
    if (setting.secret && !texts.front().second.empty()) {
      out += fmt::format("# {}: (set, not shown)\n", setting.key);
    } else if (setting.HasEntries()) {
      out += fmt::format("{}:{}\n", setting.key, texts.empty() ? " {}" : "");
      for (const auto& [entry, text] : texts) {
        out += fmt::format("  {}: {}\n", Scalar(entry), Scalar(text));
      }
    } else {
      out += fmt::format("{}: {}\n", setting.key, Scalar(texts.front().second));
    }
  }
  return out;
}

}  // namespace pano::cli
