// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "server/report/report.h"
#include "server/report/style.h"
#include "server/report/svg.h"
#include "server/report/words.h"

namespace pano::report {
namespace {

constexpr size_t kMaxRows = 30;

class Page {
 public:
  explicit Page(const Report& report) : r_(report), info_(report.snapshot->info()) {}

  std::string Write() {
    Head();
    Facts();
    Steps();
    Capacity();
    Maps();
    Curves();
    Objectives();
    LoadGenerators();
    Events();
    Doubts();
    Add(R"(<section><h2>How to see it again</h2><pre>panoscope run show {0}
panoscope report {0} -o report.html</pre></section></main></body></html>)",
        Escape(info_.id));
    return std::move(out_);
  }

 private:
  template <typename... Args>
  void Add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
    out_ += '\n';
  }

  void Head() {
    const std::string title = Escape(info_.name.empty() ? info_.id : info_.name);
    Add(R"(<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{}</title>)"
        R"(<meta name="viewport" content="width=device-width"><style>{}</style></head><body><main>)",
        title, kStyle);
    Add(R"(<header><p class="kind">Load test report</p><h1>{}</h1><p class="finding">{}</p></header>)",
        title, Escape(SayFinding(r_)));
  }

  void Fact(std::string_view name, std::string_view value, std::string_view tone = "") {
    Add(R"(<div class="fact {}"><dt>{}</dt><dd>{}</dd></div>)", tone, name, Escape(value));
  }

  void Facts() {
    const uint64_t end = r_.snapshot->end();
    const auto met = r_.summary.objectives_met;
    Add(R"(<dl class="facts">)");
    Fact("Began", SayTime(info_.begin));
    Fact("Took", SayLength(end - std::min(end, info_.begin)));
    Fact("Load", SayRate(r_.summary.offered_rate) +
                     (info_.generator.empty() ? "" : " from " + info_.generator));
    Fact("Requests", SayCount(r_.summary.requests));
    Fact("Errors", SayShare(r_.summary.errors, r_.summary.requests));
    Fact("Latency p50", SayLatency(r_.summary.latency_p50_us));
    Fact("p95", SayLatency(r_.summary.latency_p95_us));
    Fact("p99", SayLatency(r_.summary.latency_p99_us));
    Fact("Objectives",
         !met   ? "not judged"
         : *met ? "✓ met"
                : "▲ not met",
         met && !*met ? "bad" : "");
    for (const auto& [key, value] : info_.labels) Fact(Escape(key), value);
    Add("</dl>");
    if (!info_.notes.empty()) Add(R"(<p class="notes">{}</p>)", Escape(info_.notes));
  }

  void Steps() {
    Add(R"(<section><h2>What happened</h2><table><thead><tr><th>Step<th>Offered<th>Good<th>p50<th>p95)"
        R"(<th>p99<th>Errors<th>Instances<th>Bottleneck</thead><tbody>)");
    for (size_t i = 0; i < r_.steps.size(); ++i) {
      const StepReport& s = r_.steps[i];
      const std::string name = BottleneckOf(s.map);
      const bool clear = name == "none";
      Add(R"(<tr><td>{}<td class="n">{}<td class="n">{}<td class="n">{}<td class="n">{}<td class="n">{})"
          R"(<td class="n">{}<td>{}<td class="{}">{}{})",
          Escape(SayStep(s.step, i)), SayRate(s.step.offered_rate), SayRate(s.step.accepted_rate),
          SayLatency(s.p50_us), SayLatency(s.p95_us), SayLatency(s.p99_us),
          SayShare(s.errors, s.requests), Escape(SayReplicas(s.map)), clear ? "good" : "bad",
          clear ? "✓ " : "▲ ", Escape(name));
    }
    Add("</tbody></table></section>");
  }

  void Capacity() {
    if (r_.plan.services.empty()) return;
    Add(R"(<section><h2>Capacity</h2><p>{}</p><table><thead><tr><th>Service<th>Has<th>Needs<th>How known)"
        R"(<th>CPU per request<th>One instance answers<th>Is asked<th>Used</thead><tbody>)",
        Escape(r_.plan.sentence));
    for (const capacity::ServicePlan& p : r_.plan.services) {
      const bool more = p.needed > p.replicas;
      Add(R"(<tr><td>{}<td class="n">{}<td class="n {}">{}<td>{}<td class="n">{}<td class="n">{}<td class="n">{}<td class="n">{})",
          Escape(p.service), p.replicas, more ? "bad" : "", SayInstances(p), Basis(p.basis),
          SayLatency(p.cost_ms.value * 1e3), SayRate(p.per_instance.value), SayRate(p.demand.value),
          SayShare(p.utilisation, 1));
    }
    Add("</tbody></table></section>");
  }

  static const char* Basis(capacity::Basis basis) {
    switch (basis) {
      case capacity::Basis::kMeasured:
        return "measured at this load";
      case capacity::Basis::kPredicted:
        return "predicted";
      default:
        return "not enough data";
    }
  }

  void Maps() {
    for (size_t i = 0; i < r_.steps.size(); ++i) {
      const StepReport& s = r_.steps[i];
      Add(R"(<section class="step"><h2>Step {}</h2><p class="when">{} to {} UTC</p>)",
          Escape(SayStep(s.step, i)), SayClock(s.step.from), SayClock(s.step.to));
      if (s.map.verdict) Add(R"(<p class="verdict">{}</p>)", Escape(s.map.verdict->sentence));
      Add("{}", MapSvg(s.map));
      if (s.map.verdict && !s.map.verdict->evidence.empty()) {
        Add("<ul>");
        for (const std::string& e : s.map.verdict->evidence) Add("<li>{}", Escape(e));
        if (!s.map.verdict->demand.text.empty()) Add("<li>{}", Escape(s.map.verdict->demand.text));
        for (const analysis::Next& n : s.map.verdict->next) Add("<li>Next: {}", Escape(n.text));
        Add("</ul>");
      }
      Add("</section>");
    }
  }

  void Figure(const std::vector<Curve>& curves, bool duration, double limit = analysis::kUnknown) {
    Add("<figure><figcaption>");
    for (const Curve& c : curves) {
      Add(R"(<span><i style="border-top:2.5px {} {}"></i>{}</span>)", c.dashed ? "dashed" : "solid",
          c.colour, Escape(c.label));
    }
    Add("</figcaption>{}</figure>", CurvesSvg(r_, curves, duration, limit));
  }

  void Curves() {
    std::vector<double> offered;
    std::vector<double> accepted;
    std::vector<double> waiting;
    for (const run::LoadPoint& p : r_.load) {
      offered.push_back(p.known ? p.offered : analysis::kUnknown);
      accepted.push_back(p.known ? p.accepted : analysis::kUnknown);
      waiting.push_back(p.known ? p.in_flight : analysis::kUnknown);
    }
    Add("<section><h2>History at the entry</h2>");
    Figure({{"offered, requests/s", "#2f6db3", true, std::move(offered)},
            {"answered well, requests/s", "#1d8a5f", false, std::move(accepted)}},
           false);
    const auto& limit = info_.judged_by().defaults()[analysis::Metric::kLatency];
    Figure({{"latency p95", "#c2571a", false, r_.p95_us}}, true,
           limit ? *limit : analysis::kUnknown);
    Figure({{"errors/s", "#c62f3b", false, r_.errors},
            {"SYN retransmits/s, everywhere", "#6a51a3", true, r_.retrans_syn}},
           false);
    Add("</section>");
  }

  void Objectives() {
    if (r_.objectives.empty()) return;
    Add(R"(<section><h2>Objectives</h2><table><thead><tr><th>Of<th>Metric<th>Limit<th>Value<th>Over it<th></thead><tbody>)");
    for (size_t i = 0; i < std::min(kMaxRows, r_.objectives.size()); ++i) {
      const run::ObjectiveResult& o = r_.objectives[i];
      const bool duration =
          o.metric == analysis::Metric::kLatency || o.metric == analysis::Metric::kConnectLatency;
      const auto say = [&](double v) { return duration ? SayLatency(v) : SayRate(v); };
      Add(R"(<tr><td>{}<td>{}<td class="n">{}<td class="n">{}<td class="n">{}<td class="{}">{})",
          Escape(o.edge ? o.client + " → " + o.service : o.service), analysis::Name(o.metric),
          say(o.limit), say(o.value), SayShare(o.over_share, 1), o.met ? "good" : "bad",
          o.met ? "✓ met" : "▲ not met");
    }
    Add("</tbody></table>");
    if (r_.objectives.size() > kMaxRows)
      Add("<p>{} more, less telling.</p>", r_.objectives.size() - kMaxRows);
    Add("</section>");
  }

  void LoadGenerators() {
    for (size_t i = 0; i < r_.reconciliations.size(); ++i) {
      const run::Reconciliation& c = r_.reconciliations[i];
      Add(R"(<section><h2>What {} says</h2><table><thead><tr><th><th>Reported<th>Seen<th></thead><tbody>)",
          Escape(info_.loadgen[i].tool));
      for (const run::ReconcileRow& row : c.rows) {
        const auto say = [&row](double v) {
          return row.unit == "us" ? SayLatency(v) : row.unit == "count" ? SayCount(v) : SayRate(v);
        };
        Add(R"(<tr><td>{}<td class="n">{}<td class="n">{}<td>{})", row.name, say(row.reported),
            say(row.seen),
            !row.agrees   ? ""
            : *row.agrees ? "✓ agrees"
                          : "▲ differs");
      }
      Add("</tbody></table><ul>");
      for (const std::string& f : c.findings) Add("<li>{}", Escape(f));
      if (!c.omission.text.empty()) Add("<li>{}", Escape(c.omission.text));
      Add("</ul></section>");
    }
  }

  void Events() {
    if (info_.events.empty() && info_.marks.empty()) return;
    Add(R"(<section><h2>Events</h2><ul class="events">)");
    for (const run::Mark& m : info_.marks) {
      Add("<li><time>{}</time> mark: {}", SayClock(m.time), Escape(m.text));
    }
    size_t rows = 0;
    for (const run::RunEvent& e : info_.events) {
      if (e.kind == schema::EventKind::kMark || ++rows > 4 * kMaxRows) continue;
      Add("<li><time>{}</time> {}: {}", SayClock(e.time_ns / 1'000'000'000), schema::Name(e.kind),
          Escape(e.text));
    }
    Add("</ul></section>");
  }

  void Doubts() {
    Add("<section><h2>Losses and doubts</h2><ul>");
    if (info_.losses.empty() && info_.doubts.empty()) Add("<li>None: everything was seen.");
    for (const std::string& d : info_.doubts) Add("<li>{}", Escape(d));
    for (const auto& [cause, count] : info_.losses) {
      Add("<li>{}: {}", Escape(cause), SayCount(static_cast<double>(count)));
    }
    Add("</ul><p class=\"by\">panoscope {} on {}, capture {}</p></section>", Escape(info_.version),
        Escape(info_.host), Escape(info_.tier));
  }

  const Report& r_;
  const run::RunInfo& info_;
  std::string out_;
};

}  // namespace

std::string Html(const Report& report) { return Page(report).Write(); }

}  // namespace pano::report
