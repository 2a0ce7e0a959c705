// SPDX-License-Identifier: Apache-2.0
#include "server/run/compare/significance.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <utility>

namespace pano::run {
namespace {

constexpr size_t kLeastValues = 6;  // of a series

double NormalTail(double z) { return 0.5 * std::erfc(z / std::sqrt(2.0)); }

// Continued fraction of the incomplete beta function (modified Lentz).
double BetaFraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300;
  double c = 1;
  double d = 1 / std::max(kTiny, std::abs(1 - (a + b) * x / (a + 1))) *
             (1 - (a + b) * x / (a + 1) < 0 ? -1 : 1);
  double h = d;
  for (int m = 1; m < 300; ++m) {
    const double m2 = 2.0 * m;
    for (const double term : {m * (b - m) * x / ((a + m2 - 1) * (a + m2)),
                              -(a + m) * (a + b + m) * x / ((a + m2) * (a + m2 + 1))}) {
      d = 1 + term * d;
      if (std::abs(d) < kTiny) d = kTiny;
      c = 1 + term / c;
      if (std::abs(c) < kTiny) c = kTiny;
      d = 1 / d;
      h *= d * c;
    }
    if (std::abs(d * c - 1) < 1e-12) break;
  }
  return h;
}

double IncompleteBeta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * BetaFraction(a, b, x) / a;
  return 1 - front * BetaFraction(b, a, 1 - x) / b;
}

// The t with two-sided p of 1 - confidence, by bisection.
double StudentQuantile(double confidence, double freedom) {
  double low = 0;
  double high = 1000;
  for (int i = 0; i < 80; ++i) {
    const double middle = (low + high) / 2;
    (StudentP(middle, freedom) > 1 - confidence ? low : high) = middle;
  }
  return (low + high) / 2;
}

// Midranks of both samples together, 1-based.
std::vector<double> JointRanks(std::span<const double> a, std::span<const double> b) {
  std::vector<double> all(a.begin(), a.end());
  all.insert(all.end(), b.begin(), b.end());
  std::vector<size_t> order(all.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, {}, [&all](size_t i) { return all[i]; });
  std::vector<double> ranks(all.size());
  for (size_t i = 0; i < order.size();) {
    size_t end = i;
    while (end < order.size() && all[order[end]] == all[order[i]]) ++end;
    for (size_t k = i; k < end; ++k) {
      ranks[order[k]] = (static_cast<double>(i + end) + 1) / 2;
    }
    i = end;
  }
  return ranks;
}

// Sum of autocovariances at `lag` of a series around its own mean, and the number of its products.
double LaggedSum(std::span<const double> x, size_t lag) {
  const double mean = std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
  double sum = 0;
  for (size_t i = lag; i < x.size(); ++i) sum += (x[i] - mean) * (x[i - lag] - mean);
  return sum;
}

double PairQuantile(std::vector<double>& pairs, double rank) {
  const auto at =
      static_cast<ptrdiff_t>(std::clamp(rank, 0.0, static_cast<double>(pairs.size()) - 1));
  std::nth_element(pairs.begin(), pairs.begin() + at, pairs.end());
  return pairs[static_cast<size_t>(at)];
}

struct Totals {
  double events = 0;
  double trials = 0;
};

Totals TotalsOf(std::span<const Trials> blocks) {
  Totals t;
  for (const Trials& b : blocks) t.events += b.events, t.trials += b.trials;
  return t;
}

// Pearson's statistic per degree of freedom: 1 when blocks differ by chance only.
double Dispersion(std::span<const Trials> blocks) {
  const Totals t = TotalsOf(blocks);
  const double share = t.trials > 0 ? t.events / t.trials : 0;
  if (share <= 0 || share >= 1) return 1;
  double sum = 0;
  double freedom = -1;
  for (const Trials& b : blocks) {
    if (b.trials <= 0) continue;
    const double expected = b.trials * share;
    sum += (b.events - expected) * (b.events - expected) / (expected * (1 - share));
    freedom += 1;
  }
  return freedom > 0 ? std::max(1.0, sum / freedom) : 1;
}

double LogChoose(double n, double k) {
  return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1);
}

// Two-sided: all tables no likelier than this one.
double FisherP(const Totals& a, const Totals& b) {
  const double events = a.events + b.events;
  const double trials = a.trials + b.trials;
  const double whole = LogChoose(trials, events);
  const auto log_p = [&](double k) {
    return LogChoose(a.trials, k) + LogChoose(b.trials, events - k) - whole;
  };
  const double seen = log_p(a.events) + 1e-7;
  double p = 0;
  for (double k = std::max(0.0, events - b.trials); k <= std::min(events, a.trials); k += 1) {
    if (log_p(k) <= seen) p += std::exp(log_p(k));
  }
  return std::min(1.0, p);
}

// Variance over mean of counts, 1 for Poisson, with neighbours' likeness.
double CountDispersion(std::span<const double> counts, double inflation) {
  const double n = static_cast<double>(counts.size());
  const double mean = std::accumulate(counts.begin(), counts.end(), 0.0) / n;
  if (mean <= 0 || n < 2) return 1;
  return std::max(1.0, LaggedSum(counts, 0) / (n - 1) / mean * inflation);
}

}  // namespace

double StudentP(double t, double freedom) {
  if (!(freedom > 0)) return 1;
  return IncompleteBeta(freedom / 2, 0.5, freedom / (freedom + t * t));
}

double VarianceInflation(std::span<const double> a, std::span<const double> b) {
  const size_t shorter = std::min(a.size(), b.size());
  if (shorter < 4) return 1;
  const double variance = LaggedSum(a, 0) + LaggedSum(b, 0);
  if (variance <= 0) return 1;
  const auto n = static_cast<double>(shorter);
  const auto correlation = [&](size_t lag) {
    return (LaggedSum(a, lag) + LaggedSum(b, lag)) / variance;
  };
  // Lags in pairs while their sum is positive (Geyer's initial positive sequence).
  double sum = 0;
  const size_t most = std::max<size_t>(1, shorter / 4);
  for (size_t lag = 1; lag <= most; lag += 2) {
    const double pair = correlation(lag) + (lag + 1 <= most ? correlation(lag + 1) : 0);
    if (pair <= 0) break;
    sum += pair;
  }
  // A series that is centred on its own mean looks less correlated than it is (Kendall).
  const double seen = correlation(1);
  const double first = std::clamp(seen + (1 + 3 * std::max(0.0, seen)) / n, 0.0, 0.95);
  const double inflation = std::max(1 + 2 * sum, (1 + first) / (1 - first));
  return std::clamp(inflation, 1.0, n / 3);
}

Difference CompareSeries(std::span<const double> a, std::span<const double> b, double confidence) {
  Difference out;
  if (a.size() < kLeastValues || b.size() < kLeastValues) return out;
  const auto n = static_cast<double>(a.size());
  const auto m = static_cast<double>(b.size());
  const std::vector<double> ranks = JointRanks(a, b);
  const std::span<const double> ranks_a = std::span(ranks).first(a.size());
  const std::span<const double> ranks_b = std::span(ranks).last(b.size());
  const double inflation = VarianceInflation(ranks_a, ranks_b);

  const double middle = (n + m + 1) / 2;
  double tied = 0;  // what ties leave of the ranks' variance
  for (const double r : ranks) tied += (r - middle) * (r - middle);
  const double variance = n * m / ((n + m) * (n + m - 1)) * tied * inflation;
  const double u = std::accumulate(ranks_b.begin(), ranks_b.end(), 0.0) - m * (m + 1) / 2;
  const double freedom = std::max(2.0, (n + m) / inflation - 2);
  const double deviation = std::sqrt(variance);
  out.enough = true;
  out.freedom = freedom;
  out.p = deviation > 0 ? StudentP((u - n * m / 2) / deviation, freedom) : 1;

  std::vector<double> pairs;
  pairs.reserve(a.size() * b.size());
  for (const double y : b) {
    for (const double x : a) pairs.push_back(y - x);
  }
  const double count = n * m;
  const double quantile = StudentQuantile(confidence, freedom);
  const double reach = quantile * std::sqrt(count * (n + m + 1) / 12 * inflation);
  out.low = PairQuantile(pairs, count / 2 - reach);
  out.high = PairQuantile(pairs, count / 2 + reach);
  out.shift = PairQuantile(pairs, (count - 1) / 2);
  const double error = (out.high - out.low) / 2 / quantile;
  out.score = error > 0 ? out.shift / error : 0;
  return out;
}

Difference CompareMeans(std::span<const double> a, std::span<const double> b, double confidence) {
  Difference out;
  if (a.size() < kLeastValues || b.size() < kLeastValues) return out;
  const double inflation = VarianceInflation(a, b);
  const auto moments = [inflation](std::span<const double> x) {
    const auto n = static_cast<double>(x.size());
    const double mean = std::accumulate(x.begin(), x.end(), 0.0) / n;
    return std::pair(mean, LaggedSum(x, 0) / (n - 1) / n * inflation);  // and its variance
  };
  const auto [mean_a, variance_a] = moments(a);
  const auto [mean_b, variance_b] = moments(b);
  const double variance = variance_a + variance_b;
  const double effective_a = std::max(2.0, static_cast<double>(a.size()) / inflation);
  const double effective_b = std::max(2.0, static_cast<double>(b.size()) / inflation);
  out.enough = true;
  out.shift = mean_b - mean_a;
  out.low = out.high = out.shift;
  if (variance <= 0) return out;  // p stays 1
  // Welch, Satterthwaite.
  out.freedom =
      variance * variance /
      (variance_a * variance_a / (effective_a - 1) + variance_b * variance_b / (effective_b - 1));
  out.score = out.shift / std::sqrt(variance);
  out.p = StudentP(out.score, out.freedom);
  const double reach = StudentQuantile(confidence, out.freedom) * std::sqrt(variance);
  out.low = out.shift - reach;
  out.high = out.shift + reach;
  return out;
}

Difference CompareShares(std::span<const Trials> a, std::span<const Trials> b, double confidence) {
  Difference out;
  const Totals ta = TotalsOf(a);
  const Totals tb = TotalsOf(b);
  if (ta.trials < 1 || tb.trials < 1) return out;
  out.enough = true;
  const double dispersion = std::max(Dispersion(a), Dispersion(b));
  out.shift = tb.events / tb.trials - ta.events / ta.trials;
  // One event and one non-event more on either side keeps the interval honest (Agresti, Caffo).
  const double na = ta.trials / dispersion + 2;
  const double nb = tb.trials / dispersion + 2;
  const double pa = (ta.events / dispersion + 1) / na;
  const double pb = (tb.events / dispersion + 1) / nb;
  const double freedom = std::max(2.0, static_cast<double>(a.size() + b.size()) - 2);
  const double reach =
      StudentQuantile(confidence, freedom) * std::sqrt(pa * (1 - pa) / na + pb * (1 - pb) / nb);
  out.low = std::min(out.shift, pb - pa - reach);
  out.high = std::max(out.shift, pb - pa + reach);

  const double share = (ta.events + tb.events) / (ta.trials + tb.trials);
  if (share <= 0 || share >= 1) return out;  // p stays 1
  const double fewest = std::min(ta.trials, tb.trials) * std::min(share, 1 - share);
  if (fewest < 10 && dispersion < 1.5) {
    out.p = FisherP(ta, tb);
    return out;
  }
  const double deviation =
      std::sqrt(share * (1 - share) * (1 / ta.trials + 1 / tb.trials) * dispersion);
  const double t = out.shift / deviation;
  out.p = dispersion > 1 ? StudentP(t, freedom) : 2 * NormalTail(std::abs(t));
  return out;
}

Difference CompareRates(std::span<const double> a, std::span<const double> b, double confidence) {
  Difference out;
  const double sum_a = std::accumulate(a.begin(), a.end(), 0.0);
  const double sum_b = std::accumulate(b.begin(), b.end(), 0.0);
  if (a.size() < kLeastValues || b.size() < kLeastValues || sum_a <= 0 || sum_b <= 0) return out;
  const double inflation = VarianceInflation(a, b);
  const double variance =
      CountDispersion(a, inflation) / sum_a + CountDispersion(b, inflation) / sum_b;
  out.enough = true;
  out.shift = std::log(sum_b / static_cast<double>(b.size())) -
              std::log(sum_a / static_cast<double>(a.size()));
  const double freedom = std::max(2.0, static_cast<double>(a.size() + b.size()) / inflation - 2);
  const double reach = StudentQuantile(confidence, freedom) * std::sqrt(variance);
  out.low = out.shift - reach;
  out.high = out.shift + reach;
  out.freedom = freedom;
  out.score = out.shift / std::sqrt(variance);
  out.p = StudentP(out.score, freedom);
  return out;
}

double SignedRankP(std::span<const double> values) {
  std::vector<double> x;
  std::ranges::copy_if(values, std::back_inserter(x), [](double v) { return v != 0; });
  std::ranges::sort(x, {}, [](double v) { return std::abs(v); });
  const size_t most = x.size() * (x.size() + 1) / 2;
  size_t sum = 0;  // of the ranks of what is positive
  for (size_t i = 0; i < x.size(); ++i) sum += x[i] > 0 ? i + 1 : 0;
  // The share of all sign patterns with each sum of ranks.
  std::vector<double> share(most + 1, 0);
  share[0] = 1;
  for (size_t rank = 1; rank <= x.size(); ++rank) {
    for (size_t s = most + 1; s-- > 0;) {
      share[s] = (share[s] + (s >= rank ? share[s - rank] : 0)) / 2;
    }
  }
  const size_t far = std::min(sum, most - sum);
  double tail = 0;
  for (size_t s = 0; s <= far; ++s) tail += share[s];
  return std::min(1.0, 2 * tail);
}

std::vector<double> FalseDiscoveryRates(std::span<const double> p) {
  std::vector<size_t> order(p.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, std::ranges::greater{}, [&p](size_t i) { return p[i]; });
  std::vector<double> q(p.size());
  double least = 1;
  for (size_t i = 0; i < order.size(); ++i) {
    const double rank = static_cast<double>(p.size() - i);
    least = std::min(least, p[order[i]] * static_cast<double>(p.size()) / rank);
    q[order[i]] = least;
  }
  return q;
}

}  // namespace pano::run
