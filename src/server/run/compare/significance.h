// SPDX-License-Identifier: Apache-2.0
// in: two samples as series in time  out: how they differ, and how likely that is chance
// Neighbouring seconds are alike, so a series of n values holds fewer than n independent ones:
// every test here uses the effective number. Pure; docs/runs.md cites the methods.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace pano::run {

struct Difference {
  double shift = 0;  // b - a: Hodges-Lehmann, the median of all pairwise differences
  double low = 0;    // of the confidence interval
  double high = 0;
  double p = 1;         // two-sided, of no difference
  double score = 0;     // series: shift in its standard errors (ranks cannot say how far),
  double freedom = 0;   // and its degrees of freedom
  bool enough = false;  // false: too few values to say anything
};

// Two-sided p of Student's t.
double StudentP(double t, double freedom);

// Values that count as one when n values of `a` and `b` are correlated: 1 is none. Never below 1.
double VarianceInflation(std::span<const double> a, std::span<const double> b);

// Mann-Whitney with the variance inflated by autocorrelation. For latencies give logarithms.
Difference CompareSeries(std::span<const double> a, std::span<const double> b, double confidence);

// Welch's test of the means, the variance inflated likewise: for values that are means themselves,
// where ranks of a few cannot say how far apart they are.
Difference CompareMeans(std::span<const double> a, std::span<const double> b, double confidence);

// Events among trials, per block of time: their overdispersion is measured between the blocks.
struct Trials {
  double events = 0;
  double trials = 0;
};
// shift, low, high: of the share. Fisher's exact test where counts are small and not overdispersed.
Difference CompareShares(std::span<const Trials> a, std::span<const Trials> b, double confidence);

// Counts per block of equal length, overdispersed Poisson. shift, low, high: of the logarithm.
Difference CompareRates(std::span<const double> a, std::span<const double> b, double confidence);

// Two-sided p of values that lie around zero: Wilcoxon's signed ranks, exact. Zeros are left out.
double SignedRankP(std::span<const double> values);

// Benjamini-Hochberg: the smallest false discovery rate at which each p is a discovery.
std::vector<double> FalseDiscoveryRates(std::span<const double> p);

}  // namespace pano::run
