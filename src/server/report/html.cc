// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>

#include "server/report/report.h"
#include "server/report/style.h"
#include "server/report/svg.h"
#include "server/report/words.h"

namespace pano::report {
namespace {

constexpr size_t kMaxRows = 30;
constexpr size_t kMaxEvents = 120;

class Page {
 public:
  explicit Page(const Report& report) : r_(report), info_(report.snapshot->info()) {}

  std::string Write() {
    Head();
    Facts();
    Objectives();
    Steps();
    Maps();
    Curves();
    Capacity();
    LoadGenerators();
    Events();
    Doubts();
    Again();
    Add("</main></body></html>");
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
    const bool calm = std::ranges::all_of(
        r_.steps, [](const StepReport& s) { return BottleneckOf(s.map) == "none"; });
    Add(R"(<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{} – load test report</title>)"
        R"(<meta name="viewport" content="width=device-width"><style>{}</style></head><body><main>)",
        title, kStyle);
    Add(R"(<header><p class="kind">Load test report</p><h1>{}</h1><p class="finding {}">{} {}</p></header>)",
        title, calm ? "calm" : "", calm ? "✓" : "▲", Escape(SayFinding(r_)));
  }

  void Fact(std::string_view name, std::string_view value, std::string_view tone = "") {
    Add(R"(<div class="fact {}"><dt>{}</dt><dd>{}</dd></div>)", tone, Escape(name), Escape(value));
  }

  void Facts() {
    const uint64_t end = r_.snapshot->end();
    const auto met = r_.summary.objectives_met;
    Add(R"(<dl class="facts">)");
    Fact("Began", SayTime(info_.begin));
    Fact("Took", SayLength(end - std::min(end, info_.begin)));
    Fact("Load offered", SayRate(r_.summary.offered_rate));
    if (!info_.generator.empty()) Fact("Load from", info_.generator);
    Fact("Requests", SayCount(r_.summary.requests));
    Fact("Errors", SayShare(r_.summary.errors, r_.summary.requests));
    Fact("Latency p50", SayLatency(r_.summary.latency_p50_us));
    Fact("Latency p95", SayLatency(r_.summary.latency_p95_us));
    Fact("Latency p99", SayLatency(r_.summary.latency_p99_us));
    Fact("Objectives",
         !met   ? "not judged"
         : *met ? "✓ met"
                : "▲ not met",
         met && !*met ? "bad" : "");
    for (const auto& [key, value] : info_.labels) Fact(key, value);
    Add("</dl>");
    if (!info_.notes.empty()) Add(R"(<p class="notes">{}</p>)", Escape(info_.notes));
  }

  void Steps() {
    Add(R"(<section><h2>What happened, step by step</h2><table><thead><tr><th>Step<th>Offered<th>Good<th>p50<th>p95)"
        R"(<th>p99<th>Errors<th>Instances<th>Bottleneck</thead><tbody>)");
    for (size_t i = 0; i < r_.steps.size(); ++i) {
      const StepReport& s = r_.steps[i];
      const std::string name = BottleneckOf(s.map);
      const bool clear = name == "none";
      Add(R"(<tr><td>{}<td class="n">{}<td class="n">{}<td class="n">{}<td class="n">{}<td class="n">{})"
          R"(<td class="n">{}<td>{}<td class="{}">{}&nbsp;{})",
          Escape(SayStep(s.step, i)), SayRate(s.step.offered_rate), SayRate(s.step.accepted_rate),
          SayLatency(s.p50_us), SayLatency(s.p95_us), SayLatency(s.p99_us),
          SayShare(s.errors, s.requests), Escape(SayReplicas(s.map)), clear ? "good" : "bad",
          clear ? "✓" : "▲", Escape(name));
    }
    Add("</tbody></table></section>");
  }

  void Capacity() {
    Add("<section><h2>Capacity</h2><p>{}</p>",
        r_.plan.sentence.empty() ? "Not enough data." : Escape(r_.plan.sentence));
    if (r_.plan.services.empty()) return Add("</section>");
    Add(R"(<table><thead><tr><th>Service<th>Has<th>Needs<th>How known)"
        R"(<th>CPU per request<th>One instance answers<th>Is asked<th>Used</thead><tbody>)");
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
      Add(R"(<section><div class="together"><h2>Step {}</h2><p class="when">{} to {} UTC, {}</p>)",
          Escape(SayStep(s.step, i)), SayClock(s.step.from), SayClock(s.step.to),
          SayRate(s.step.offered_rate));
      if (s.map.verdict) Add(R"(<p class="verdict">{}</p>)", Escape(s.map.verdict->sentence));
      Add(R"(<div class="picture">{}</div></div>)", MapSvg(s.map));
      if (s.map.verdict) Evidence(*s.map.verdict, s.map);
      Add("</section>");
    }
    if (!r_.steps.empty()) {
      Add(R"(<p class="by">On the maps callers stand left of whom they call. ▲ and bold lines: over a limit; the filled card: )"
          R"(the bottleneck; the broad band: the slowest path; a line's width: bytes. Times are p95.</p>)");
    }
  }

  static std::string NameOf(const live::MapView& map, uint32_t id) {
    const auto at = std::ranges::find(map.nodes, id, &live::MapNode::id);
    return at == map.nodes.end() ? "?" : at->name;
  }

  // The walk from the entry to the bottleneck, what each caller waits for, and what speaks for it.
  void Evidence(const analysis::Diagnosis& verdict, const live::MapView& map) {
    if (!verdict.steps.empty()) {
      Add(R"(<ol class="chain"><li>{})", Escape(NameOf(map, verdict.steps.front().client)));
      for (const analysis::Step& step : verdict.steps) {
        Add(R"(<li><span class="wait">waits {} →</span> {})", SayLatency(step.latency_us),
            Escape(NameOf(map, step.server)));
      }
      Add("</ol>");
    }
    if (verdict.evidence.empty() && verdict.demand.text.empty() && verdict.next.empty()) return;
    Add(R"(<ul class="evidence">)");
    for (const std::string& e : verdict.evidence) Add("<li>{}", Escape(e));
    if (!verdict.demand.text.empty()) Add("<li>{}", Escape(verdict.demand.text));
    for (const analysis::Next& n : verdict.next) Add("<li>Next: {}", Escape(n.text));
    Add("</ul>");
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
    Add("<section><h2>History at the entry</h2><p class=\"by\">Numbered bands are the steps, "
        "dashed verticals what was scaled.</p>");
    Figure({{"offered, requests/s", "#2f6db3", true, std::move(offered)},
            {"answered well, requests/s", "#1d8a5f", false, std::move(accepted)}},
           false);
    const auto& limit = info_.judged_by().defaults()[analysis::Metric::kLatency];
    Figure({{"latency p95", "#b3501a", false, r_.p95_us}}, true,
           limit ? *limit : analysis::kUnknown);
    Figure({{"errors/s", "#c62f3b", false, r_.errors},
            {"SYN retransmits/s, everywhere", "#6a51a3", true, r_.retrans_syn}},
           false);
    Add("</section>");
  }

  // One row a service and metric: a call's result is its server's, told once more by each caller.
  std::vector<const run::ObjectiveResult*> Missed() const {
    std::set<std::pair<std::string, analysis::Metric>> of_services;
    for (const run::ObjectiveResult& o : r_.objectives) {
      if (!o.met && !o.edge) of_services.insert({o.service, o.metric});
    }
    std::vector<const run::ObjectiveResult*> out;
    for (const run::ObjectiveResult& o : r_.objectives) {
      if (!o.met && (!o.edge || !of_services.contains({o.service, o.metric}))) out.push_back(&o);
    }
    return out;
  }

  void Objectives() {
    Add("<section><h2>Objectives</h2>");
    if (r_.objectives.empty()) {
      Add("<p>None was set, or there was no traffic to judge.</p></section>");
      return;
    }
    const auto missed = Missed();
    const auto met = std::ranges::count_if(r_.objectives, &run::ObjectiveResult::met);
    Add(R"(<p><b class="{}">{}</b> {} of {} were kept over the whole run, of services and of the calls between them.</p>)",
        missed.empty() ? "good" : "bad", missed.empty() ? "✓ Met." : "▲ Not met.", met,
        r_.objectives.size());
    if (!missed.empty()) {
      Add(R"(<table><thead><tr><th>Service<th>Metric<th>Limit<th>Whole run<th>Time over it<th>Verdict</thead><tbody>)");
      for (size_t i = 0; i < std::min(kMaxRows, missed.size()); ++i) {
        const run::ObjectiveResult& o = *missed[i];
        Add(R"(<tr><td>{}<td>{}<td class="n">{}<td class="n">{}<td class="n">{}<td class="bad">▲&nbsp;not met)",
            Escape(o.edge ? o.client + " → " + o.service : o.service), SayMetric(o.metric),
            SayValue(o.metric, o.limit), SayValue(o.metric, o.value), SayShare(o.over_share, 1));
      }
      Add("</tbody></table>");
    }
    if (missed.size() > kMaxRows) Add("<p>{} more were not met.</p>", missed.size() - kMaxRows);
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
    struct Line {
      uint64_t time = 0;
      size_t number = 0;  // keeps what happened within one second in its order
      std::string kind;
      std::string text;
    };
    std::vector<Line> lines;
    lines.reserve(info_.marks.size() + info_.events.size());
    for (const run::Mark& m : info_.marks) lines.push_back({m.time, lines.size(), "mark", m.text});
    for (const run::RunEvent& e : info_.events) {
      if (e.kind == schema::EventKind::kMark) continue;
      lines.push_back({e.time_ns / 1'000'000'000, lines.size(), SayEvent(e.kind), e.text});
    }
    if (lines.empty()) return;
    std::ranges::sort(lines, {}, [](const Line& l) { return std::pair(l.time, l.number); });
    Add(R"(<section><h2>Events</h2><table class="events"><tbody>)");
    for (size_t i = 0; i < std::min(kMaxEvents, lines.size()); ++i) {
      Add(R"(<tr><td class="n"><time>{}</time><td class="kind-of">{}<td>{})",
          SayClock(lines[i].time), lines[i].kind, Escape(lines[i].text));
    }
    Add("</tbody></table>");
    if (lines.size() > kMaxEvents) Add("<p>{} more.</p>", lines.size() - kMaxEvents);
    Add("</section>");
  }

  void Doubts() {
    Add("<section><h2>Losses and doubts</h2><ul>");
    if (info_.losses.empty() && info_.doubts.empty()) Add("<li>None: everything was seen.");
    for (const std::string& d : info_.doubts) Add("<li>{}", Escape(d));
    for (const auto& [cause, count] : info_.losses) {
      Add("<li>{}: {}", Escape(cause), SayCount(static_cast<double>(count)));
    }
    Add("</ul></section>");
  }

  // What a shell takes as one word, whatever is in it.
  static std::string Quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? std::string(R"('\'')") : std::string(1, c);
    return out + "'";
  }

  void Again() {
    Add(R"(<section><h2>How to reproduce</h2><table class="terms"><tbody>)");
    Add("<tr><th>Measured by<td>panoscope {} on {}, capture {}", Escape(info_.version),
        Escape(info_.host), Escape(info_.tier));
    Add("<tr><th>Load<td>{}, {}",
        Escape(info_.generator.empty() ? "unknown generator" : info_.generator), Escape(SayLoad()));
    Add("<tr><th>Instances at the end<td>{}",
        r_.steps.empty() ? "unknown" : Escape(SayReplicas(r_.steps.back().map)));
    std::string limits;
    std::string flags;
    for (size_t i = 0; i < analysis::kMetrics; ++i) {
      const auto metric = static_cast<analysis::Metric>(i);
      const auto limit = info_.judged_by().defaults()[metric];
      if (!limit) continue;
      limits += fmt::format("{}{} {}", limits.empty() ? "" : ", ", SayMetric(metric),
                            SayValue(metric, *limit));
    }
    const size_t own = info_.judged_by().overrides().size();
    if (own > 0) limits += fmt::format("; {} of single services or calls", own);
    Add("<tr><th>Held to<td>{}", limits.empty() ? "no limits" : Escape(limits));
    for (const auto& [key, value] : info_.labels) {
      flags += " --label ";
      flags += Quoted(fmt::format("{}={}", key, value));
    }
    Add(R"(</tbody></table><pre>RUN=$(panoscope run start --name {}{}))",
        Escape(Quoted(info_.name)), Escape(flags));
    for (const StepReport& s : r_.steps) {
      if (!s.step.label.empty())
        Add("# at {}: {}", SayClock(s.step.from), Escape(OneLine(s.step.label)));
    }
    Add(R"(panoscope run stop
panoscope report "$RUN" -o report.html
panoscope compare {} "$RUN"    # this run against the new one</pre></section>)",
        Escape(info_.id));
  }

  // What stands in a comment must not leave it.
  static std::string OneLine(std::string text) {
    std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
    return text;
  }

  // "150/s for 42 s, 300/s for 60 s"
  std::string SayLoad() const {
    std::string out;
    for (const StepReport& s : r_.steps) {
      out += fmt::format("{}{} for {}", out.empty() ? "" : ", ", SayRate(s.step.offered_rate),
                         SayLength(s.step.to - std::min(s.step.to, s.step.from)));
    }
    return out.empty() ? "unknown" : out;
  }

  const Report& r_;
  const run::RunInfo& info_;
  std::string out_;
};

}  // namespace

std::string Html(const Report& report) { return Page(report).Write(); }

}  // namespace pano::report
