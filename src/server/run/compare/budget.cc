// SPDX-License-Identifier: Apache-2.0
#include "server/run/compare/budget.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <tuple>

#include "base/stable_order.h"

namespace pano::run {
namespace {

using nlohmann::json;

constexpr size_t kMaxBudgets = 10'000;

bool IsTime(CompareMetric m) {
  return m <= CompareMetric::kLatencyP99 || m == CompareMetric::kConnectLatency;
}

// A number with its unit, in the metric's own: us, or 1.
Result<double> Quantity(std::string_view text, CompareMetric metric, std::string_view where) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  const bool time = IsTime(metric);
  double factor = -1;
  if (unit == "%") factor = 0.01;
  if (unit == "us" && time) factor = 1;
  if (unit == "ms" && time) factor = 1e3;
  if (unit == "s" && time) factor = 1e6;
  if (unit.empty() && !time) factor = 1;
  if (error != std::errc() || !std::isfinite(value) || factor < 0) {
    return Fail(Code::kInvalid, "{}: \"{}\" is not a budget: \"+10%\"{}", where, text.substr(0, 40),
                time ? ", \"+5ms\" or \"50ms\"" : ", \"+0.1\" or \"0.5\"");
  }
  return value * factor;
}

Result<Budget> BudgetOf(Budget base, const std::string& metric, const json& value,
                        const std::string& where) {
  const std::string place = where.empty() ? metric : where + ": " + metric;
  const auto known = CompareMetricByName(metric);
  if (!known) return Fail(Code::kInvalid, "{}: there is no such metric", place.substr(0, 200));
  base.metric = *known;
  if (value.is_null()) {
    base.kind = Budget::Kind::kNone;
    return base;
  }
  if (value.is_number()) {
    base.text = value.dump();
    base.kind = Budget::Kind::kCeiling;
    base.value = value.get<double>();  // in the metric's own unit
    return base;
  }
  if (!value.is_string()) return Fail(Code::kInvalid, "{}: a text is needed", place.substr(0, 200));
  base.text = value.get<std::string>();
  std::string_view text = base.text;
  const bool growth = text.starts_with('+');
  if (growth) text.remove_prefix(1);
  const bool percent = text.ends_with('%');
  PANO_ASSIGN(base.value, Quantity(text, base.metric, place));
  if (!growth && percent && !IsShare(base.metric)) {
    return Fail(Code::kInvalid, "{}: growth is written \"+{}\"", place.substr(0, 200), text);
  }
  base.kind = !growth                            ? Budget::Kind::kCeiling
              : percent && !IsShare(base.metric) ? Budget::Kind::kRelative
                                                 : Budget::Kind::kGrowth;
  return base;
}

std::string Trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return std::string(text);
}

Status TakeNamed(const json& group, bool edges, std::vector<Budget>& out) {
  const char* what = edges ? "edges" : "services";
  if (!group.is_object()) return Fail(Code::kInvalid, "{}: names and their budgets", what);
  for (const auto& [name, metrics] : group.items()) {
    const std::string where = std::string(what) + ": " + name.substr(0, 200);
    Budget base;
    base.edge = edges;
    base.service = name;
    if (edges) {
      const size_t arrow = name.find('>');
      if (arrow == std::string::npos) {
        return Fail(Code::kInvalid, "{}: an edge is \"client > server\"", where);
      }
      base.client = Trimmed(std::string_view(name).substr(0, arrow));
      base.service = Trimmed(std::string_view(name).substr(arrow + 1));
    }
    if (!metrics.is_object()) return Fail(Code::kInvalid, "{}: metrics and budgets", where);
    for (const auto& [metric, value] : metrics.items()) {
      if (out.size() >= kMaxBudgets) return Fail(Code::kInvalid, "too many budgets");
      PANO_ASSIGN(Budget one, BudgetOf(base, metric, value, where));
      out.push_back(std::move(one));
    }
  }
  return {};
}

// Beyond the budget, whether or not by chance.
bool Beyond(const Budget& budget, const Delta& d) {
  switch (budget.kind) {
    case Budget::Kind::kRelative:
      return d.change > budget.value && d.low > 0;
    case Budget::Kind::kGrowth:
      return d.b - d.a > budget.value;
    case Budget::Kind::kCeiling:
      return d.b > budget.value;
    case Budget::Kind::kNone:
      return false;
  }
  return false;
}

void Judge(const Budget& budget, const Delta& d, double alpha, BudgetResult& out) {
  if (!Beyond(budget, d)) return;
  const bool ceiling = budget.kind == Budget::Kind::kCeiling;
  out.over = ceiling || (analysis::Known(d.q) && d.q <= alpha);
  out.undecided = !out.over && d.shared;
}

const char* Word(const BudgetResult& result) {
  if (result.over) return "over";
  return result.undecided ? "cannot be told, all services changed alike" : "within";
}

}  // namespace

Result<std::vector<Budget>> ParseBudgets(const json& document) {
  if (!document.is_object()) {
    return Fail(Code::kInvalid, "budgets: metrics, services and edges are needed");
  }
  std::vector<Budget> out;
  for (const auto& [key, value] : document.items()) {
    if (key == "services" || key == "edges") {
      PANO_TRY(TakeNamed(value, key == "edges", out));
      continue;
    }
    PANO_ASSIGN(Budget one, BudgetOf({}, key, value, ""));
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<BudgetResult> JudgeBudgets(const std::vector<Budget>& budgets,
                                       const Comparison& comparison, double alpha) {
  std::vector<BudgetResult> out;
  for (size_t i = 0; i < comparison.subjects.size(); ++i) {
    const Compared& c = comparison.subjects[i];
    std::map<CompareMetric, const Budget*> chosen;
    for (const Budget& b : budgets) {
      const bool named = !b.service.empty();
      const bool applies =
          named ? b.edge == c.edge && b.service == c.server && (!b.edge || b.client == c.client)
                : !c.edge;
      const auto at = chosen.find(b.metric);
      if (applies && (at == chosen.end() || named)) chosen[b.metric] = &b;
    }
    for (const auto& [metric, budget] : chosen) {
      const Delta& d = c.metrics[static_cast<size_t>(metric)];
      if (budget->kind == Budget::Kind::kNone || !analysis::Known(d.b)) continue;
      BudgetResult result{i, metric, budget->text, false, false, {}};
      Judge(*budget, d, alpha, result);
      const std::string subject = c.edge ? c.client + " > " + c.server : c.server;
      const std::string change =
          analysis::Known(d.change) ? fmt::format(" ({:+.1f} %)", d.change * 100) : "";
      result.text = fmt::format("{}: {} {:g} -> {:g}{}, budget {}: {}", subject, Name(metric), d.a,
                                d.b, change, budget->text, Word(result));
      out.push_back(std::move(result));
    }
  }
  const auto rank = [](const BudgetResult& r) { return r.over ? 0 : r.undecided ? 1 : 2; };
  StableOrder(out, [&rank](const auto& x, const auto& y) { return rank(x) < rank(y); });
  return out;
}

}  // namespace pano::run
