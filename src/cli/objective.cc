// SPDX-License-Identifier: Apache-2.0
#include "cli/objective.h"

#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cmath>
#include <filesystem>

#include "server/analysis/limits.h"

namespace pano::cli {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 20;
constexpr uintmax_t kMaxFile = 1 << 20;

// "500ms" in the metric's own unit.
Result<json> LimitOf(analysis::Metric metric, std::string_view text) {
  if (text == "none") return json(nullptr);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  const bool time =
      metric == analysis::Metric::kLatency || metric == analysis::Metric::kConnectLatency;
  double factor = -1;
  if (time && unit == "us") factor = 1;
  if (time && unit == "ms") factor = 1e3;
  if (time && unit == "s") factor = 1e6;
  if (!time && (unit.empty() || unit == "/s")) factor = 1;
  if (error != std::errc() || !std::isfinite(value) || value < 0 || factor < 0) {
    return Fail(Code::kInvalid, "\"{}\" is no limit of {}: {}", text, analysis::Name(metric),
                time ? "500ms, 2s or 100us" : "a number per second");
  }
  return json(value * factor);
}

Result<json> FromYaml(const YAML::Node& node, int depth) {
  if (depth > kMaxDepth) return Fail(Code::kInvalid, "nested too deeply");
  switch (node.Type()) {
    case YAML::NodeType::Map: {
      json out = json::object();
      for (const auto& item : node) {
        if (!item.first.IsScalar()) {
          return Fail(Code::kInvalid, "line {}: a key is not a text", item.first.Mark().line + 1);
        }
        PANO_ASSIGN(out[item.first.Scalar()], FromYaml(item.second, depth + 1));
      }
      return out;
    }
    case YAML::NodeType::Sequence: {
      json out = json::array();
      for (const YAML::Node& item : node) {
        PANO_ASSIGN(json one, FromYaml(item, depth + 1));
        out.push_back(std::move(one));
      }
      return out;
    }
    case YAML::NodeType::Scalar: {
      const std::string& text = node.Scalar();
      double number = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      const bool plain = error == std::errc() && end == text.data() + text.size();
      return plain && node.Tag() != "!" ? json(number) : json(text);
    }
    default:
      return json(nullptr);
  }
}

}  // namespace

Result<json> ObjectivesOf(const std::vector<std::string>& texts) {
  json defaults = json::object();
  json overrides = json::array();
  for (const std::string& text : texts) {
    const size_t equals = text.rfind('=');
    if (equals == std::string::npos || equals == 0) {
      return Fail(Code::kInvalid, "--objective {}: it is METRIC=LIMIT", text);
    }
    const std::string left = text.substr(0, equals);
    const size_t colon = left.rfind(':');
    const std::string name = colon == std::string::npos ? left : left.substr(colon + 1);
    const auto metric = analysis::MetricByName(name);
    if (!metric) return Fail(Code::kInvalid, "--objective {}: there is no metric {}", text, name);
    PANO_ASSIGN(json limit, LimitOf(*metric, std::string_view(text).substr(equals + 1)));
    if (colon == std::string::npos) {
      defaults[name] = std::move(limit);
      continue;
    }
    const std::string subject = left.substr(0, colon);
    json one = {{"metric", name}, {"limit", std::move(limit)}};
    const size_t arrow = subject.find('>');
    if (arrow == std::string::npos) {
      one["service"] = subject;
    } else {
      one["client"] = subject.substr(0, arrow);
      one["server"] = subject.substr(arrow + 1);
    }
    overrides.push_back(std::move(one));
  }
  return json{{"defaults", std::move(defaults)}, {"overrides", std::move(overrides)}};
}

Result<json> YamlFile(const std::string& path) {
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(path, error);
  if (error) return Fail(Code::kNotFound, "{}: {}", path, error.message());
  if (size > kMaxFile) return Fail(Code::kInvalid, "{}: too long", path);
  try {
    auto document = FromYaml(YAML::LoadFile(path), 0);
    if (!document) {
      Error wrong = std::move(document).error();
      wrong.text = path + ": " + wrong.text;
      return std::unexpected(std::move(wrong));
    }
    return document;
  } catch (const YAML::Exception& wrong) {
    return Fail(Code::kInvalid, "{}: {}", path, wrong.what());
  }
}

}  // namespace pano::cli
