// SPDX-License-Identifier: Apache-2.0
#include "server/api/limits_document.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "server/api/json_writer.h"

namespace pano::api {
namespace {

using analysis::LimitOverride;
using analysis::LimitSet;
using nlohmann::json;

constexpr size_t kMaxOverrides = 1000;
constexpr size_t kMaxName = 128;
constexpr size_t kMaxDocument = size_t{1} << 20;

Result<std::optional<double>> LimitOf(const json& value, std::string_view what) {
  if (value.is_null()) return std::optional<double>();
  if (!value.is_number()) return Fail(Code::kInvalid, "{}: a number or null", what);
  const double number = value.get<double>();
  if (!std::isfinite(number) || number < 0) {
    return Fail(Code::kInvalid, "{}: a limit is 0 or more", what);
  }
  return std::optional(number);
}

Result<analysis::Metric> MetricOf(const std::string& name) {
  const auto metric = analysis::MetricByName(name);
  if (!metric) return Fail(Code::kInvalid, "there is no metric \"{}\"", name.substr(0, 60));
  return *metric;
}

Result<std::string> TextOf(const json& object, const char* key) {
  const auto at = object.find(key);
  if (at == object.end()) return std::string();
  if (!at->is_string() || at->get_ref<const std::string&>().size() > kMaxName) {
    return Fail(Code::kInvalid, "{}: a text of at most {} bytes", key, kMaxName);
  }
  return at->get<std::string>();
}

Result<LimitOverride> OverrideOf(const json& entry) {
  if (!entry.is_object() || !entry.contains("limit")) {
    return Fail(Code::kInvalid,
                "overrides: each names service, or client and server, metric, limit");
  }
  LimitOverride out;
  PANO_ASSIGN(out.service, TextOf(entry, "service"));
  PANO_ASSIGN(out.client, TextOf(entry, "client"));
  PANO_ASSIGN(out.server, TextOf(entry, "server"));
  PANO_ASSIGN(const std::string metric, TextOf(entry, "metric"));
  PANO_ASSIGN(out.metric, MetricOf(metric));
  PANO_ASSIGN(out.limit, LimitOf(entry["limit"], metric));
  const bool edge = !out.client.empty() && !out.server.empty();
  if (out.service.empty() == !edge || (!edge && !(out.client.empty() && out.server.empty()))) {
    return Fail(Code::kInvalid, "overrides: either service, or client and server");
  }
  return out;
}

void WriteLimit(JsonWriter& out, const std::optional<double>& limit) {
  limit ? out.Exact(*limit) : out.Null();
}

}  // namespace

std::string LimitsJson(const analysis::Limits& limits) {
  JsonWriter out;
  out.BeginObject().Key("defaults").BeginObject();
  for (const analysis::Metric m : analysis::kAllMetrics) {
    out.Key(analysis::Name(m));
    WriteLimit(out, limits.defaults()[m]);
  }
  out.EndObject().Key("overrides").BeginArray();
  for (const LimitOverride& o : limits.overrides()) {
    out.BeginObject();
    if (!o.service.empty()) {
      out.Key("service").Text(o.service);
    } else {
      out.Key("client").Text(o.client).Key("server").Text(o.server);
    }
    out.Key("metric").Text(analysis::Name(o.metric)).Key("limit");
    WriteLimit(out, o.limit);
    out.EndObject();
  }
  out.EndArray().EndObject();
  return out.Take();
}

Result<analysis::Limits> ParseLimits(std::string_view text) {
  if (text.size() > kMaxDocument) return Fail(Code::kInvalid, "the document is too long");
  const json document = json::parse(text, nullptr, false);
  if (!document.is_object()) return Fail(Code::kInvalid, "the body is not a JSON object");
  LimitSet defaults;
  const auto given = document.find("defaults");
  if (given == document.end() || !given->is_object()) {
    return Fail(Code::kInvalid, "defaults: an object of limits is needed");
  }
  for (const auto& [name, value] : given->items()) {
    PANO_ASSIGN(const analysis::Metric metric, MetricOf(name));
    PANO_ASSIGN(defaults[metric], LimitOf(value, name));
  }
  std::vector<LimitOverride> overrides;
  if (const auto list = document.find("overrides"); list != document.end()) {
    if (!list->is_array() || list->size() > kMaxOverrides) {
      return Fail(Code::kInvalid, "overrides: a list of at most {}", kMaxOverrides);
    }
    for (const json& entry : *list) {
      PANO_ASSIGN(LimitOverride one, OverrideOf(entry));
      overrides.push_back(std::move(one));
    }
  }
  return analysis::Limits(defaults, std::move(overrides));
}

Status SaveLimits(const std::string& path, const analysis::Limits& limits) {
  const std::string text = LimitsJson(limits) + "\n";
  const std::string beside = path + ".new";
  const int fd = open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return Fail(Code::kUnavailable, "{}: {}", beside, ErrnoText(errno));
  const bool written =
      write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(fd) == 0;
  const int error = errno;
  close(fd);
  if (!written) return Fail(Code::kUnavailable, "{}: {}", beside, ErrnoText(error));
  if (rename(beside.c_str(), path.c_str()) != 0) {
    return Fail(Code::kUnavailable, "{}: {}", path, ErrnoText(errno));
  }
  return {};
}

Result<analysis::Limits> LoadLimits(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Fail(Code::kNotFound, "{}: not there", path);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  return ParseLimits(text);
}

}  // namespace pano::api
