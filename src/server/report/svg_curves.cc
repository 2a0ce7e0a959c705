// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "server/report/svg.h"
#include "server/report/words.h"

namespace pano::report {
namespace {

constexpr double kWidth = 900;
constexpr double kHeight = 130;
constexpr double kLeft = 64;
constexpr double kBottom = 18;
constexpr double kTop = 8;

// The next 1, 2 or 5 times a power of ten.
double RoundUp(double value) {
  if (!(value > 0)) return 1;
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double step : {1.0, 2.0, 5.0, 10.0}) {
    if (value <= step * power * 1.0001) return step * power;
  }
  return 10 * power;
}

class Plot {
 public:
  Plot(const Report& report, const std::vector<Curve>& curves, bool duration, double limit)
      : report_(report), curves_(curves), duration_(duration), limit_(limit) {
    double most = 0;
    for (const Curve& c : curves) {
      for (const double v : c.values) {
        if (std::isfinite(v)) most = std::max(most, v);
      }
    }
    if (std::isfinite(limit) && limit < 3 * most) most = std::max(most, limit);
    top_ = RoundUp(most);
    begin_ = report.snapshot->begin();
    end_ = std::max(report.snapshot->end(), begin_ + 1);
  }

  std::string Draw() {
    out_ = fmt::format(R"(<svg class="curves" viewBox="0 0 {} {}" role="img" aria-label="{}">)",
                       kWidth, kHeight, curves_.empty() ? "" : Escape(curves_[0].label));
    Bands();
    Axis();
    for (const Curve& c : curves_) Line(c);
    return std::move(out_) + "</svg>";
  }

 private:
  double X(double time) const {
    const auto span = static_cast<double>(end_ - begin_);
    return kLeft +
           (kWidth - kLeft - 8) * std::clamp((time - static_cast<double>(begin_)) / span, 0.0, 1.0);
  }
  double Y(double value) const {
    return kTop + (kHeight - kTop - kBottom) * (1 - std::clamp(value / top_, 0.0, 1.0));
  }
  std::string Say(double value) const { return duration_ ? SayLatency(value) : SayRate(value); }

  void Bands() {
    for (size_t i = 0; i < report_.steps.size(); ++i) {
      const run::Step& s = report_.steps[i].step;
      const double x = X(static_cast<double>(s.from));
      fmt::format_to(std::back_inserter(out_),
                     R"(<rect class="band{}" x="{:.1f}" y="{}" width="{:.1f}" height="{}"/>)"
                     R"(<text class="step" x="{:.1f}" y="{}">{}</text>)",
                     i % 2, x, kTop, X(static_cast<double>(s.to)) - x, kHeight - kTop - kBottom,
                     x + 4, kTop + 11, i + 1);
    }
    for (const run::RunEvent& e : report_.snapshot->info().events) {
      if (e.kind != schema::EventKind::kScale) continue;
      const double x = X(static_cast<double>(e.time_ns) / 1e9);
      fmt::format_to(std::back_inserter(out_),
                     R"(<line class="event" x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}"/>)", x,
                     kTop, kHeight - kBottom);
    }
  }

  void Axis() {
    for (const double share : {0.0, 0.5, 1.0}) {
      const double y = Y(share * top_);
      fmt::format_to(std::back_inserter(out_),
                     R"(<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>)"
                     R"(<text class="axis" x="{}" y="{:.1f}">{}</text>)",
                     kLeft, kWidth - 8, y, y, kLeft - 6, y + 4,
                     share == 0 ? "0" : Say(share * top_));
    }
    for (int i = 0; i <= 4; ++i) {
      const double time = static_cast<double>(begin_) + static_cast<double>(end_ - begin_) * i / 4;
      fmt::format_to(std::back_inserter(out_),
                     R"(<text class="axis {}" x="{:.1f}" y="{}">{}</text>)",
                     i == 0   ? "first"
                     : i == 4 ? "last"
                              : "time",
                     X(time), kHeight - 4, SayClock(static_cast<uint64_t>(time)));
    }
    if (std::isfinite(limit_) && limit_ <= top_) {
      fmt::format_to(std::back_inserter(out_),
                     R"(<line class="limit" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>)", kLeft,
                     kWidth - 8, Y(limit_), Y(limit_));
      fmt::format_to(std::back_inserter(out_),
                     R"(<text class="axis limit-name" x="{}" y="{:.1f}">limit {}</text>)",
                     kWidth - 12, Y(limit_) - 3, Say(limit_));
    }
  }

  void Line(const Curve& c) {
    std::string path;
    bool drawing = false;
    const double step = report_.snapshot->bucket_seconds();
    for (size_t i = 0; i < c.values.size(); ++i) {
      if (!std::isfinite(c.values[i])) {
        drawing = false;
        continue;
      }
      const double time = static_cast<double>(begin_) + (static_cast<double>(i) + 0.5) * step;
      fmt::format_to(std::back_inserter(path), "{}{:.1f} {:.1f}", drawing ? 'L' : 'M', X(time),
                     Y(c.values[i]));
      drawing = true;
    }
    fmt::format_to(std::back_inserter(out_), R"(<path class="curve" d="{}" stroke="{}"{}/>)", path,
                   c.colour, c.dashed ? R"( stroke-dasharray="5 3")" : "");
  }

  const Report& report_;
  const std::vector<Curve>& curves_;
  bool duration_;
  double limit_;
  double top_ = 1;
  uint64_t begin_ = 0;
  uint64_t end_ = 1;
  std::string out_;
};

}  // namespace

std::string CurvesSvg(const Report& report, const std::vector<Curve>& curves, bool duration,
                      double limit) {
  return Plot(report, curves, duration, limit).Draw();
}

}  // namespace pano::report
