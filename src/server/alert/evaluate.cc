// SPDX-License-Identifier: Apache-2.0
#include "server/alert/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/cut_text.h"
#include "schema/loss.h"
#include "server/analysis/words.h"

namespace pano::alert {
namespace {

using analysis::State;
using live::MapEdge;
using live::MapNode;
using live::MapView;

// Over how many seconds the rate of losses is taken.
constexpr uint64_t kLossSeconds = 5;
constexpr size_t kMaxPast = 8;

Subject SubjectOf(const MapView& map, const MapEdge& edge) {
  return {SubjectKind::kEdge, edge.id, map.names->ServiceName(edge.edge.client_service),
          map.names->ServiceName(edge.edge.server_service),
          map.names->ServiceName(edge.edge.server_service)};
}
Subject SubjectOf(const MapNode& node) { return {SubjectKind::kNode, node.id, "", "", node.name}; }

std::string KeyOf(const Subject& subject, const MapEdge& edge) {
  return fmt::format("edge:{}>{}:{}/{}", subject.client, subject.server, edge.edge.server_port,
                     schema::Name(edge.edge.l7_protocol));
}

bool Wanted(const Condition& c, const Subject& s) {
  if (s.kind == SubjectKind::kEdge) {
    return Glob(c.service, s.service) && Glob(c.client, s.client) && Glob(c.server, s.server);
  }
  // A node has neither caller nor callee: a rule about an edge is not about it.
  return c.client.empty() && c.server.empty() && Glob(c.service, s.service);
}

std::string_view UnitOf(std::string_view metric) {
  if (const auto* edge = live::FindEdgeNumber(metric)) return edge->unit;
  if (const auto* node = live::FindNodeNumber(metric)) return node->unit;
  return "";
}

std::string SayMetric(std::string_view metric) {
  std::string out(metric);
  std::ranges::replace(out, '_', ' ');
  return out;
}

double ValueOf(const MapEdge& edge, std::string_view metric) {
  const auto numbers = live::EdgeNumbers();
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i].name != metric) continue;
    if (i < analysis::kMetrics) return edge.metrics.at[i];
    const size_t detail = i - analysis::kMetrics;
    return detail < edge.details.size() ? edge.details[detail] : analysis::kUnknown;
  }
  return analysis::kUnknown;
}

double ValueOf(const MapNode& node, std::string_view metric) {
  const auto numbers = live::NodeNumbers();
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i].name == metric) {
      return i < node.node_details.size() ? node.node_details[i] : analysis::kUnknown;
    }
  }
  const auto edges = live::EdgeNumbers();
  for (size_t i = 0; i < edges.size(); ++i) {
    if (edges[i].name != metric) continue;
    if (i < analysis::kMetrics) return node.metrics.at[i];
    const size_t detail = i - analysis::kMetrics;
    return detail < node.edge_details.size() ? node.edge_details[detail] : analysis::kUnknown;
  }
  return analysis::kUnknown;
}

std::string SayWho(const Subject& subject) {
  return subject.kind == SubjectKind::kEdge ? SayEdge(subject) : subject.service;
}

void SetValue(Hit& hit, std::string_view metric, double value, double limit, const char* relation) {
  hit.metric = metric;
  hit.value = value;
  hit.limit = limit;
  hit.unit = UnitOf(metric);
  hit.text =
      fmt::format("{}: {} {}", SayWho(hit.subject), SayMetric(metric), SayValue(value, hit.unit));
  if (analysis::Known(limit))
    hit.text += fmt::format(", {} {}", relation, SayValue(limit, hit.unit));
}

// The metric a standing is over by, its value and limit; nothing when it is not over.
struct Over {
  std::string_view metric;
  double value = analysis::kUnknown;
  double limit = analysis::kUnknown;
};
std::optional<Over> OverBy(const live::Standing& standing, const analysis::MetricValues& values,
                           const analysis::LimitSet& limits, const std::string& wanted) {
  if (wanted.empty()) {
    if (standing.state != State::kOver || !standing.worst) return std::nullopt;
    return Over{analysis::Name(standing.worst->metric), standing.worst->value,
                standing.worst->limit};
  }
  const auto metric = analysis::MetricByName(wanted);
  if (!metric || standing.states[static_cast<size_t>(*metric)] != State::kOver) return std::nullopt;
  return Over{analysis::Name(*metric), values[*metric],
              limits[*metric].value_or(analysis::kUnknown)};
}

bool Contains(const std::vector<std::string>& list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

}  // namespace

std::string SayEdge(const Subject& subject) { return subject.client + " → " + subject.server; }

std::string SayValue(double value, std::string_view unit) {
  if (!analysis::Known(value)) return "unknown";
  if (unit == "us") return analysis::SayDuration(value);
  if (unit == "ratio") return analysis::SayPercent(value);
  if (unit == "byte") return analysis::SayBytes(value);
  if (unit == "byte/s") return analysis::SayBytes(value) + "/s";
  if (unit == "1/s") return analysis::SayNumber(value) + "/s";
  if (unit == "cores") return analysis::SayNumber(value) + " cores";
  return analysis::SayNumber(value);
}

void Evaluator::Look(Observation observation) {
  seen_ = std::move(observation);
  Past now;
  now.time = seen_.time();
  for (const auto& [cause, count] : seen_.map->losses) now.losses[cause] = count;
  if (seen_.store) now.rows_lost = seen_.store->rows_lost;
  past_.push_back(std::move(now));
  while (past_.size() > kMaxPast || past_.front().time + kLossSeconds < past_.back().time) {
    if (past_.size() <= 2) break;
    past_.pop_front();
  }
  if (!named_now_.empty()) named_before_ = named_now_;
  const auto& verdict = seen_.map->verdict;
  named_now_ = verdict && verdict->verdict == analysis::Verdict::kBottleneck
                   ? verdict->bottleneck_service
                   : std::string();
}

std::vector<Hit> Evaluator::Evaluate(const Rule& rule) const {
  std::vector<Hit> out;
  if (seen_.map == nullptr) return out;
  switch (rule.condition.type) {
    case ConditionType::kOverLimit:
      OverLimit(rule, out);
      break;
    case ConditionType::kThreshold:
      Threshold(rule, out);
      break;
    case ConditionType::kEdgesOver:
      EdgesOver(rule, out);
      break;
    case ConditionType::kBottleneck:
      Bottleneck(rule, out);
      break;
    case ConditionType::kBottleneckChanged:
      BottleneckChanged(rule, out);
      break;
    case ConditionType::kRunObjectives:
      RunObjectives(rule, out);
      break;
    case ConditionType::kLosses:
      Losses(rule, out);
      break;
    case ConditionType::kStore:
      Store(out);
      break;
    case ConditionType::kStage:
      Stage(out);
      break;
    case ConditionType::kCapture:
      Capture(out);
      break;
    case ConditionType::kEvent:
      Events(rule, out);
      break;
  }
  if (out.size() > kMaxHits) out.resize(kMaxHits);
  return out;
}

void Evaluator::OverLimit(const Rule& rule, std::vector<Hit>& out) const {
  const Condition& c = rule.condition;
  const MapView& map = *seen_.map;
  const auto add = [&](Subject subject, std::string key, const Over& over) {
    Hit hit;
    hit.key = std::move(key);
    hit.subject = std::move(subject);
    SetValue(hit, over.metric, over.value, over.limit, "limit");
    out.push_back(std::move(hit));
  };
  for (const MapEdge& edge : map.edges) {
    if (c.scope == Scope::kNode || edge.standing.state != State::kOver) continue;
    Subject subject = SubjectOf(map, edge);
    if (!Wanted(c, subject)) continue;
    const auto limits = seen_.limits->ForEdge(subject.client, subject.server);
    const auto over = OverBy(edge.standing, edge.metrics, limits, c.metric);
    if (!over) continue;
    std::string key = KeyOf(subject, edge);
    add(std::move(subject), std::move(key), *over);
  }
  for (const MapNode& node : map.nodes) {
    if (c.scope == Scope::kEdge || node.standing.state != State::kOver) continue;
    Subject subject = SubjectOf(node);
    if (!Wanted(c, subject)) continue;
    const auto limits = seen_.limits->ForNode(node.name);
    const auto over = OverBy(node.standing, node.metrics, limits, c.metric);
    if (over) add(std::move(subject), "node:" + node.name, *over);
  }
}

void Evaluator::Threshold(const Rule& rule, std::vector<Hit>& out) const {
  const Condition& c = rule.condition;
  const MapView& map = *seen_.map;
  const auto add = [&](const Subject& subject, std::string key, double value) {
    if (!analysis::Known(value) || (c.above ? value <= c.value : value >= c.value)) return;
    Hit hit;
    hit.key = std::move(key);
    hit.subject = subject;
    SetValue(hit, c.metric, value, c.value, c.above ? "above" : "below");
    out.push_back(std::move(hit));
  };
  if (c.scope != Scope::kNode) {
    for (const MapEdge& edge : map.edges) {
      const Subject subject = SubjectOf(map, edge);
      if (Wanted(c, subject)) add(subject, KeyOf(subject, edge), ValueOf(edge, c.metric));
    }
  }
  if (c.scope != Scope::kEdge) {
    for (const MapNode& node : map.nodes) {
      const Subject subject = SubjectOf(node);
      if (Wanted(c, subject)) add(subject, "node:" + node.name, ValueOf(node, c.metric));
    }
  }
}

void Evaluator::EdgesOver(const Rule& rule, std::vector<Hit>& out) const {
  const auto over = static_cast<uint32_t>(std::ranges::count_if(
      seen_.map->edges, [](const MapEdge& e) { return e.standing.state == State::kOver; }));
  if (over < rule.condition.count) return;
  Hit hit;
  hit.key = "map";
  hit.metric = "edges_over";
  hit.value = over;
  hit.limit = rule.condition.count;
  hit.unit = "count";
  hit.text = fmt::format("{} over a limit", analysis::SayCount(over, "edge", "edges"));
  out.push_back(std::move(hit));
}

void Evaluator::Bottleneck(const Rule& rule, std::vector<Hit>& out) const {
  const Condition& c = rule.condition;
  const auto& verdict = seen_.map->verdict;
  if (named_now_.empty() || !Glob(c.service, named_now_)) return;
  if (verdict->confidence < c.min_confidence) return;
  std::string fault = "unknown";
  if (!verdict->candidates.empty()) fault = analysis::Name(verdict->candidates.front().fault);
  if (!c.classes.empty() && !Contains(c.classes, fault)) return;
  Hit hit;
  hit.key = "node:" + named_now_;
  hit.subject = {SubjectKind::kNode, verdict->bottleneck, "", "", named_now_};
  hit.value = verdict->confidence;
  hit.unit = "ratio";
  hit.text = verdict->sentence;
  hit.fault = std::move(fault);
  hit.names_cause = true;
  out.push_back(std::move(hit));
}

void Evaluator::BottleneckChanged(const Rule& rule, std::vector<Hit>& out) const {
  const auto& verdict = seen_.map->verdict;
  if (named_now_.empty() || named_before_.empty() || named_now_ == named_before_) return;
  if (verdict->confidence < rule.condition.min_confidence) return;
  Hit hit;
  hit.key = "node:" + named_now_;
  hit.subject = {SubjectKind::kNode, verdict->bottleneck, "", "", named_now_};
  hit.value = verdict->confidence;
  hit.unit = "ratio";
  hit.text = fmt::format("The bottleneck is now {}, it was {}", named_now_, named_before_);
  hit.names_cause = true;
  out.push_back(std::move(hit));
}

void Evaluator::RunObjectives(const Rule& rule, std::vector<Hit>& out) const {
  for (const RunFacts& run : seen_.runs) {
    if (!run.over || !Glob(rule.condition.run, run.name)) continue;
    Hit hit;
    hit.key = "run:" + run.id;
    hit.subject.kind = SubjectKind::kRun;
    hit.subject.service = "";
    hit.text = fmt::format("Run {} {} over its objectives", run.name, run.running ? "is" : "was");
    if (!run.text.empty()) hit.text += ": " + run.text;
    out.push_back(std::move(hit));
  }
}

void Evaluator::Losses(const Rule& rule, std::vector<Hit>& out) const {
  const Condition& c = rule.condition;
  const Past& before = past_.front();
  const Past& now = past_.back();
  if (now.time <= before.time) return;
  for (const auto& [cause, count] : now.losses) {
    const schema::LossInfo* info = schema::FindLoss(cause);
    const auto effect = schema::Name(info ? info->effect : schema::LossEffect::kLost);
    if (!c.effects.empty() && !Contains(c.effects, effect)) continue;
    if (!c.causes.empty() && !Contains(c.causes, cause)) continue;
    const auto at = before.losses.find(cause);
    // A cause that was never counted before began at 0; a smaller count is a new start.
    const uint64_t base = at == before.losses.end() ? 0 : std::min(at->second, count);
    const double rate =
        static_cast<double>(count - base) / static_cast<double>(now.time - before.time);
    if (rate <= c.per_s) continue;
    Hit hit;
    hit.key = "loss:" + cause;
    hit.subject.kind = SubjectKind::kPanoscope;
    hit.metric = cause;
    hit.value = rate;
    hit.limit = c.per_s;
    hit.unit = "1/s";
    hit.text =
        fmt::format("Lost: {} {}/s ({})", SayMetric(cause), analysis::SayNumber(rate), effect);
    out.push_back(std::move(hit));
  }
}

void Evaluator::Store(std::vector<Hit>& out) const {
  if (!seen_.store) return;
  Hit hit;
  hit.key = "store";
  hit.subject.kind = SubjectKind::kPanoscope;
  const uint64_t lost =
      past_.back().rows_lost - std::min(past_.front().rows_lost, past_.back().rows_lost);
  if (seen_.store->disk_full) {
    hit.text = "The disk of the store is full: history is not written";
  } else if (!seen_.store->up) {
    hit.text = "The store does not answer";
    if (!seen_.store->last_error.empty()) hit.text += ": " + CutText(seen_.store->last_error, 200);
  } else if (lost > 0) {
    hit.value = static_cast<double>(lost);
    hit.unit = "count";
    hit.text = fmt::format("The store lost {} rows", lost);
  } else {
    return;
  }
  out.push_back(std::move(hit));
}

void Evaluator::Stage(std::vector<Hit>& out) const {
  const std::string& stage = seen_.map->stage;
  if (stage.empty() || stage == "full" || stage == "off") return;
  Hit hit;
  hit.key = "stage";
  hit.subject.kind = SubjectKind::kPanoscope;
  hit.text = "Capture is degraded: " + SayMetric(stage);
  out.push_back(std::move(hit));
}

void Evaluator::Capture(std::vector<Hit>& out) const {
  if (seen_.agents > 0) return;
  Hit hit;
  hit.key = "capture";
  hit.subject.kind = SubjectKind::kPanoscope;
  hit.text = "No agent delivers: traffic is not seen";
  out.push_back(std::move(hit));
}

void Evaluator::Events(const Rule& rule, std::vector<Hit>& out) const {
  const Condition& c = rule.condition;
  std::map<std::string, std::pair<uint32_t, const live::MapEvent*>> found;
  for (const live::MapEvent& event : seen_.map->events) {
    const auto kind = schema::Name(event.row.kind);
    if (!c.kinds.empty() && !Contains(c.kinds, kind)) continue;
    if (!Glob(c.service, event.service)) continue;
    auto& [count, last] = found[fmt::format("event:{}:{}", kind, event.service)];
    ++count;
    last = &event;
  }
  for (auto& [key, entry] : found) {
    if (entry.first < c.count) continue;
    const live::MapEvent& event = *entry.second;
    Hit hit;
    hit.key = key;
    hit.subject.kind = event.service.empty() ? SubjectKind::kMap : SubjectKind::kNode;
    hit.subject.id = event.row.service;
    hit.subject.service = event.service;
    const std::string what = SayMetric(schema::Name(event.row.kind));
    hit.text = event.service.empty() ? what : event.service + ": " + what;
    if (!event.row.text.empty()) hit.text += " (" + CutText(event.row.text, 200) + ")";
    out.push_back(std::move(hit));
  }
}

Reading Evaluator::Calm(const Rule& rule, const Subject& subject) const {
  if (seen_.map == nullptr) return Reading::kUnknown;
  const auto type = rule.condition.type;
  if (type != ConditionType::kOverLimit && type != ConditionType::kThreshold) return Reading::kGood;
  const auto known = [&](const auto& item) {
    if (type == ConditionType::kThreshold) {
      return analysis::Known(ValueOf(item, rule.condition.metric));
    }
    return item.standing.state == State::kOk || item.standing.state == State::kNear ||
           item.standing.state == State::kIdle;
  };
  bool good = false;
  if (subject.kind == SubjectKind::kEdge) {
    for (const MapEdge& e : seen_.map->edges) good = good || (e.id == subject.id && known(e));
  } else {
    for (const MapNode& n : seen_.map->nodes) good = good || (n.id == subject.id && known(n));
  }
  return good ? Reading::kGood : Reading::kUnknown;
}

std::vector<std::string> RuleWarnings(const Rule& rule, const MapView* map) {
  std::vector<std::string> out;
  const Condition& c = rule.condition;
  if (!c.metric.empty()) {
    const bool six = analysis::MetricByName(c.metric).has_value();
    if (c.type == ConditionType::kOverLimit && !six) {
      out.push_back(fmt::format("\"{}\" is not one of the six metrics: it never fires", c.metric));
    } else if (c.type == ConditionType::kThreshold && UnitOf(c.metric).empty()) {
      out.push_back(fmt::format("there is no metric \"{}\": it never fires", c.metric));
    } else if (c.type == ConditionType::kThreshold && c.scope == Scope::kEdge &&
               live::FindEdgeNumber(c.metric) == nullptr) {
      out.push_back(fmt::format("\"{}\" is a metric of nodes, not of edges", c.metric));
    }
  }
  for (const std::string& cause : c.causes) {
    if (schema::FindLoss(cause) == nullptr) {
      out.push_back(fmt::format("there is no loss \"{}\" in this version", cause));
    }
  }
  if (map == nullptr) return out;
  for (const std::string& name : {c.service, c.client, c.server}) {
    if (name.empty()) continue;
    const bool known = std::ranges::any_of(
        map->names->services, [&](const auto& entry) { return Glob(name, entry.second.name); });
    if (!known) out.push_back(fmt::format("there is no service \"{}\" yet", name));
  }
  return out;
}

}  // namespace pano::alert
