// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/localise/judge.h"

#include <algorithm>
#include <cmath>

#include "server/analysis/robust.h"

namespace pano::analysis {
namespace {

constexpr double kCertainFrom = 2.0;  // z from which a change begins to count
constexpr double kCertainTo = 5;      // z from which it is beyond doubt
constexpr double kSeenBefore = 2.0;   // z at most, for means that the baseline has shown as well
constexpr double kBeyond = 4;  // z for each width of the range by which a mean is outside of it
constexpr size_t kManyBlocks = 20;  // enough of them to know what has been seen before
constexpr size_t kBlocksWanted = 6;
constexpr double kUnknownCount = 50;  // requests behind a share whose count nobody told

// What is below the smallest difference that can be trusted, after Transform.
double Floor(ValueKind kind) {
  switch (kind) {
    case ValueKind::kTime:
      return 0.03;
    case ValueKind::kCount:
      return 0.02;
    case ValueKind::kShare:
      return 0.01;
    case ValueKind::kLevel:
      return 0.04;
    case ValueKind::kFraction:
      return 0.01;
  }
  return 0;
}

// Change from which, and to which, it matters.
std::pair<double, double> Matters(ValueKind kind) {
  switch (kind) {
    case ValueKind::kTime:
      return {0.04, 0.30};
    case ValueKind::kCount:
      return {0.10, 0.50};
    case ValueKind::kShare:
      return {0.002, 0.03};
    case ValueKind::kLevel:
      return {0.10, 0.60};
    case ValueKind::kFraction:
      return {0.02, 0.20};
  }
  return {0, 1};
}

struct Scale {
  ValueKind kind;
  double offset = 0;
  // Makes the spread the same at every level.
  double operator()(double v) const {
    switch (kind) {
      case ValueKind::kTime:
      case ValueKind::kLevel:
        return std::log(std::max(v, 0.0) + offset);
      case ValueKind::kCount:
        return std::log(std::max(v, 0.0) + 1);
      case ValueKind::kShare:
        return std::asin(std::sqrt(std::clamp(v, 0.0, 1.0)));
      case ValueKind::kFraction:
        return v;
    }
    return v;
  }
};

double WeightAt(const std::vector<double>& weights, size_t i) {
  if (i >= weights.size() || !std::isfinite(weights[i])) return 1;
  return std::max(weights[i], 0.0);
}

struct Average {
  double value = kNotKnown;
  double weight = 0;
  size_t count = 0;
};

// Weighted mean of the known values of [begin, end).
Average WeightedMean(const std::vector<double>& values, const std::vector<double>& weights,
                     size_t begin, size_t end) {
  Average mean;
  double sum = 0;
  double plain = 0;
  for (size_t i = begin; i < std::min(end, values.size()); ++i) {
    if (!std::isfinite(values[i])) continue;
    const double w = WeightAt(weights, i);
    sum += w * values[i];
    plain += values[i];
    mean.weight += w;
    ++mean.count;
  }
  if (mean.weight > 0) {
    mean.value = sum / mean.weight;
  } else if (mean.count > 0) {
    mean.value = plain / static_cast<double>(mean.count);
  }
  return mean;
}

// The known values of the baseline in groups of `length`: their means as `scale` has them.
std::vector<double> Blocks(const Sample& s, const std::vector<size_t>& known, size_t length,
                           const Scale& scale, double* mean_weight) {
  std::vector<double> blocks;
  double weight = 0;
  for (size_t at = 0; at + length <= known.size(); at += length) {
    double sum = 0;
    double weights = 0;
    double plain = 0;
    for (size_t k = at; k < at + length; ++k) {
      const double w = WeightAt(s.usual_weights, known[k]);
      sum += w * s.usual[known[k]];
      plain += s.usual[known[k]];
      weights += w;
    }
    blocks.push_back(scale(weights > 0 ? sum / weights : plain / static_cast<double>(length)));
    weight += weights;
  }
  if (mean_weight) *mean_weight = blocks.empty() ? 0 : weight / static_cast<double>(blocks.size());
  return blocks;
}

std::vector<size_t> KnownOf(const std::vector<double>& values) {
  std::vector<size_t> known;
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) known.push_back(i);
  }
  return known;
}

// Noise of counting in a mean: of how many requests it is, and of how many intervals.
double CountingNoise(const Sample& s, double centre, const Average& now) {
  if (s.kind == ValueKind::kShare) {
    const double requests =
        s.now_weights.empty() ? kUnknownCount * static_cast<double>(now.count) : now.weight;
    return 0.5 / std::sqrt(std::max(requests, 1.0));
  }
  if (s.kind == ValueKind::kCount) {
    // One more event than expected might come at any time, even where none ever came.
    const double level = std::exp(centre) - 1;  // per interval
    const auto intervals = static_cast<double>(now.count);
    return std::sqrt(level * intervals + 1) / (intervals * (level + 1));
  }
  return 0;
}

double Offset(const Sample& s, const std::vector<size_t>& known, double now) {
  if (s.kind == ValueKind::kLevel) return s.offset > 0 ? s.offset : 1e-9;
  if (s.kind != ValueKind::kTime) return 0;
  std::vector<double> values;
  values.reserve(known.size());
  for (const size_t i : known) values.push_back(s.usual[i]);
  const double typical = std::max(Median(values), 0.2 * Mean(values));
  return std::max({0.02 * typical, typical > 0 ? 0 : 0.05 * now, 1e-9});
}

struct Normal {
  double centre = 0;
  double spread = 0;  // of means like the one to be judged
  double low = 0;     // of blocks as long as that, or as near to it as there are
  double high = 0;
  size_t blocks = 0;
  double weight = 0;  // requests in a block
};

Normal LearnNormal(const Sample& s, const std::vector<size_t>& known, size_t count,
                   const Scale& scale) {
  Normal normal;
  const size_t length =
      std::clamp<size_t>(known.size() / kBlocksWanted, 1, std::max<size_t>(count, 1));
  const std::vector<double> blocks = Blocks(s, known, length, scale, &normal.weight);
  normal.blocks = blocks.size();
  normal.centre = Median(blocks);
  normal.spread = Spread(blocks);
  const auto [low, high] = std::ranges::minmax(blocks);
  normal.low = low;
  normal.high = high;
  if (length > 1) {
    // Few long blocks say little of their spread: hold them against the single values.
    const double single = Spread(Blocks(s, known, 1, scale, nullptr));
    const double independent = single / std::sqrt(static_cast<double>(length));
    const double trust = std::min(1.0, static_cast<double>(blocks.size()) / 12.0);
    normal.spread = std::max(normal.spread, independent * (1.3 - 0.3 * trust));
  }
  if (count > length) {
    // Longer means spread less, but not as quickly as independent values would.
    normal.spread *= std::pow(static_cast<double>(length) / static_cast<double>(count), 0.25);
  }
  normal.spread *= 1 + 1.5 / static_cast<double>(blocks.size());
  return normal;
}

// What the baseline has shown is hardly a finding; what lies far outside of all it has shown is
// one, however wide that was.
void HeedRange(const Normal& normal, double value, double& z) {
  const double beyond = value > normal.high  ? value - normal.high
                        : value < normal.low ? normal.low - value
                                             : 0;
  if (beyond <= 0) {
    z = std::clamp(z, -kSeenBefore, kSeenBefore);
    return;
  }
  const double width = std::max(normal.high - normal.low, normal.spread);
  if (width <= 0) return;
  const double least = std::min(kSeenBefore + kBeyond * beyond / width, 20.0);
  if (std::abs(z) < least && normal.spread > 0) z = std::copysign(least, z);
}

}  // namespace

double Judged::certainty() const { return SmoothStep(std::abs(z), kCertainFrom, kCertainTo); }

Judged Judge(const Sample& s) {
  Judged judged;
  const Average now = WeightedMean(s.now, s.now_weights, 0, s.now.size());
  if (now.count == 0) return judged;
  judged.known = true;
  judged.now = now.value;
  const std::vector<size_t> known = KnownOf(s.usual);
  if (known.size() < 3) return judged;
  judged.has_usual = true;
  const Scale scale{s.kind, Offset(s, known, now.value)};
  const Normal normal = LearnNormal(s, known, now.count, scale);
  const double value = scale(now.value);
  double spread = std::hypot(normal.spread, Floor(s.kind));
  if (s.kind == ValueKind::kTime && !s.now_weights.empty() && now.weight > 0) {
    // A mean of fewer requests than usual spreads more.
    spread *= std::clamp(std::sqrt(normal.weight / now.weight), 1.0, 10.0);
  }
  spread = std::max(spread, CountingNoise(s, normal.centre, now));
  judged.z = (value - normal.centre) / spread;
  if (normal.blocks >= kManyBlocks) HeedRange(normal, value, judged.z);
  judged.usual = s.kind == ValueKind::kTime
                     ? std::max(std::exp(normal.centre) - scale.offset, 0.0)
                     : WeightedMean(s.usual, s.usual_weights, 0, s.usual.size()).value;
  if (s.kind == ValueKind::kShare || s.kind == ValueKind::kFraction) {
    judged.change = judged.now - judged.usual;
  } else {
    judged.change = value - normal.centre;
  }
  const auto [from, to] = Matters(s.kind);
  judged.strength = judged.certainty() * SmoothStep(std::abs(judged.change), from, to);
  return judged;
}

std::vector<double> PointScores(const Sample& s) {
  std::vector<double> scores(s.now.size(), kNotKnown);
  const std::vector<size_t> known = KnownOf(s.usual);
  if (known.size() < 3) return scores;
  double typical = 0;
  for (const double v : s.now) typical = std::isfinite(v) ? std::max(typical, v) : typical;
  const Scale scale{s.kind, Offset(s, known, typical)};
  const Normal normal = LearnNormal(s, known, 1, scale);
  for (size_t i = 0; i < s.now.size(); ++i) {
    if (!std::isfinite(s.now[i])) continue;
    Average one;
    one.value = s.now[i];
    one.count = 1;
    one.weight = WeightAt(s.now_weights, i);
    const double spread =
        std::max(std::hypot(normal.spread, Floor(s.kind)), CountingNoise(s, normal.centre, one));
    scores[i] = (scale(s.now[i]) - normal.centre) / spread;
  }
  return scores;
}

}  // namespace pano::analysis
