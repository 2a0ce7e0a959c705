// SPDX-License-Identifier: Apache-2.0
#include "server/run/recording.h"

#include <gtest/gtest.h>

#include "server/run/digest.h"
#include "server/run/run_for_test.h"

namespace pano::run {
namespace {

constexpr uint64_t kBegin = 1'700'000'000;

class RecordingTest : public testing::Test {
 protected:
  RunInfo Info() const {
    RunInfo info;
    info.id = "20231114-221320-abcd";
    info.begin = kBegin;
    return info;
  }
  void TakeAll(Recording& recording) {
    for (const live::SecondPtr& s : live_.Seconds(0, UINT64_MAX)) {
      recording.Take(*s, *live_.names(), [this](uint32_t id) {
        return live_.edge_directory().Find(id).value_or(tag::EdgeId{});
      });
    }
  }

  live::LiveState live_;
  TestLoad load_{live_, kBegin};
};

// What is not known equals itself.
template <typename Values>
std::vector<double> Known(const Values& values) {
  std::vector<double> out;
  out.reserve(values.size());
  for (const double v : values) out.push_back(analysis::Known(v) ? v : -1);
  return out;
}

uint64_t RequestsOf(const live::WindowSet& window) {
  uint64_t sum = 0;
  for (const live::EdgeEntry& e : window.edges) {
    if (e.edge.server_port == 8080) sum += e.window.Requests()[schema::EdgeMetric::kRequest];
  }
  return sum;
}

TEST_F(RecordingTest, HoldsWhatTheLiveMapShows) {
  for (int i = 0; i < 60; ++i) load_.Tick(100 + i, 2000 + 10 * i);
  Recording recording(Info());
  TakeAll(recording);
  const SnapshotPtr snapshot = recording.Freeze();
  EXPECT_EQ(snapshot->buckets().size(), 60u);
  const auto live_map = live_.Over(kBegin + 10, kBegin + 40);
  ASSERT_TRUE(live_map);
  const live::MapView map = snapshot->Map(kBegin + 10, kBegin + 40);
  ASSERT_EQ(map.edges.size(), live_map->edges.size());
  for (size_t i = 0; i < map.edges.size(); ++i) {
    EXPECT_EQ(map.edges[i].id, live_map->edges[i].id);
    EXPECT_EQ(Known(map.edges[i].metrics.at), Known(live_map->edges[i].metrics.at));
    EXPECT_EQ(Known(map.edges[i].details), Known(live_map->edges[i].details));
    EXPECT_EQ(map.edges[i].counts.request, live_map->edges[i].counts.request);
  }
  ASSERT_EQ(map.nodes.size(), live_map->nodes.size());
  for (size_t i = 0; i < map.nodes.size(); ++i) {
    EXPECT_EQ(map.nodes[i].name, live_map->nodes[i].name);
    EXPECT_EQ(Known(map.nodes[i].node_details), Known(live_map->nodes[i].node_details));
  }
  EXPECT_EQ(map.verdict->sentence, live_map->verdict->sentence);
}

TEST_F(RecordingTest, FoldsButForgetsNothing) {
  uint64_t sum = 0;
  for (int i = 0; i < 500; ++i) {
    load_.Tick(50 + i % 7);
    sum += 50 + i % 7;
  }
  RecordingLimits limits;
  limits.buckets = 64;
  Recording recording(Info(), limits);
  TakeAll(recording);
  EXPECT_GT(recording.generation(), 0u);
  const SnapshotPtr snapshot = recording.Freeze();
  EXPECT_LE(snapshot->buckets().size(), 65u);
  EXPECT_EQ(snapshot->bucket_seconds(), 8u);
  const live::WindowSet whole = snapshot->Window(kBegin, kBegin + 500);
  EXPECT_EQ(RequestsOf(whole), sum);
  EXPECT_EQ(whole.losses, (std::vector<std::pair<std::string, uint64_t>>{{"ring_full", 500}}));
  for (const live::EdgeEntry& e : whole.edges) {
    EXPECT_EQ(e.window.client.rrt.count(), sum);
    EXPECT_EQ(e.window.seconds, 500);
  }
  for (const live::NodeEntry& n : whole.nodes) {
    if (n.service == TestLoad::kCart) {
      EXPECT_EQ(n.window.seconds, 500);
    }
  }
}

TEST_F(RecordingTest, SecondsLeftOutAreUnwatched) {
  for (int i = 0; i < 5; ++i) load_.Tick(10);
  Recording recording(Info());
  TakeAll(recording);
  live::LiveState later;
  TestLoad more(later, kBegin + 20);
  more.Tick(10);
  for (const live::SecondPtr& s : later.Seconds(0, UINT64_MAX)) {
    recording.Take(*s, *later.names(), [&later](uint32_t id) {
      return later.edge_directory().Find(id).value_or(tag::EdgeId{});
    });
  }
  EXPECT_EQ(recording.next(), kBegin + 21);
  const SnapshotPtr digest = Complete(*recording.Freeze());
  ASSERT_EQ(digest->info().doubts.size(), 1u);
  EXPECT_EQ(digest->info().doubts[0], "15 of 21 seconds were not watched");
  // A rate is one of the seconds that were watched.
  const live::WindowSet whole = digest->Window(kBegin, kBegin + 21);
  EXPECT_EQ(whole.edges.front().window.seconds, 6);
}

TEST_F(RecordingTest, OnlyChangesOfServicesUnderLoadBeginAStep) {
  for (int i = 0; i < 60; ++i) load_.Tick(100);
  RunInfo info = Info();
  const auto event = [](uint64_t at, const char* service, const char* text) {
    return RunEvent{(kBegin + at) * 1'000'000'000, schema::EventKind::kDeploy, service, "", text};
  };
  info.events = {event(20, "stranger", "stranger was deployed"),
                 event(40, "cart", "cart was deployed")};
  Recording recording(info);
  TakeAll(recording);
  const SnapshotPtr raw = recording.Freeze();
  EXPECT_EQ(raw->Loaded(), (std::set<std::string>{"loadgenerator", "frontend", "cart"}));
  const SnapshotPtr digest = Complete(*raw);
  ASSERT_EQ(digest->info().steps.size(), 2u);
  EXPECT_EQ(digest->info().steps[1].label, "cart was deployed");
  EXPECT_EQ(digest->info().events.size(), 2u) << "none is forgotten";
}

TEST_F(RecordingTest, NamesJoinAcrossARestartThatGaveOtherIds) {
  for (int i = 0; i < 5; ++i) load_.Tick(10);
  Recording first(Info());
  TakeAll(first);
  Recording resumed(*first.Freeze());
  live::LiveState other;
  tag::TaggedBatch batch;
  batch.second = kBegin + 5;
  batch.agent = "test";
  // The ids of two services are exchanged, one name is new.
  batch.new_services = {{TestLoad::kCart, "frontend", "shop", {}},
                        {TestLoad::kFrontend, "loadgenerator", "", {}},
                        {TestLoad::kGenerator, "ad", "shop", {}}};
  for (const auto& [client, server] : {std::pair{TestLoad::kFrontend, TestLoad::kCart},
                                       std::pair{TestLoad::kCart, TestLoad::kGenerator}}) {
    tag::EdgeRow row;
    row.edge = {client, server, 8080, schema::L7Protocol::kHttp1, schema::L4Protocol::kTcp};
    row.values[static_cast<size_t>(schema::EdgeMetric::kRequest)] = 7;
    batch.edges.push_back(row);
  }
  other.Apply(batch);
  other.Advance(batch.second);
  for (const live::SecondPtr& s : other.Seconds(0, UINT64_MAX)) {
    resumed.Take(*s, *other.names(), [&other](uint32_t id) {
      return other.edge_directory().Find(id).value_or(tag::EdgeId{});
    });
  }
  const SnapshotPtr snapshot = resumed.Freeze();
  EXPECT_EQ(snapshot->edges().size(), 3u);
  std::map<std::string, uint64_t> requests;
  for (const live::EdgeEntry& e : snapshot->Window(kBegin, kBegin + 6).edges) {
    const live::Names& names = *snapshot->names();
    requests[names.ServiceName(e.edge.client_service) + ">" +
             names.ServiceName(e.edge.server_service)] =
        e.window.client[schema::EdgeMetric::kRequest];
  }
  EXPECT_EQ(requests,
            (std::map<std::string, uint64_t>{
                {"loadgenerator>frontend", 57}, {"frontend>cart", 50}, {"frontend>ad", 7}}));
}

TEST_F(RecordingTest, EdgesBeyondTheLimitAreCounted) {
  load_.Tick(10);
  RecordingLimits limits;
  limits.edges = 1;
  Recording recording(Info(), limits);
  TakeAll(recording);
  const SnapshotPtr digest = Complete(*recording.Freeze());
  EXPECT_EQ(digest->edges().size(), 1u);
  EXPECT_EQ(digest->info().losses,
            (std::vector<std::pair<std::string, uint64_t>>{{"run_edges_full", 1}}));
  EXPECT_EQ(digest->info().doubts.size(), 1u);
}

TEST_F(RecordingTest, SummaryAndObjectives) {
  load_.errors = 1;
  for (int i = 0; i < 30; ++i) load_.Tick(100, 3000);
  RunInfo info = Info();
  info.end = kBegin + 30;
  Recording recording(std::move(info));
  TakeAll(recording);
  const SnapshotPtr digest = Complete(*recording.Freeze());
  EXPECT_EQ(digest->info().generator, "loadgenerator");
  const RunSummary summary = Summarise(*digest);
  EXPECT_EQ(summary.requests, 3000);
  EXPECT_EQ(summary.errors, 30);
  EXPECT_NEAR(summary.latency_p95_us, 3000, 150);
  EXPECT_EQ(summary.objectives_met, false);  // errors: 0 by default
  const std::vector<ObjectiveResult> results = JudgeObjectives(*digest, true);
  ASSERT_FALSE(results.empty());
  EXPECT_EQ(results.front().metric, analysis::Metric::kErrors);
  EXPECT_FALSE(results.front().met);
  EXPECT_EQ(results.front().over_share, 1);
  for (const ObjectiveResult& r : results) {
    if (r.metric == analysis::Metric::kLatency) {
      EXPECT_TRUE(r.met);
    }
  }
}

}  // namespace
}  // namespace pano::run
