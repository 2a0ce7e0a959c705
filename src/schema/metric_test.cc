// SPDX-License-Identifier: Apache-2.0
#include "schema/metric.h"

#include <gtest/gtest.h>

#include <set>

namespace pano::schema {
namespace {

TEST(MetricTable, NamesAreUniqueAndFoundAgain) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < kEdgeMetrics; ++i) {
    const MetricInfo& info = EdgeMetricTable()[i];
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_FALSE(info.doc.empty()) << info.name;
    EXPECT_EQ(EdgeMetricByName(info.name), static_cast<EdgeMetric>(i));
  }
  for (size_t i = 0; i < kInstanceMetrics; ++i) {
    const MetricInfo& info = InstanceMetricTable()[i];
    EXPECT_EQ(InstanceMetricByName(info.name), static_cast<InstanceMetric>(i));
  }
  EXPECT_FALSE(EdgeMetricByName("latency_of_dreams"));
}

TEST(MetricTable, EnumAndTableStandInTheSameOrder) {
  EXPECT_EQ(Info(EdgeMetric::kByteTx).name, "byte_tx");
  EXPECT_EQ(Info(EdgeMetric::kRttMax).name, "rtt_max");
  EXPECT_EQ(Info(EdgeMetric::kServerQueueLack).name, "server_queue_lack");
  EXPECT_EQ(Info(EdgeMetric::kRequest).name, "request");
  EXPECT_EQ(Info(EdgeMetric::kUnnamedRequest).name, "unnamed_request");
  EXPECT_EQ(Info(InstanceMetric::kCpuThrottled).name, "cpu_throttled");
  EXPECT_EQ(Info(InstanceMetric::kOpenFiles).name, "open_files");
}

TEST(MetricFold, GaugesAddAcrossAndLastOverTime) {
  EdgeValues first{};
  EdgeValues second{};
  const auto at = [](EdgeMetric m) { return static_cast<size_t>(m); };
  first[at(EdgeMetric::kRequest)] = 3;
  second[at(EdgeMetric::kRequest)] = 4;
  first[at(EdgeMetric::kInFlight)] = 10;
  second[at(EdgeMetric::kInFlight)] = 7;
  first[at(EdgeMetric::kRrtMax)] = 900;
  second[at(EdgeMetric::kRrtMax)] = 800;

  EdgeValues across = first;
  FoldAcross(across, second);
  EXPECT_EQ(across[at(EdgeMetric::kRequest)], 7u);
  EXPECT_EQ(across[at(EdgeMetric::kInFlight)], 17u);
  EXPECT_EQ(across[at(EdgeMetric::kRrtMax)], 900u);

  EdgeValues time = first;
  FoldOverTime(time, second);
  EXPECT_EQ(time[at(EdgeMetric::kRequest)], 7u);
  EXPECT_EQ(time[at(EdgeMetric::kInFlight)], 7u);
  EXPECT_EQ(time[at(EdgeMetric::kRrtMax)], 900u);
}

}  // namespace
}  // namespace pano::schema
