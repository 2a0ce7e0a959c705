// SPDX-License-Identifier: Apache-2.0
#include "server/alert/entry_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "server/alert/entry_json.h"

namespace pano::alert {
namespace {

using nlohmann::json;

constexpr size_t kMaxFile = size_t{8} << 20;
constexpr int kMaxDepth = 16;

Result<std::string> ReadWhole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Fail(Code::kNotFound, "{}: not there", path);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  if (text.size() > kMaxFile) return Fail(Code::kInvalid, "{}: too long", path);
  return text;
}

// What an unquoted scalar of YAML is; a quoted one (tag "!") is a text.
json ScalarOf(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;
  if (text == "true") return true;
  if (text == "false") return false;
  if (text == "null" || text == "~" || text.empty()) return nullptr;
  json number = json::parse(text, nullptr, false);
  return number.is_number() ? number : json(text);
}

Result<json> FromYaml(const YAML::Node& node, int depth) {
  if (depth > kMaxDepth) return Fail(Code::kInvalid, "line {}: too deep", node.Mark().line + 1);
  if (node.IsScalar()) return ScalarOf(node);
  if (node.IsSequence()) {
    json out = json::array();
    for (const YAML::Node& one : node) {
      PANO_ASSIGN(json value, FromYaml(one, depth + 1));
      out.push_back(std::move(value));
    }
    return out;
  }
  if (node.IsMap()) {
    json out = json::object();
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) {
        return Fail(Code::kInvalid, "line {}: a name is needed", node.Mark().line + 1);
      }
      PANO_ASSIGN(json value, FromYaml(entry.second, depth + 1));
      out[entry.first.Scalar()] = std::move(value);
    }
    return out;
  }
  return json();
}

Result<json> ParseYaml(const std::string& path, const std::string& text) {
  try {
    auto document = FromYaml(YAML::Load(text), 0);
    if (!document) return Fail(Code::kInvalid, "{}: {}", path, document.error().text);
    return document;
  } catch (const YAML::Exception& error) {
    return Fail(Code::kInvalid, "{}:{}: {}", path, error.mark.line + 1, error.msg);
  }
}

template <typename T, typename Parse>
Status ReadList(const json& document, const char* key, size_t most, std::vector<T>& out,
                const Parse& parse) {
  const auto list = document.find(key);
  if (list == document.end() || list->is_null()) return {};
  if (!list->is_array() || list->size() > most) {
    return Fail(Code::kInvalid, "{}: a list of at most {}", key, most);
  }
  for (size_t i = 0; i < list->size(); ++i) {
    Result<T> one = parse((*list)[i]);
    if (!one) return Fail(Code::kInvalid, "{}[{}].{}", key, i, one.error().text);
    if (one->id.empty()) return Fail(Code::kInvalid, "{}[{}].id: is needed", key, i);
    for (const T& other : out) {
      if (other.id == one->id) return Fail(Code::kInvalid, "{}[{}].id: is there twice", key, i);
    }
    out.push_back(std::move(*one));
  }
  return {};
}

Result<Entries> EntriesOf(const json& document, uint64_t now) {
  if (!document.is_object()) return Fail(Code::kInvalid, "an object of rules, routes, silences");
  for (const auto& [key, value] : document.items()) {
    if (key != "version" && key != "rules" && key != "routes" && key != "silences") {
      return Fail(Code::kInvalid, "{}: is not known here", key.substr(0, 60));
    }
  }
  Entries out;
  PANO_TRY(ReadList(document, "rules", kMaxRules, out.rules,
                    [](const json& one) { return RuleFromJson(one, ""); }));
  PANO_TRY(ReadList(document, "routes", kMaxRoutes, out.routes,
                    [](const json& one) { return RouteFromJson(one, "", nullptr); }));
  PANO_TRY(ReadList(document, "silences", kMaxSilences, out.silences,
                    [now](const json& one) { return SilenceFromJson(one, "", now); }));
  return out;
}

Status WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0) return Fail(Code::kUnavailable, "{}", ErrnoText(errno));
    text.remove_prefix(static_cast<size_t>(written));
  }
  if (fsync(fd) != 0) return Fail(Code::kUnavailable, "{}", ErrnoText(errno));
  return {};
}

}  // namespace

Result<Entries> LoadEntries(const std::string& path, uint64_t now) {
  PANO_ASSIGN(const std::string text, ReadWhole(path));
  auto entries = EntriesOf(json::parse(text, nullptr, false), now);
  if (!entries) return Fail(Code::kInvalid, "{}: {}", path, entries.error().text);
  return entries;
}

Status SaveEntries(const std::string& path, const Entries& entries) {
  json document = {{"version", 1},
                   {"rules", json::array()},
                   {"routes", json::array()},
                   {"silences", json::array()}};
  for (const Rule& rule : entries.rules) document["rules"].push_back(RuleJson(rule));
  for (const Route& route : entries.routes) document["routes"].push_back(RouteJson(route));
  for (const Silence& one : entries.silences) document["silences"].push_back(SilenceJson(one));
  const std::string text = document.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
  const std::string beside = path + ".new";
  unlink(beside.c_str());  // one left over may have another mode
  const int fd = open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return Fail(Code::kUnavailable, "{}: {}", beside, ErrnoText(errno));
  const Status written = WriteAll(fd, text);
  close(fd);
  if (!written) return Fail(Code::kUnavailable, "{}: {}", beside, written.error().text);
  if (rename(beside.c_str(), path.c_str()) != 0) {
    return Fail(Code::kUnavailable, "{}: {}", path, ErrnoText(errno));
  }
  return {};
}

Result<Entries> LoadProvisioned(const std::string& path, uint64_t now) {
  PANO_ASSIGN(const std::string text, ReadWhole(path));
  PANO_ASSIGN(const json document, ParseYaml(path, text));
  if (document.is_null()) return Entries{};
  auto entries = EntriesOf(document, now);
  if (!entries) return Fail(Code::kInvalid, "{}: {}", path, entries.error().text);
  for (Rule& rule : entries->rules) rule.origin = Origin::kFile;
  for (Route& route : entries->routes) route.origin = Origin::kFile;
  for (Silence& silence : entries->silences) silence.origin = Origin::kFile;
  return entries;
}

uint64_t StampOf(const std::string& path) {
  struct stat found{};
  if (path.empty() || stat(path.c_str(), &found) != 0) return 0;
  return static_cast<uint64_t>(found.st_mtim.tv_sec) * 1'000'000'000u +
         static_cast<uint64_t>(found.st_mtim.tv_nsec) + static_cast<uint64_t>(found.st_ino) + 1;
}

}  // namespace pano::alert
