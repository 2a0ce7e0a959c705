// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/localise/read_question.h"

#include <cmath>
#include <set>
#include <unordered_map>

#include "server/analysis/localise/json_reader.h"

namespace pano::analysis {
namespace {

constexpr double kRounding = 1e-6;  // what arithmetic may leave above 1 or below 0

class Reader {
 public:
  explicit Reader(std::string_view json) : json_(json) {}

  Result<Question> Read() {
    PANO_TRY(json_.ReadObject([this](std::string_view key) { return ReadField(key); }));
    PANO_TRY(json_.ReadEnd());
    if (!seen_.contains("incident")) return Missing("incident");
    if (!seen_.contains("target")) return Missing("target");
    Normalise(question_);
    return std::move(question_);
  }

 private:
  static std::unexpected<Error> Missing(std::string_view field) {
    return Fail(Code::kInvalid, "{}: missing", field);
  }

  Status ReadField(std::string_view key) {
    if (key != "entry" && key != "target" && key != "calls" && key != "baseline" &&
        key != "incident") {
      return json_.Skip();
    }
    if (!seen_.emplace(key).second) return json_.FailHere("given twice");
    if (key == "calls") return ReadCalls();
    if (key == "target") return ReadTarget();
    if (key == "incident") return ReadWindow(question_.incident, true);
    if (json_.ReadNull()) return {};
    if (key == "entry") return ReadNode(question_.entry);
    return ReadWindow(question_.baseline, false);
  }

  Status ReadNode(uint32_t& node) {
    PANO_ASSIGN(std::string name, json_.ReadString());
    if (name.empty()) return json_.FailHere("a node needs a name");
    const auto [found, is_new] =
        index_.try_emplace(std::move(name), static_cast<uint32_t>(question_.nodes.size()));
    if (is_new) {
      if (question_.nodes.size() >= kMaxQuestionNodes) {
        return json_.FailHere(fmt::format("more than {} nodes", kMaxQuestionNodes));
      }
      question_.nodes.push_back(found->first);
    }
    node = found->second;
    return {};
  }

  Status ReadTarget() {
    bool has_metric = false;
    PANO_TRY(json_.ReadObject([&](std::string_view key) -> Status {
      if (key == "node") return ReadNode(question_.target);
      if (key != "metric") return json_.Skip();
      PANO_ASSIGN(const std::string name, json_.ReadString());
      const auto metric = TargetMetricNamed(name);
      if (!metric) {
        return json_.FailHere(fmt::format(
            "\"{}\" is none of latency, availability, errors, throughput", name.substr(0, 60)));
      }
      question_.metric = *metric;
      has_metric = true;
      return {};
    }));
    if (question_.target == kNoNode) return json_.FailAt("node", "missing");
    if (!has_metric) return json_.FailAt("metric", "missing");
    return {};
  }

  // [caller, callee]
  Status ReadPair(std::pair<uint32_t, uint32_t>& pair) {
    size_t count = 0;
    PANO_TRY(json_.ReadArray([&](size_t i) -> Status {
      ++count;
      if (i > 1) return json_.FailHere("a call is [caller, callee]");
      return ReadNode(i == 0 ? pair.first : pair.second);
    }));
    if (count != 2) return json_.FailHere("a call is [caller, callee]");
    return {};
  }

  Status ReadCalls() {
    if (json_.ReadNull()) return {};
    return json_.ReadArray([this](size_t) -> Status {
      std::pair<uint32_t, uint32_t> call;
      PANO_TRY(ReadPair(call));
      question_.calls.push_back(call);
      return {};
    });
  }

  Status ReadWindow(Window& window, bool needs_times) {
    bool has_times = false;
    bool has_series = false;
    PANO_TRY(json_.ReadObject([&](std::string_view key) -> Status {
      if (key == "times") {
        if (std::exchange(has_times, true)) return json_.FailHere("given twice");
        return ReadTimes(window.times);
      }
      if (key != "series") return json_.Skip();
      if (std::exchange(has_series, true)) return json_.FailHere("given twice");
      return json_.ReadArray([&](size_t) { return ReadSeries(window, has_times); });
    }));
    if (!has_times && (needs_times || has_series)) return json_.FailAt("times", "missing");
    if (!has_series) return json_.FailAt("series", "missing");
    if (needs_times && window.times.empty()) return json_.FailAt("times", "empty");
    for (size_t i = 0; i < window.series.size(); ++i) {
      if (window.series[i].values.size() == window.times.size()) continue;
      return json_.FailAt(fmt::format("series[{}].values", i),
                          WrongCount(window.series[i].values.size(), window.times.size()));
    }
    return {};
  }

  static std::string WrongCount(size_t values, size_t times) {
    return fmt::format("{} values for {} times", values, times);
  }

  Status ReadTimes(std::vector<double>& times) {
    PANO_TRY(json_.ReadNumbers(times));
    for (size_t i = 0; i < times.size(); ++i) {
      if (!std::isfinite(times[i])) {
        return json_.FailHere(fmt::format("[{}] is no time", i));
      }
    }
    return {};
  }

  struct Draft {
    Series series;
    bool has_metric = false;
    bool has_values = false;
  };

  Status ReadSeries(Window& window, bool has_times) {
    Draft draft;
    const size_t* times = nullptr;
    const size_t count = window.times.size();
    if (has_times) times = &count;
    PANO_TRY(json_.ReadObject([&](std::string_view key) { return ReadPart(key, draft, times); }));
    if (draft.series.node == kNoNode) return json_.FailAt("node", "missing (or \"edge\")");
    if (!draft.has_metric) return json_.FailAt("metric", "missing");
    if (!draft.has_values) return json_.FailAt("values", "missing");
    PANO_TRY(CheckValues(draft.series));
    window.series.push_back(std::move(draft.series));
    return {};
  }

  // `times`: how many there are, if that is known yet.
  Status ReadPart(std::string_view key, Draft& draft, const size_t* times) {
    Series& s = draft.series;
    if (key == "node" || key == "edge") {
      if (s.node != kNoNode) return json_.FailHere("a series is of a node or of an edge");
      if (key == "node") return ReadNode(s.node);
      std::pair<uint32_t, uint32_t> call;
      PANO_TRY(ReadPair(call));
      s.caller = call.first;
      s.node = call.second;
      return {};
    }
    if (key == "metric") {
      draft.has_metric = true;
      return ReadMetric(s.metric);
    }
    if (key != "values") return json_.Skip();
    draft.has_values = true;
    PANO_TRY(json_.ReadNumbers(s.values));
    if (times && s.values.size() != *times) {
      return json_.FailHere(WrongCount(s.values.size(), *times));
    }
    return {};
  }

  Status ReadMetric(SeriesMetric& out) {
    PANO_ASSIGN(const std::string name, json_.ReadString());
    const auto metric = SeriesMetricNamed(name);
    if (!metric) {
      return json_.FailHere(
          fmt::format("\"{}\" is none of {}", name.substr(0, 60), SeriesMetricNames()));
    }
    out = *metric;
    return {};
  }

  Status CheckValues(const Series& s) const {
    for (size_t i = 0; i < s.values.size(); ++i) {
      const double v = s.values[i];
      const auto place = [i] { return fmt::format("values[{}]", i); };
      if (v < -kRounding) return json_.FailAt(place(), fmt::format("{} is below 0", v));
      if (s.metric == SeriesMetric::kAvailability && v > 1 + kRounding) {
        return json_.FailAt(place(),
                            fmt::format("{} is above 1: availability is a share, 0..1", v));
      }
    }
    return {};
  }

  JsonReader json_;
  Question question_;
  std::unordered_map<std::string, uint32_t> index_;
  std::set<std::string, std::less<>> seen_;
};

}  // namespace

Result<Question> ReadQuestion(std::string_view json) { return Reader(json).Read(); }

}  // namespace pano::analysis
