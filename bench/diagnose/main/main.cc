// SPDX-License-Identifier: Apache-2.0
// ./dev bench diagnose: generated systems with known faults, and recorded ones: how often is the
// ranking right? Even seeds are the half it was tuned on, odd seeds the half it was not.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bench/diagnose/make_case.h"
#include "bench/diagnose/recorded.h"
#include "bench/diagnose/score.h"
#include "bench/diagnose/write_question.h"

namespace pano::bench {
namespace {

struct Options {
  size_t cases = 4;     // per fault, view and half
  size_t healthy = 20;  // per view and half
  std::string half = "both";
  std::string view;
  std::string fault;
  std::string write;  // folder
  std::string recorded = "bench/diagnose/recorded";
  bool misses = false;
  uint64_t first_seed = 0;
};

struct Tables {
  std::map<std::string, Hits> by_fault, by_view, by_size;
  std::vector<double> seconds;
  // Confidence in tenths -> how often right.
  std::map<int, std::pair<size_t, size_t>> calibration;
};

std::string SizeName(size_t services) {
  return services < 30 ? "10-29 services" : services < 120 ? "30-119 services" : "120-500 services";
}

std::string Join(const std::vector<std::string>& parts, const char* with) {
  std::string all;
  for (const std::string& p : parts) all += (all.empty() ? "" : with) + p;
  return all;
}

class Runner {
 public:
  explicit Runner(const Options& options) : options_(options) {}

  void Run() {
    for (const bool held_out : {false, true}) {
      if (options_.half == (held_out ? "tuned" : "other")) continue;
      Tables tables;
      for (size_t v = 0; v < kViews; ++v) RunView(static_cast<View>(v), held_out, tables);
      Print(held_out ? "other half" : "tuned half", tables);
    }
  }

 private:
  void RunView(View view, bool held_out, Tables& tables) {
    if (!options_.view.empty() && Name(view) != options_.view) return;
    for (size_t f = 1; f < kFaults; ++f) {
      RunFaults(view, {static_cast<Fault>(f)}, options_.cases, held_out, tables);
    }
    for (size_t p = 0; p < 3 * options_.cases; ++p) {
      Random random(p * 77 + 5 + (held_out ? 1000 : 0));
      const auto one = static_cast<Fault>(1 + random.Below(kFaults - 2));
      const auto other = static_cast<Fault>(1 + random.Below(kFaults - 2));
      RunFaults(view, {one, other}, 1, held_out, tables, 100000 + 1000 * p);
    }
    RunFaults(view, {}, options_.healthy, held_out, tables);
  }

  void RunFaults(View view, const std::vector<Fault>& faults, size_t wanted, bool held_out,
                 Tables& tables, uint64_t offset = 0) {
    const std::string fault = FaultName(faults);
    if (!options_.fault.empty() && fault != options_.fault) return;
    size_t made = 0;
    for (uint64_t k = 0; made < wanted && k < 6 * wanted; ++k) {
      const uint64_t kind = faults.empty() ? 0 : static_cast<uint64_t>(faults[0]);
      const uint64_t seed = 2 * (options_.first_seed + offset + k + 500 * kind +
                                 20000 * static_cast<uint64_t>(view)) +
                            (held_out ? 1 : 0);
      const auto one = MakeCase(view, faults, seed);
      if (!one) continue;
      ++made;
      Record(*one, fault, tables);
    }
  }

  void Record(const Case& one, const std::string& fault, Tables& tables) {
    if (!options_.write.empty()) WriteCase(one, options_.write);
    const Outcome out = Ask(one);
    tables.seconds.push_back(out.seconds);
    tables.by_fault[fault].Add(out.hits);
    if (!one.faults.empty()) {
      tables.by_view[std::string(Name(one.view))].Add(out.hits);
      tables.by_view["all"].Add(out.hits);
      tables.by_size[SizeName(one.services)].Add(out.hits);
      if (!out.ranked.empty()) {
        auto& [right, all] = tables.calibration[static_cast<int>(out.confidence * 10)];
        right += out.hits.first;
        ++all;
      }
    }
    const bool wrong = one.faults.empty() ? out.hits.named > 0 : out.hits.first == 0;
    if (!options_.misses || !wrong) return;
    fmt::print("MISS {} {} target {} {} truth {} | {} | {} ({:.2f})\n", one.name, fault,
               one.question.nodes[one.question.target], analysis::Name(one.question.metric),
               Join(one.truth, "+"), Join(out.ranked, ", "), out.sentence, out.confidence);
  }

  static void Print(const std::string& title, Tables& tables) {
    fmt::print("### {}\n\n", title);
    PrintTable("fault", tables.by_fault);
    PrintTable("view", tables.by_view);
    PrintTable("size", tables.by_size);
    fmt::print("confidence said -> right:");
    for (const auto& [tenth, count] : tables.calibration) {
      fmt::print("  {:.1f}: {}/{}", 0.1 * tenth, count.first, count.second);
    }
    if (tables.seconds.empty()) return;
    std::ranges::sort(tables.seconds);
    fmt::print("\ntime to answer: median {:.1f} ms, longest {:.1f} ms\n\n",
               1e3 * tables.seconds[tables.seconds.size() / 2], 1e3 * tables.seconds.back());
    std::fflush(stdout);
  }

  const Options& options_;
};

int RunRecorded(const Options& options) {
  if (!std::filesystem::is_directory(options.recorded)) return 0;
  auto cases = ReadRecorded(options.recorded);
  if (!cases) {
    fmt::print(stderr, "{}\n", cases.error().text);
    return 1;
  }
  if (cases->empty()) return 0;
  std::map<std::string, std::map<std::string, Hits>> halves;
  std::vector<double> seconds;
  for (const RecordedCase& one : *cases) {
    if (options.half == (one.is_tuned ? "other" : "tuned")) continue;
    const Outcome out = Ask(one.asked);
    const std::string half = one.is_tuned ? "recorded, tuned half" : "recorded, other half";
    halves[half][one.fault].Add(out.hits);
    if (!one.asked.truth.empty()) {
      halves[half]["~ all faults"].Add(out.hits);
      if (!one.group.empty()) halves[half]["~ " + one.group].Add(out.hits);
    }
    seconds.push_back(out.seconds);
    const bool wrong = one.asked.truth.empty() ? out.hits.named > 0 : out.hits.first == 0;
    if (options.misses && wrong) {
      fmt::print("MISS {} {} truth {} | {} | {} ({:.2f})\n", one.asked.name, one.fault,
                 Join(one.asked.truth, "+"), Join(out.ranked, ", "), out.sentence, out.confidence);
    }
  }
  for (const auto& [half, rows] : halves) PrintTable(half, rows);
  if (seconds.empty()) return 0;
  std::ranges::sort(seconds);
  fmt::print("time to answer: median {:.1f} ms, longest {:.1f} ms\n",
             1e3 * seconds[seconds.size() / 2], 1e3 * seconds.back());
  return 0;
}

}  // namespace
}  // namespace pano::bench

int main(int argc, char** argv) {
  pano::bench::Options options;
  CLI::App app("How often the ranking names the culprit, on generated and recorded systems.");
  app.add_option("--cases", options.cases, "Generated cases per fault, view and half");
  app.add_option("--healthy", options.healthy, "Healthy runs per view and half");
  app.add_option("--half", options.half, "tuned, other or both");
  app.add_option("--view", options.view, "Only this view: rich, counts, coarse, resource, nopast");
  app.add_option("--fault", options.fault, "Only this fault, pairs or healthy");
  app.add_option("--seed", options.first_seed, "Other systems than the usual ones");
  app.add_option("--write", options.write, "Also write the cases as files into this folder");
  app.add_option("--recorded", options.recorded, "Folder of recorded cases");
  app.add_flag("--misses", options.misses, "Tell each case that is not right");
  CLI11_PARSE(app, argc, argv);
  if (options.cases > 0 || options.healthy > 0) pano::bench::Runner(options).Run();
  return pano::bench::RunRecorded(options);
}
