// SPDX-License-Identifier: Apache-2.0
#include "server/run/step_finder.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "base/stable_order.h"

namespace pano::run {
namespace {

constexpr uint64_t kNs = 1'000'000'000u;
// Noise of neighbouring seconds is not independent: standard errors are this much larger.
constexpr double kAutocorrelation = 2.0;
constexpr double kLeastNoise = 0.01;      // of the logarithm
constexpr double kKeptConnections = 0.3;  // connects per request: below, connections are kept
constexpr double kSteadyConnections = 0.05;
constexpr double kSettledWithin = 0.2;
constexpr uint32_t kSmoothSeconds = 5;

struct Boundary {
  size_t at = 0;  // index of its first point
  StepReason reason = StepReason::kLoad;
  std::string label;
};

double MedianOf(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double Mean(std::span<const double> values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

// Standard deviation of the noise, from neighbours' differences: steps do not count.
double NoiseOf(std::span<const double> signal) {
  std::vector<double> differences;
  for (size_t i = 1; i < signal.size(); ++i) {
    differences.push_back(std::abs(signal[i] - signal[i - 1]));
  }
  return std::max(kLeastNoise, MedianOf(std::move(differences)) / 0.6745 / std::sqrt(2.0));
}

// Binary segmentation of a signal's mean.
class Segmenter {
 public:
  Segmenter(std::span<const double> signal, size_t least, double change, double sigma)
      : signal_(signal), least_(least), change_(change), sigma_(sigma), noise_(NoiseOf(signal)) {
    sums_.push_back(0);
    for (const double v : signal) sums_.push_back(sums_.back() + v);
  }

  std::vector<size_t> Cuts() {
    Split(0, signal_.size(), 0);
    std::ranges::sort(cuts_);
    DropSmall();
    DropTransitions();
    return cuts_;
  }

 private:
  double MeanOf(size_t from, size_t to) const {
    return (sums_[to] - sums_[from]) / static_cast<double>(to - from);
  }

  // One odd second moves a mean, not a level.
  double LevelOf(size_t from, size_t to) const {
    return MedianOf({signal_.begin() + static_cast<ptrdiff_t>(from),
                     signal_.begin() + static_cast<ptrdiff_t>(to)});
  }

  void Split(size_t from, size_t to, int depth) {
    if (to - from < 2 * least_ || depth > 12) return;
    size_t best = 0;
    double best_gain = 0;
    for (size_t k = from + least_; k + least_ <= to; ++k) {
      const auto left = static_cast<double>(k - from);
      const auto right = static_cast<double>(to - k);
      const double gain =
          std::abs(MeanOf(from, k) - MeanOf(k, to)) * std::sqrt(left * right / (left + right));
      if (gain > best_gain) best_gain = gain, best = k;
    }
    if (best == 0 || best_gain < sigma_ * kAutocorrelation * noise_) return;
    cuts_.push_back(best);
    Split(from, best, depth + 1);
    Split(best, to, depth + 1);
  }

  // Cuts whose two sides turned out to be alike once all cuts are known.
  void DropSmall() {
    while (!cuts_.empty()) {
      size_t weakest = 0;
      double least = INFINITY;
      for (size_t i = 0; i < cuts_.size(); ++i) {
        const size_t from = i == 0 ? 0 : cuts_[i - 1];
        const size_t to = i + 1 == cuts_.size() ? signal_.size() : cuts_[i + 1];
        const double change = std::abs(LevelOf(from, cuts_[i]) - LevelOf(cuts_[i], to));
        if (change < least) least = change, weakest = i;
      }
      if (least >= change_) return;
      cuts_.erase(cuts_.begin() + static_cast<ptrdiff_t>(weakest));
    }
  }

  // A short stretch on the way from one level to the next belongs to the next: it has not settled.
  void DropTransitions() {
    for (size_t i = 1; i < cuts_.size();) {
      const size_t from = cuts_[i - 1];
      const size_t to = cuts_[i];
      const size_t end = i + 1 == cuts_.size() ? signal_.size() : cuts_[i + 1];
      const double jump = MeanOf(to, end) - MeanOf(i == 1 ? 0 : cuts_[i - 2], from);
      const size_t middle = from + (to - from) / 2;
      const double slope = MeanOf(middle, to) - MeanOf(from, middle);
      if (to - from < 2 * least_ && slope * jump > 0 && std::abs(slope) > 0.25 * std::abs(jump)) {
        cuts_.erase(cuts_.begin() + static_cast<ptrdiff_t>(i));
      } else {
        ++i;
      }
    }
  }

  std::span<const double> signal_;
  size_t least_;
  double change_;
  double sigma_;
  double noise_;
  std::vector<double> sums_;
  std::vector<size_t> cuts_;
};

class Finder {
 public:
  Finder(std::span<const LoadPoint> points, const StepOptions& options)
      : points_(points), options_(options) {
    const uint32_t seconds = std::max(1u, points.front().seconds);
    least_ = std::max<size_t>(3, (options.least_seconds + seconds - 1) / seconds);
    double offered = 0;
    double connects = 0;
    for (const LoadPoint& p : points) {
      rate_.push_back(std::log1p(p.offered));
      connections_.push_back(std::log1p(p.connections));
      latency_.push_back(p.latency_us);
      offered += p.offered;
      connects += p.connects;
    }
    kept_ = offered > 0 && connects / offered < kKeptConnections;
  }

  std::vector<Boundary> LoadBoundaries() const {
    std::vector<size_t> cuts;
    const double change = std::log1p(options_.least_change);
    if (kept_) cuts = Segmenter(connections_, least_, change, options_.least_sigma).Cuts();
    for (const size_t cut : Segmenter(rate_, least_, change, options_.least_sigma).Cuts()) {
      if (!IsAnswer(cut)) cuts.push_back(cut);
    }
    std::vector<Boundary> out;
    out.reserve(cuts.size());
    for (const size_t cut : cuts) out.push_back({cut, StepReason::kLoad, {}});
    return out;
  }

  size_t least() const { return least_; }
  size_t IndexOf(uint64_t second) const {
    const auto at = std::ranges::upper_bound(points_, second, {}, &LoadPoint::from);
    return at == points_.begin() ? 0 : static_cast<size_t>(at - points_.begin()) - 1;
  }

 private:
  static double KnownMean(std::span<const double> values) {
    double sum = 0;
    double count = 0;
    for (const double v : values) {
      if (analysis::Known(v)) sum += v, count += 1;
    }
    return count > 0 ? sum / count : analysis::kUnknown;
  }

  // With a fixed crowd of users, a faster system is asked more: rate against latency, connections
  // unmoved.
  bool IsAnswer(size_t cut) const {
    if (!kept_) return false;
    const size_t reach = 3 * least_;
    const size_t from = cut > reach ? cut - reach : 0;
    const size_t to = std::min(points_.size(), cut + reach);
    const auto before = [&](const std::vector<double>& v) {
      return std::span(v).subspan(from, cut - from);
    };
    const auto after = [&](const std::vector<double>& v) {
      return std::span(v).subspan(cut, to - cut);
    };
    const double connections = Mean(after(connections_)) - Mean(before(connections_));
    if (std::abs(connections) > kSteadyConnections) return false;
    const double latency = std::log(KnownMean(after(latency_)) / KnownMean(before(latency_)));
    const double rate = Mean(after(rate_)) - Mean(before(rate_));
    return std::isfinite(latency) && latency * rate < 0 && std::abs(latency) > 0.5 * std::abs(rate);
  }

  std::span<const LoadPoint> points_;
  StepOptions options_;
  size_t least_ = 0;
  bool kept_ = false;
  std::vector<double> rate_;         // log(1 + offered)
  std::vector<double> connections_;  // log(1 + open)
  std::vector<double> latency_;
};

bool Rebuilds(schema::EventKind kind) {
  return kind == schema::EventKind::kScale || kind == schema::EventKind::kDeploy ||
         kind == schema::EventKind::kRestart;
}

int Rank(StepReason reason) {
  switch (reason) {
    case StepReason::kBegin:
      return 3;
    case StepReason::kMark:
      return 2;
    case StepReason::kLoad:
      return 1;
    case StepReason::kScale:
      return 0;
  }
  return 0;
}

// In order, none closer than `least` points to another or to the end; the stronger reason stays.
std::vector<Boundary> Thin(std::vector<Boundary> all, size_t least, size_t count) {
  StableOrder(all, [](const Boundary& x, const Boundary& y) { return x.at < y.at; });
  std::vector<Boundary> out;
  for (Boundary& b : all) {
    const bool late = b.at + least > count && b.reason != StepReason::kMark;
    if (b.at >= count || (late && b.at > 0)) continue;
    if (!out.empty() && b.at < out.back().at + least) {
      const bool both_marks = b.reason == StepReason::kMark && out.back().reason == b.reason;
      if (both_marks && b.at > out.back().at) {
        out.push_back(std::move(b));
        continue;
      }
      if (out.back().label.empty()) out.back().label = b.label;
      if (Rank(b.reason) > Rank(out.back().reason)) {
        const std::string label = b.label.empty() ? out.back().label : b.label;
        out.back() = {b.at, b.reason, label};
      }
      continue;
    }
    out.push_back(std::move(b));
  }
  return out;
}

struct Means {
  double offered = 0, accepted = 0, connections = 0, in_flight = 0;
};

Means MeansOf(std::span<const LoadPoint> points) {
  Means m;
  double count = 0;
  for (const LoadPoint& p : points) {
    if (!p.known) continue;
    m.offered += p.offered;
    m.accepted += p.accepted;
    m.connections += p.connections;
    m.in_flight += p.in_flight;
    ++count;
  }
  if (count == 0) return m;
  return {m.offered / count, m.accepted / count, m.connections / count, m.in_flight / count};
}

// The first point from which on rate and latency stay near those of the second half.
size_t SettledAt(std::span<const LoadPoint> points) {
  const size_t half = points.size() / 2;
  std::vector<double> rates;
  std::vector<double> latencies;
  for (const LoadPoint& p : points.subspan(half)) {
    rates.push_back(p.offered);
    if (analysis::Known(p.latency_us)) latencies.push_back(p.latency_us);
  }
  const double rate = MedianOf(rates);
  const double latency = MedianOf(latencies);
  const size_t smooth = std::max<size_t>(1, kSmoothSeconds / std::max(1u, points.front().seconds));
  for (size_t i = 0; i < half; ++i) {
    std::vector<double> r;
    std::vector<double> l;
    for (size_t k = i; k < std::min(points.size(), i + smooth); ++k) {
      r.push_back(points[k].offered);
      if (analysis::Known(points[k].latency_us)) l.push_back(points[k].latency_us);
    }
    const auto near = [](double value, double level, double within) {
      return level <= 0 || std::abs(value - level) <= within * level;
    };
    // Latency may spread wider than the rate when the system is full.
    if (near(MedianOf(r), rate, kSettledWithin) &&
        (l.empty() || near(MedianOf(l), latency, 2.5 * kSettledWithin))) {
      return i;
    }
  }
  return half;
}

bool IsRamp(std::span<const LoadPoint> points) {
  const size_t third = points.size() / 3;
  if (third < 3) return false;
  const auto level = [](std::span<const LoadPoint> p) {
    const Means m = MeansOf(p);
    return m.connections > 0 ? m.connections : m.offered;
  };
  const double a = level(points.first(third));
  const double b = level(points.subspan(third, third));
  const double c = level(points.last(third));
  const double least = 0.1;
  return (b > a * (1 + least) && c > b * (1 + least)) ||
         (b < a * (1 - least) && c < b * (1 - least));
}

Step MakeStep(std::span<const LoadPoint> points, const Boundary& boundary) {
  Step step;
  step.from = points.front().from;
  step.to = points.back().from + points.back().seconds;
  const size_t settled = SettledAt(points);
  step.settled_from = points[settled].from;
  step.reason = boundary.reason;
  step.label = boundary.label;
  step.ramp = IsRamp(points);
  const Means m = MeansOf(points.subspan(settled));
  step.offered_rate = m.offered;
  step.accepted_rate = m.accepted;
  step.connections = m.connections;
  step.in_flight = m.in_flight;
  return step;
}

}  // namespace

std::vector<Step> FindSteps(std::span<const LoadPoint> points, std::span<const RunEvent> events,
                            std::span<const Mark> marks, const StepOptions& options) {
  if (points.empty()) return {};
  const Finder finder(points, options);
  std::vector<Boundary> boundaries = finder.LoadBoundaries();
  const uint64_t begin = points.front().from;
  const uint64_t end = points.back().from + points.back().seconds;
  const auto add = [&](uint64_t time, StepReason reason, const std::string& label) {
    if (time > begin && time < end) boundaries.push_back({finder.IndexOf(time), reason, label});
  };
  for (const RunEvent& e : events) {
    if (Rebuilds(e.kind)) add(e.time_ns / kNs, StepReason::kScale, e.text);
  }
  for (const Mark& m : marks) {
    if (m.step) add(m.time, StepReason::kMark, m.text);
  }
  boundaries.push_back({0, StepReason::kBegin, {}});
  boundaries = Thin(std::move(boundaries), finder.least(), points.size());
  if (boundaries.size() > kMaxSteps) boundaries.resize(kMaxSteps);
  std::vector<Step> steps;
  for (size_t i = 0; i < boundaries.size(); ++i) {
    const size_t from = boundaries[i].at;
    const size_t to = i + 1 < boundaries.size() ? boundaries[i + 1].at : points.size();
    steps.push_back(MakeStep(points.subspan(from, to - from), boundaries[i]));
  }
  return steps;
}

}  // namespace pano::run
