// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/diagnose.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "server/analysis/attribute.h"
#include "server/analysis/evidence.h"
#include "server/analysis/graph.h"
#include "server/analysis/saturation.h"
#include "server/analysis/words.h"

namespace pano::analysis {
namespace {

constexpr double kMinShare = 0.2;         // of all harm, to be called the bottleneck
constexpr double kMinConfidence = 0.35;   // below that the cause is unknown
constexpr double kCandidateShare = 0.02;  // of all harm, to be listed
constexpr double kEnoughSamples = 50;

class Report {
 public:
  Report(const Graph& graph, const Input& input)
      : graph_(graph), saturation_(MeasureSaturation(graph)), harm_(Attribute(graph, saturation_)) {
    out_.time = input.time;
  }

  Diagnosis Write() {
    if (graph_.entry != kNoIndex) out_.entry = Id(graph_.entry);
    FindSuspects();
    WriteCandidates();
    WriteDemand();
    WriteVerdict();
    WriteRoles();
    WriteNext();
    return std::move(out_);
  }

 private:
  uint32_t Id(size_t node) const { return graph_.nodes[node].node->id; }

  void FindSuspects() {
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (harm_.share(i) < kCandidateShare) continue;
      suspects_.push_back(Examine(graph_, saturation_, harm_, i));
    }
    std::ranges::sort(suspects_, [](const Suspect& a, const Suspect& b) {
      return a.score != b.score ? a.score > b.score : a.node < b.node;
    });
    if (suspects_.size() > kMaxCandidates) suspects_.resize(kMaxCandidates);
  }

  // How sure: by the share explained, the lead over the next, evidence of another kind, and data.
  double Confidence(size_t rank) const {
    const Suspect& s = suspects_[rank];
    double rival = 0;
    for (size_t i = 0; i < suspects_.size(); ++i) {
      if (i != rank) rival = std::max(rival, suspects_[i].score);
    }
    const double lead = s.score > 0 ? std::clamp(1 - rival / s.score, 0.0, 1.0) : 0;
    const double data = std::min(1.0, s.samples / kEnoughSamples);
    return 0.3 * std::min(1.0, s.share / 0.6) + 0.3 * lead + 0.25 * s.strength + 0.15 * data;
  }

  // Back from the node along the edges that carried most harm, then on from there to the entry.
  void FindPath(size_t node, Candidate& c) const {
    std::vector<size_t> edges;
    std::vector<bool> seen(graph_.nodes.size());
    size_t at = node;
    seen[at] = true;
    for (;;) {
      size_t best = kNoIndex;
      for (const size_t e : graph_.nodes[at].in) {
        if (harm_.flow[e] <= 0 || seen[graph_.edges[e].client]) continue;
        if (best == kNoIndex || harm_.flow[e] > harm_.flow[best]) best = e;
      }
      if (best == kNoIndex) break;
      edges.push_back(best);
      at = graph_.edges[best].client;
      seen[at] = true;
    }
    std::ranges::reverse(edges);
    std::vector<size_t> lead = LeadTo(at, seen);
    lead.insert(lead.end(), edges.begin(), edges.end());
    c.path = {lead.empty() ? Id(node) : Id(graph_.edges[lead.front()].client)};
    for (const size_t e : lead) {
      c.path.push_back(Id(graph_.edges[e].server));
      c.path_edges.push_back(graph_.edges[e].edge->id);
    }
  }

  // Fewest hops from the entry to `target`, not through `taken`; empty when there is no way.
  std::vector<size_t> LeadTo(size_t target, const std::vector<bool>& taken) const {
    std::vector<size_t> by(graph_.nodes.size(), kNoIndex);
    std::vector<bool> seen(graph_.nodes.size());
    std::deque<size_t> queue;
    if (graph_.entry != kNoIndex && graph_.entry != target && !taken[graph_.entry]) {
      queue.push_back(graph_.entry);
      seen[graph_.entry] = true;
    }
    while (!queue.empty() && by[target] == kNoIndex) {
      const size_t at = queue.front();
      queue.pop_front();
      for (const size_t e : graph_.nodes[at].out) {
        const size_t next = graph_.edges[e].server;
        if (seen[next] || (taken[next] && next != target)) continue;
        seen[next] = true;
        by[next] = e;
        queue.push_back(next);
      }
    }
    std::vector<size_t> edges;
    for (size_t at = target; by[at] != kNoIndex; at = graph_.edges[by[at]].client) {
      edges.push_back(by[at]);
    }
    std::ranges::reverse(edges);
    return edges;
  }

  void WriteCandidates() {
    for (size_t i = 0; i < suspects_.size(); ++i) {
      const Suspect& s = suspects_[i];
      Candidate c;
      c.node = Id(s.node);
      c.service = graph_.name(s.node);
      c.score = s.score;
      c.confidence = Confidence(i);
      c.fault = s.fault;
      c.evidence = ListEvidence(graph_, s, saturation_[s.node], harm_);
      FindPath(s.node, c);
      out_.candidates.push_back(std::move(c));
    }
    if (out_.candidates.empty()) return;
    out_.path = out_.candidates.front().path;
    out_.path_edges = out_.candidates.front().path_edges;
    out_.evidence = out_.candidates.front().evidence;
    WriteSteps();
  }

  void WriteSteps() {
    for (size_t i = 0; i < out_.path_edges.size(); ++i) {
      const uint32_t id = out_.path_edges[i];
      // A log's call of its consumer has the id of the consumer's calls.
      const auto it = std::ranges::find_if(graph_.edges, [&](const GraphEdge& e) {
        return e.edge->id == id && Id(e.client) == out_.path[i];
      });
      if (it == graph_.edges.end()) continue;
      const GraphEdge& e = *it;
      Step step;
      step.edge = id;
      step.client = e.edge->client;
      step.server = e.edge->server;
      if (e.sync) step.latency_us = e.caller.latency_p95_us;
      double callers_wait = 0;
      for (const size_t in : graph_.nodes[e.client].in) {
        if (graph_.edges[in].sync) callers_wait += graph_.edges[in].caller.busy;
      }
      if (e.sync && callers_wait > 0) step.share = std::min(1.0, e.caller.busy / callers_wait);
      step.text = SayStep(e, step);
      out_.steps.push_back(std::move(step));
    }
  }

  std::string SayStep(const GraphEdge& e, const Step& step) const {
    std::string text = fmt::format("{} → {}", graph_.name(e.client), graph_.name(e.server));
    std::string_view glue = ": ";
    const auto add = [&text, &glue](const std::string& part) {
      text += glue;
      text += part;
      glue = ", ";
    };
    if (e.lag) {
      add(SayLag(*e.lag));
    } else if (Known(step.latency_us)) {
      add(SayDuration(step.latency_us));
      const auto& limit = e.limits[Metric::kLatency];
      if (limit && step.latency_us > *limit)
        text += fmt::format(" (limit {})", SayDuration(*limit));
    }
    if (step.share >= 0.01) {
      add(fmt::format("{} of what the callers of {} wait", SayPercent(step.share),
                      graph_.name(e.client)));
    }
    if (e.caller.errors() > 0) add(fmt::format("{} errors/s", SayNumber(e.caller.errors())));
    if (e.caller.connect_failures > 0) {
      add(fmt::format("{} connects/s fail", SayNumber(e.caller.connect_failures)));
    }
    return text;
  }

  // Requests of the first or last third of the window at the entry, and failed connects anywhere.
  struct Trend {
    double requests = 0;
    double failures = 0;
  };

  Trend Third(bool last) const {
    Trend trend;
    for (const GraphEdge& e : graph_.edges) {
      const auto& seconds = e.caller_view().seconds;
      const size_t third = seconds.size() / 3;
      if (third == 0) continue;
      double known = 0;
      Trend sum;
      for (size_t i = 0; i < third; ++i) {
        const EdgeSecond& s = seconds[last ? seconds.size() - third + i : i];
        if (!s.known) continue;
        ++known;
        sum.requests += s.requests;
        sum.failures += s.connect_failures;
      }
      if (known == 0) continue;
      if (e.client == graph_.entry) trend.requests += sum.requests / known;
      trend.failures += sum.failures / known;
    }
    return trend;
  }

  void WriteDemand() {
    if (graph_.entry == kNoIndex || graph_.nodes[graph_.entry].out.empty()) return;
    double offered = 0;
    double accepted = 0;
    for (const size_t at : graph_.nodes[graph_.entry].out) {
      const ViewTotals& t = graph_.edges[at].caller;
      offered += t.requests + t.connect_failures;
      accepted += std::max(0.0, t.responses - t.client_errors - t.server_errors);
    }
    out_.demand.offered = offered;
    out_.demand.accepted = std::min(accepted, offered);
    const Trend before = Third(false);
    const Trend after = Third(true);
    if (after.requests < 0.85 * before.requests && after.failures > before.failures + 1) {
      out_.demand.text = fmt::format(
          "Requests fell from {}/s to {}/s while failed connects rose from {}/s to {}/s: the load "
          "is turned away, not gone.",
          SayNumber(before.requests), SayNumber(after.requests), SayNumber(before.failures),
          SayNumber(after.failures));
    } else if (offered > 0 && accepted < 0.95 * offered) {
      out_.demand.text = fmt::format("{} of {} requests/s offered are answered well.",
                                     SayNumber(accepted), SayNumber(offered));
    }
  }

  void WriteVerdict() {
    if (!suspects_.empty()) {
      const Suspect& first = suspects_.front();
      out_.confidence = out_.candidates.front().confidence;
      if (first.share >= kMinShare && out_.confidence >= kMinConfidence) {
        out_.verdict = Verdict::kBottleneck;
        out_.bottleneck = Id(first.node);
        out_.bottleneck_service = graph_.name(first.node);
        out_.sentence = SayBottleneck(graph_, first, saturation_[first.node], harm_);
      } else {
        out_.verdict = Verdict::kUnknownCause;
        out_.sentence = SayUnknown();
      }
      return;
    }
    double requests = 0;
    for (const GraphEdge& e : graph_.edges) requests += e.caller.requests + e.caller.bytes;
    if (requests <= 0) {
      out_.verdict = Verdict::kUnknownCause;
      out_.sentence = "No traffic was seen, so there is nothing to judge.";
      return;
    }
    out_.verdict = Verdict::kNone;
    out_.sentence = SayNone();
    out_.confidence = std::min(1.0, requests * graph_.window_s / kEnoughSamples);
  }

  std::string SayUnknown() const {
    std::string names;
    for (size_t i = 0; i < suspects_.size() && i < 3; ++i) {
      if (i > 0) names += ", ";
      names +=
          fmt::format("{} ({})", graph_.name(suspects_[i].node), SayPercent(suspects_[i].share));
    }
    return fmt::format("Limits are exceeded, but no single cause stands out: {}.", names);
  }

  std::string SayNone() const {
    const GraphEdge* busiest = nullptr;
    for (const GraphEdge& e : graph_.edges) {
      const bool at_entry = e.client == graph_.entry && Known(e.caller.latency_p95_us);
      if (at_entry && (!busiest || e.caller.requests > busiest->caller.requests)) busiest = &e;
    }
    double failures = 0;
    for (const GraphEdge& e : graph_.edges)
      failures += e.caller.errors() + e.caller.connect_failures;
    const std::string_view head = failures > 0 ? "Nothing is over its limits but for stray failures"
                                               : "Nothing is over its limits";
    if (!busiest) return fmt::format("{}.", head);
    return fmt::format("{}: {} answers {} requests/s in {} (p95).", head,
                       graph_.name(busiest->server), SayNumber(busiest->caller.requests),
                       SayDuration(busiest->caller.latency_p95_us));
  }

  // A node another candidate with evidence of its own is an origin too; the rest are victims.
  bool IsOrigin(size_t node) const {
    if (out_.verdict != Verdict::kBottleneck) return false;
    if (suspects_.front().node == node) return true;
    const auto it =
        std::ranges::find_if(suspects_, [node](const Suspect& s) { return s.node == node; });
    return it != suspects_.end() && it->score >= 0.4 * suspects_.front().score &&
           it->strength >= 0.5 && (it->own_share >= 0.5 || harm_.failed[node] > harm_.slow[node]);
  }

  void WriteRoles() {
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      const auto over = [this](size_t e) { return graph_.edges[e].any_over; };
      const bool serves_over = std::ranges::any_of(graph_.nodes[i].in, over);
      const bool only_calls = graph_.nodes[i].in.empty();
      const bool calls_over = only_calls && std::ranges::any_of(graph_.nodes[i].out, over);
      const bool origin = IsOrigin(i);
      if (!serves_over && !calls_over && !origin) continue;
      Role role = Role::kNone;
      if (out_.verdict == Verdict::kBottleneck) role = origin ? Role::kOrigin : Role::kVictim;
      out_.roles.push_back({Id(i), role});
    }
  }

  // Of the others, the one with the most signs of its own: saturation first, then harm made.
  void WriteNext() {
    if (out_.verdict != Verdict::kBottleneck) return;
    size_t best = kNoIndex;
    double best_score = 0.35;
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (i == suspects_.front().node || graph_.nodes[i].in.empty()) continue;
      const Saturation& s = saturation_[i];
      const double use = std::clamp((s.quota_use - 0.5) / 0.4, 0.0, 1.0);
      const double score = std::max(s.any(), 0.8 * use) + 0.8 * harm_.share(i);
      if (score > best_score) best = i, best_score = score;
    }
    if (best == kNoIndex) return;
    const Suspect next = Examine(graph_, saturation_, harm_, best);
    std::string why = SayCause(next, saturation_[best]);
    if (why.empty()) why = SayHarm(next, saturation_[best], harm_);
    const std::string name(graph_.name(best));
    out_.next.push_back(
        {Id(best), name, fmt::format("{} is next{}{}.", name, why.empty() ? "" : ": ", why)});
  }

  const Graph& graph_;
  const std::vector<Saturation> saturation_;
  const Attribution harm_;
  std::vector<Suspect> suspects_;
  Diagnosis out_;
};

}  // namespace

Diagnosis Diagnose(const Input& input, const Limits& limits) {
  const Graph graph = BuildGraph(input, limits);
  return Report(graph, input).Write();
}

}  // namespace pano::analysis
