// SPDX-License-Identifier: Apache-2.0
// Goal: a diagnosis of 500 edges over 15 s in under 5 ms, as live/ asks for one each second.
#include <benchmark/benchmark.h>

#include <string>

#include "server/analysis/diagnose.h"
#include "server/analysis/scenario_for_test.h"

namespace pano::analysis {
namespace {

// Services of which each calls the next four; the last is throttled and holds all of them up.
Scenario Chain(int edges) {
  Scenario s;
  const int nodes = edges / 4 + 2;
  const auto name = [](int i) { return "service" + std::to_string(i); };
  for (int i = 0; i < nodes; ++i) {
    s.Add(name(i), i + 1 == nodes ? Scenario::Throttled(0.9) : Scenario::Calm());
  }
  for (int i = 0, made = 0; i < nodes && made < edges; ++i) {
    for (int k = 1; k <= 4 && i + k < nodes && made < edges; ++k, ++made) {
      s.Call(name(i), name(i + k), {.rate = 20, .p50_ms = 900, .p95_ms = 1800});
    }
  }
  return s;
}

void BM_Diagnose(benchmark::State& state) {
  Scenario s = Chain(static_cast<int>(state.range(0)));
  const Limits limits;
  for (auto _ : state) benchmark::DoNotOptimize(Diagnose(s.input(), limits));
  state.counters["edges"] = static_cast<double>(s.input().edges.size());
}
BENCHMARK(BM_Diagnose)->Arg(60)->Arg(500)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pano::analysis
