// SPDX-License-Identifier: Apache-2.0
// Rows go in through the writer and come back through the reader, on the embedded engine.
#include "server/query/query.h"

#include <gtest/gtest.h>

#include <random>

#include "base/clock.h"
#include "server/store/store_fixture.h"
#include "server/store/writer.h"

namespace pano::query {
namespace {

using schema::EdgeMetric;
using schema::ObservationPoint;
constexpr auto kPatience = std::chrono::seconds(60);

size_t Index(EdgeMetric metric) { return static_cast<size_t>(metric); }

// Whole minutes, three hours ago: inside the default retention.
uint64_t Begin() {
  static const uint64_t kBegin = (WallNs() / 1'000'000'000 - uint64_t{3} * 3'600) / 3'600 * 3'600;
  return kBegin;
}

tag::EdgeRow RandomEdge(std::mt19937_64& random, uint32_t client, uint32_t server,
                        uint32_t instance, ObservationPoint point) {
  tag::EdgeRow row;
  row.edge = {.client_service = client,
              .server_service = server,
              .server_port = 8080,
              .l7_protocol = schema::L7Protocol::kGrpc};
  row.server_instance = instance;
  row.point = point;
  for (uint64_t& value : row.values) value = random() % 1'000;
  for (int i = 0; i < 20; ++i) {
    row.rrt.Add(random() % 100'000);
    row.rtt.Add(random() % 1'000);
  }
  return row;
}

class QueryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto store = store::OpenEmbedded(store::TestOptions(folder_.path(), PANO_STORE_PROBE));
    ASSERT_TRUE(store) << store.error().ToString();
    store_ = std::move(*store);
    writer_ = std::make_unique<store::Writer>(*store_, store::WriterOptions{});
    reader_ = std::make_unique<Reader>(*store_);
  }
  void TearDown() override {
    writer_.reset();
    store_.reset();
  }
  void Write(tag::TaggedBatch batch) {
    ASSERT_TRUE(writer_->Add(std::make_shared<tag::TaggedBatch>(std::move(batch))));
  }
  void Flush() { ASSERT_TRUE(writer_->Flush(kPatience)) << writer_->Health().last_error; }

  store::Folder folder_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Writer> writer_;
  std::unique_ptr<Reader> reader_;
};

TEST_F(QueryTest, MapAndSeriesGiveBackWhatWasWritten) {
  std::mt19937_64 random(1);
  schema::EdgeValues expected{};
  ExpHistogram rrt;
  ExpHistogram rtt;
  for (uint64_t second = 0; second < 10; ++second) {
    tag::TaggedBatch batch;
    batch.second = Begin() + second;
    // Two instances of the server, seen at the client; the server's own view of one of them.
    for (uint32_t instance : {11u, 12u}) {
      auto row = RandomEdge(random, 1, 2, instance, ObservationPoint::kClientProcess);
      schema::FoldAcross(expected, row.values);
      rrt.Merge(row.rrt);
      rtt.Merge(row.rtt);
      batch.edges.push_back(row);
    }
    batch.edges.push_back(RandomEdge(random, 1, 2, 11, ObservationPoint::kServerProcess));
    batch.edges.push_back(RandomEdge(random, 1, 3, 13, ObservationPoint::kServerProcess));
    batch.saturation.push_back({.service = 2, .instance = 11, .values = {}});
    batch.saturation[0].values[0] = 500'000;
    batch.saturation[0].values[1] = 1'000'000;
    batch.losses.push_back({"ring_full", 3});
    Write(std::move(batch));
  }
  Flush();

  const auto map = reader_->MapOver({Begin(), Begin() + 10});
  ASSERT_TRUE(map) << map.error().ToString();
  ASSERT_EQ(map->edges.size(), 2u);
  const EdgeBucket& edge = map->edges[0];
  EXPECT_EQ(edge.edge.server_service, 2u);
  EXPECT_TRUE(edge.client.seen() && edge.server.seen());
  EXPECT_EQ(&edge.preferred(), &edge.client);
  EXPECT_EQ(edge.client.seconds, 10u);
  for (size_t i = 0; i < schema::kEdgeMetrics; ++i) {
    const schema::MetricInfo& info = schema::EdgeMetricTable()[i];
    const uint64_t want = info.fold == schema::Fold::kGauge ? (expected[i] + 5) / 10 : expected[i];
    EXPECT_EQ(edge.client.values[i], want) << info.name;
  }
  EXPECT_EQ(edge.client.rrt, rrt);
  EXPECT_EQ(edge.client.rtt, rtt);
  EXPECT_FALSE(map->edges[1].client.seen());
  EXPECT_EQ(&map->edges[1].preferred(), &map->edges[1].server);
  ASSERT_EQ(map->nodes.size(), 1u);
  EXPECT_EQ(map->nodes[0].instance, 11u);
  EXPECT_EQ(map->nodes[0].values[0], 5'000'000u);  // a sum
  EXPECT_EQ(map->nodes[0].values[1], 1'000'000u);  // a limit
  ASSERT_EQ(map->losses.size(), 1u);
  EXPECT_EQ(map->losses[0], std::make_pair(std::string("ring_full"), uint64_t{30}));

  const auto series = reader_->EdgeSeries({.server_service = 2}, {Begin(), Begin() + 10}, 5);
  ASSERT_TRUE(series) << series.error().ToString();
  ASSERT_EQ(series->buckets.size(), 2u);
  EXPECT_EQ(series->buckets[0].time, Begin());
  EXPECT_EQ(series->buckets[1].time, Begin() + 5);
  EXPECT_EQ(series->buckets[0].client.values[Index(EdgeMetric::kRequest)] +
                series->buckets[1].client.values[Index(EdgeMetric::kRequest)],
            expected[Index(EdgeMetric::kRequest)]);
  const auto nodes = reader_->NodeSeries(2, {Begin(), Begin() + 10}, 1);
  ASSERT_TRUE(nodes);
  EXPECT_EQ(nodes->buckets.size(), 10u);
  const auto stored = reader_->Stored();
  ASSERT_TRUE(stored && *stored);
  EXPECT_EQ((*stored)->to, Begin() + 10);
}

TEST_F(QueryTest, AMinuteIsTheSumOfItsSeconds) {
  std::mt19937_64 random(2);
  for (uint64_t second = 0; second < 150; ++second) {
    tag::TaggedBatch batch;
    batch.second = Begin() + second;
    for (uint32_t server : {2u, 3u}) {
      for (uint32_t instance : {1u, 2u}) {
        batch.edges.push_back(RandomEdge(random, 1, server, server * 10 + instance,
                                         ObservationPoint::kClientProcess));
      }
    }
    Write(std::move(batch));
    if (second % 50 == 49) Flush();
  }
  Flush();
  const TimeRange range{Begin(), Begin() + 180};
  const Reader of_minutes(*store_, {.second_hours = 2});
  const auto seconds = reader_->EdgeSeries({}, range, 60);
  const auto minutes = of_minutes.EdgeSeries({}, range, 60);
  ASSERT_TRUE(seconds && minutes);
  ASSERT_EQ(seconds->buckets.size(), 6u);
  ASSERT_EQ(minutes->buckets.size(), 6u);
  for (size_t i = 0; i < 6; ++i) {
    const EdgeBucket& a = seconds->buckets[i];
    const EdgeBucket& b = minutes->buckets[i];
    EXPECT_EQ(a.edge, b.edge);
    EXPECT_EQ(a.time, b.time);
    EXPECT_EQ(a.client.seconds, b.client.seconds);
    EXPECT_EQ(a.client.values, b.client.values);
    EXPECT_EQ(a.client.rrt, b.client.rrt);
    EXPECT_EQ(a.client.rtt, b.client.rtt);
  }
  // They really came from two tables.
  EXPECT_EQ(store::Ask(*store_, "SELECT count() FROM edge"), "600");
  EXPECT_EQ(store::Ask(*store_, "SELECT count() > 0 AND count() < 600 FROM edge_1m"), "1");
}

TEST_F(QueryTest, NamesAreFreshAndSurviveARestart) {
  tag::TaggedBatch batch;
  batch.second = Begin();
  batch.new_services.push_back({.id = 1, .name = "cart", .name_space = "shop"});
  tag::Instance instance{.id = 5, .service = 1, .agent = "a", .info = {}};
  instance.info.instance = "cart-1";
  instance.info.addresses = {*IpAddress::Parse("10.10.10.10"), *IpAddress::Parse("fd00::1")};
  instance.info.pid = 42;
  batch.new_instances.push_back(instance);
  batch.new_endpoints.emplace_back(9, "GET /\n\n'quoted'");
  tag::EndpointRow row;
  row.edge = {.client_service = 2, .server_service = 1, .server_port = 1};
  row.endpoint = 9;
  row.sample.request = 7;
  row.sample.rrt.Add(1'000, 7);
  batch.endpoints.push_back(row);
  Write(std::move(batch));
  Flush();

  tag::TaggedBatch later;
  later.second = Begin() + 1;
  instance.gone = true;
  later.new_instances.push_back(instance);
  Write(std::move(later));
  Flush();

  const auto endpoints = reader_->Endpoints({}, {Begin(), Begin() + 1});
  ASSERT_TRUE(endpoints) << endpoints.error().ToString();
  ASSERT_EQ(endpoints->size(), 1u);
  EXPECT_EQ((*endpoints)[0].name, "GET /\n\n'quoted'");
  EXPECT_EQ((*endpoints)[0].request, 7u);
  EXPECT_EQ((*endpoints)[0].rrt.count(), 7u);

  TearDown();
  SetUp();
  const auto names = reader_->LoadDictionaries();
  ASSERT_TRUE(names) << names.error().ToString();
  ASSERT_EQ(names->services.size(), 1u);
  EXPECT_EQ(names->services[0].name, "cart");
  EXPECT_EQ(names->services[0].name_space, "shop");
  ASSERT_EQ(names->instances.size(), 1u);
  EXPECT_TRUE(names->instances[0].gone);
  EXPECT_EQ(names->instances[0].info.addresses, instance.info.addresses);
  EXPECT_EQ(names->instances[0].info.pid, 42u);
  ASSERT_EQ(names->endpoints.size(), 1u);
}

TEST_F(QueryTest, EventsAndDocumentsAreKept) {
  tag::TaggedBatch batch;
  batch.second = Begin();
  batch.events.push_back({.time_ns = Begin() * 1'000'000'000 + 123'456'000,
                          .kind = schema::EventKind::kScale,
                          .service = 3,
                          .text = "cart: 1 -> 2"});
  Write(std::move(batch));
  Flush();
  const auto events = reader_->Events({Begin(), Begin() + 1});
  ASSERT_TRUE(events) << events.error().ToString();
  ASSERT_EQ(events->size(), 1u);
  EXPECT_EQ((*events)[0].time_ns, Begin() * 1'000'000'000 + 123'456'000);
  EXPECT_EQ((*events)[0].kind, schema::EventKind::kScale);
  EXPECT_EQ((*events)[0].text, "cart: 1 -> 2");

  const std::string document = "{\"a\":\"it's\n\n\"}";
  const auto none = reader_->LoadConfig("limits");
  ASSERT_TRUE(none) << none.error().ToString();
  EXPECT_FALSE(none->has_value());
  ASSERT_TRUE(reader_->SaveConfig("limits", "old"));
  ASSERT_TRUE(reader_->SaveConfig("limits", document));
  const auto loaded = reader_->LoadConfig("limits");
  ASSERT_TRUE(loaded && *loaded);
  EXPECT_EQ(**loaded, document);
}

TEST_F(QueryTest, FreeSqlIsAnsweredAndBounded) {
  tag::TaggedBatch batch;
  batch.second = Begin();
  std::mt19937_64 random(3);
  batch.edges.push_back(RandomEdge(random, 1, 2, 3, ObservationPoint::kClientProcess));
  Write(std::move(batch));
  Flush();
  const auto result = reader_->RunSql(
      "SELECT l7_protocol, count() FROM edge WHERE server_service = {s:UInt32} GROUP BY 1",
      {{"s", "2"}}, {});
  ASSERT_TRUE(result) << result.error().ToString();
  EXPECT_NE(result->json.find("[\"grpc\", 1]"), std::string::npos) << result->json;
  EXPECT_EQ(reader_->RunSql("SELECT file('/etc/hostname')", {}, {}).error().code, Code::kDenied);
  EXPECT_EQ(reader_->RunSql("SELECT * FROM file('/etc/hostname')", {}, {}).error().code,
            Code::kDenied);
  EXPECT_EQ(reader_->RunSql("SELECT * FROM remote('127.0.0.1', system.one)", {}, {}).error().code,
            Code::kDenied);
  EXPECT_EQ(reader_->RunSql("SELECT * FROM none", {}, {}).error().code, Code::kNotFound);
  EXPECT_EQ(reader_->RunSql("SELECT 1 SETTINGS max_memory_usage = 0", {}, {}).error().code,
            Code::kDenied);
}

}  // namespace
}  // namespace pano::query
