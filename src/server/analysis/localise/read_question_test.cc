// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/localise/read_question.h"

#include <gtest/gtest.h>

#include <cmath>

namespace pano::analysis {
namespace {

constexpr std::string_view kWhole = R"({
  "incident": {"series": [{"values": [0.2, null], "metric": "p95", "node": "b"},
                          {"edge": ["a", "b"], "metric": "requests", "values": [7, 9]}],
               "times": [40, 30], "comment": [1, {}]},
  "entry": "a", "target": {"node": "b", "metric": "latency"}, "calls": [["a", "b"], ["a", "b"], ["b", "b"]],
  "baseline": {"times": [10, 20, 10], "series": [{"node": "b", "metric": "latency_p95", "values": [1, 2, 3]}]},
  "truth": ["a"]})";

std::string ErrorOf(std::string_view json) {
  const auto question = ReadQuestion(json);
  return question ? "" : question.error().text;
}

// `kWhole` with one piece of text in the place of another.
std::string With(std::string_view from, std::string_view to) {
  std::string json(kWhole);
  json.replace(json.find(from), from.size(), to);
  return json;
}

TEST(ReadQuestion, ReadsKeysInAnyOrderAndNormalises) {
  const auto q = ReadQuestion(kWhole);
  ASSERT_TRUE(q) << q.error().text;
  EXPECT_EQ(q->nodes, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(q->entry, 0U);
  EXPECT_EQ(q->target, 1U);
  EXPECT_EQ(q->metric, TargetMetric::kLatency);
  EXPECT_EQ(q->calls, (std::vector<std::pair<uint32_t, uint32_t>>{{0, 1}}));
  // Times ascend; values of one time are averaged.
  EXPECT_EQ(q->baseline.times, (std::vector<double>{10, 20}));
  ASSERT_EQ(q->baseline.series.size(), 1U);
  EXPECT_EQ(q->baseline.series[0].values, (std::vector<double>{2, 2}));
  EXPECT_EQ(q->incident.times, (std::vector<double>{30, 40}));
  ASSERT_EQ(q->incident.series.size(), 2U);
  EXPECT_EQ(q->incident.series[0].caller, 0U);
  EXPECT_EQ(q->incident.series[0].values, (std::vector<double>{9, 7}));
  EXPECT_TRUE(std::isnan(q->incident.series[1].values[0]));
  EXPECT_EQ(q->incident.series[1].metric, SeriesMetric::kLatencyP95);
}

TEST(ReadQuestion, BaselineCallsAndEntryMayBeMissingOrNull) {
  EXPECT_EQ(ErrorOf(R"({"target": {"node": "x", "metric": "errors"},
      "incident": {"times": [1], "series": []}})"),
            "");
  EXPECT_EQ(
      ErrorOf(R"({"target": {"node": "x", "metric": "throughput"}, "baseline": null, "entry": null,
      "calls": null, "incident": {"times": [1], "series": []}})"),
      "");
  EXPECT_EQ(ErrorOf(R"({"target": {"node": "x", "metric": "availability"},
      "baseline": {"times": [], "series": []}, "incident": {"times": [1], "series": []}})"),
            "");
}

TEST(ReadQuestion, NamesThePlaceOfWhatIsWrong) {
  EXPECT_EQ(ErrorOf("[]"), "the file (line 1): expected an object, found an array");
  EXPECT_EQ(ErrorOf("{}"), "incident: missing");
  EXPECT_EQ(ErrorOf(With("\"target\"", "\"tarjet\"")), "target: missing");
  EXPECT_EQ(
      ErrorOf(With("\"latency\"", "\"speed\"")),
      "target.metric (line 5): \"speed\" is none of latency, availability, errors, throughput");
  EXPECT_EQ(ErrorOf(With("\"p95\"", "\"p42\"")).substr(0, 54),
            "incident.series[0].metric (line 2): \"p42\" is none of l");
  EXPECT_EQ(ErrorOf(With("[0.2, null]", "[0.2]")),
            "incident.series[0].values (line 4): 1 values for 2 times");
  EXPECT_EQ(ErrorOf(With("[1, 2, 3]", "[1, 2]")),
            "baseline.series[0].values (line 6): 2 values for 3 times");
  EXPECT_EQ(ErrorOf(With("[0.2, null]", "[0.2, \"x\"]")),
            "incident.series[0].values[1] (line 2): expected a number or null, found a string");
  EXPECT_EQ(ErrorOf(With("[7, 9]", "[7, -9]")),
            "incident.series[1].values[1] (line 3): -9 is below 0");
  EXPECT_EQ(ErrorOf(With("[\"a\", \"b\"], \"metric\"", "[\"a\"], \"metric\"")),
            "incident.series[1].edge (line 3): a call is [caller, callee]");
  EXPECT_EQ(ErrorOf(With("[[\"a\", \"b\"]", "[[\"a\", 5]")),
            "calls[0][1] (line 5): expected a string, found a number");
  EXPECT_EQ(ErrorOf(With("\"times\": [40, 30], ", "")), "incident.times (line 4): missing");
  EXPECT_EQ(ErrorOf(With("[40, 30]", "[40, null]")), "incident.times (line 4): [1] is no time");
  EXPECT_EQ(ErrorOf(With("\"entry\": \"a\"", "\"entry\": \"a\", \"entry\": \"a\"")),
            "entry (line 5): given twice");
}

TEST(ReadQuestion, TellsAPercentageFromAShare) {
  EXPECT_EQ(
      ErrorOf(R"({"target": {"node": "x", "metric": "availability"}, "incident": {"times": [1],
      "series": [{"node": "x", "metric": "availability", "values": [97.5]}]}})"),
      "incident.series[0].values[0] (line 2): 97.5 is above 1: availability is a share, 0..1");
}

}  // namespace
}  // namespace pano::analysis
