// SPDX-License-Identifier: Apache-2.0
#include "server/capacity/scalability.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace pano::capacity {
namespace {

constexpr size_t kMinPoints = 12;
constexpr size_t kBins = 24;
constexpr double kMinSpan = 4;    // largest over smallest concurrency
constexpr double kMinBend = 0.7;  // throughput gained per concurrency gained, at most
constexpr double kMinFit = 0.7;

// Points of like concurrency become one: seconds with many points must not outvote the others.
std::vector<LoadPoint> Bin(const std::vector<LoadPoint>& points) {
  const double low = std::log(points.front().concurrency);
  const double width = (std::log(points.back().concurrency) - low) / kBins;
  std::array<std::vector<double>, kBins> rates;
  std::array<std::vector<double>, kBins> levels;
  for (const LoadPoint& p : points) {
    const double at = (std::log(p.concurrency) - low) / width;
    const size_t bin = std::min(kBins - 1, static_cast<size_t>(std::max(at, 0.0)));
    rates[bin].push_back(p.throughput);
    levels[bin].push_back(p.concurrency);
  }
  std::vector<LoadPoint> out;
  for (size_t i = 0; i < kBins; ++i) {
    if (rates[i].empty()) continue;
    const auto middle = [](std::vector<double>& v) {
      std::nth_element(v.begin(), v.begin() + static_cast<ptrdiff_t>(v.size() / 2), v.end());
      return v[v.size() / 2];
    };
    out.push_back({middle(levels[i]), middle(rates[i])});
  }
  return out;
}

// Least squares of N / X = a + b (N - 1) + c N (N - 1), relative errors, over the terms in `use`.
std::optional<std::array<double, 3>> Solve(const std::vector<LoadPoint>& points,
                                           const std::array<bool, 3>& use) {
  std::array<std::array<double, 4>, 3> m{};
  for (const LoadPoint& p : points) {
    const double n = p.concurrency;
    const double y = n / p.throughput;
    const std::array<double, 3> x{1, n - 1, n * (n - 1)};
    for (size_t i = 0; i < 3; ++i) {
      for (size_t j = 0; j < 3; ++j) m[i][j] += x[i] * x[j] / (y * y);
      m[i][3] += x[i] * y / (y * y);
    }
  }
  for (size_t i = 0; i < 3; ++i) {
    if (use[i]) continue;
    m[i] = {};
    for (auto& row : m) row[i] = 0;
    m[i][i] = 1;
  }
  for (size_t i = 0; i < 3; ++i) {
    size_t pivot = i;
    for (size_t r = i + 1; r < 3; ++r) {
      if (std::abs(m[r][i]) > std::abs(m[pivot][i])) pivot = r;
    }
    if (std::abs(m[pivot][i]) < 1e-12) return std::nullopt;
    std::swap(m[i], m[pivot]);
    for (size_t r = 0; r < 3; ++r) {
      if (r == i) continue;
      const double factor = m[r][i] / m[i][i];
      for (size_t c = i; c < 4; ++c) m[r][c] -= factor * m[i][c];
    }
  }
  return std::array<double, 3>{m[0][3] / m[0][0], m[1][3] / m[1][1], m[2][3] / m[2][2]};
}

// Neither contention nor coherency is negative: a term that would be is left out.
std::optional<std::array<double, 3>> SolveNonNegative(const std::vector<LoadPoint>& points) {
  constexpr std::array<std::array<bool, 3>, 3> kTries{
      {{true, true, true}, {true, false, true}, {true, true, false}}};
  for (const auto& use : kTries) {
    const auto found = Solve(points, use);
    if (found && (*found)[0] > 0 && (*found)[1] >= 0 && (*found)[2] >= 0) return found;
  }
  return std::nullopt;
}

double FitOf(const Scalability& curve, const std::vector<LoadPoint>& points) {
  double mean = 0;
  for (const LoadPoint& p : points) mean += p.throughput / static_cast<double>(points.size());
  double left = 0;
  double all = 0;
  for (const LoadPoint& p : points) {
    left += std::pow(p.throughput - curve.At(p.concurrency), 2);
    all += std::pow(p.throughput - mean, 2);
  }
  return all > 0 ? 1 - left / all : 0;
}

}  // namespace

double Scalability::At(double n) const {
  return gain * n / (1 + contention * (n - 1) + coherency * n * (n - 1));
}

std::optional<Scalability> FitScalability(std::vector<LoadPoint> points) {
  std::erase_if(points, [](const LoadPoint& p) {
    return !(p.concurrency > 0) || !(p.throughput > 0) || !std::isfinite(p.concurrency) ||
           !std::isfinite(p.throughput);
  });
  if (points.size() < kMinPoints) return std::nullopt;
  std::ranges::sort(points, {},
                    [](const LoadPoint& p) { return std::pair(p.concurrency, p.throughput); });
  if (points.back().concurrency < kMinSpan * points.front().concurrency) return std::nullopt;
  const std::vector<LoadPoint> binned = Bin(points);
  if (binned.size() < 5) return std::nullopt;
  const LoadPoint& first = binned.front();
  const LoadPoint& last = binned.back();
  if (last.throughput / first.throughput > kMinBend * last.concurrency / first.concurrency) {
    return std::nullopt;  // still in proportion: the bend is further out
  }
  const auto terms = SolveNonNegative(binned);
  if (!terms) return std::nullopt;
  const auto [a, b, c] = *terms;
  Scalability curve;
  curve.gain = 1 / a;
  curve.contention = b / a;
  curve.coherency = c / a;
  if (curve.coherency > 1e-9 && curve.contention < 1) {
    curve.peak = std::sqrt((1 - curve.contention) / curve.coherency);
    curve.best = curve.At(std::max(curve.peak, 1.0));
    // A peak far beyond what was seen is a guess.
    if (curve.peak > 4 * last.concurrency) curve.peak = 0;
  }
  if (curve.peak == 0) {
    if (curve.contention <= 1e-9) return std::nullopt;
    curve.best = curve.gain / curve.contention;
    if (curve.best > 3 * last.throughput) return std::nullopt;  // the ceiling was not in sight
  }
  curve.knee = std::max(1.0, curve.best / curve.gain);
  curve.fit = FitOf(curve, binned);
  if (curve.fit < kMinFit) return std::nullopt;
  return curve;
}

}  // namespace pano::capacity
