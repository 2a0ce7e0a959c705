// SPDX-License-Identifier: Apache-2.0
// The past as the API reads it is what memory showed when it was now: the same batches, from two
// agents, go into the live state and into the store, and both tell the same map.
#include "server/store_archive.h"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "base/clock.h"
#include "server/store/store_fixture.h"
#include "server/tag/tagger.h"

namespace pano::server {
namespace {

using nlohmann::json;
using schema::EdgeMetric;
using schema::InstanceMetric;
using schema::ObservationPoint;

constexpr uint64_t kSeconds = 12;

uint64_t Begin() {
  static const uint64_t kBegin = (WallNs() / 1'000'000'000 - 1'800) / 60 * 60;
  return kBegin;
}

wire::InstanceInfo Info(uint32_t id, const std::string& service, const std::string& instance,
                        const std::string& ip) {
  wire::InstanceInfo info;
  info.id = id;
  info.service = service;
  info.instance = instance;
  info.addresses = {*IpAddress::Parse(ip)};
  return info;
}

wire::Batch Batch(const std::string& agent, uint64_t second) {
  wire::Batch batch;
  batch.agent = agent;
  batch.host = "host-" + agent;
  batch.second = second;
  return batch;
}

wire::EdgeKey Key(uint32_t client, uint32_t server) {
  wire::EdgeKey key;
  key.client_instance = client;
  key.server_instance = server;
  key.server_port = 8080;
  key.l7_protocol = schema::L7Protocol::kHttp1;
  return key;
}

void Fill(std::mt19937_64& random, wire::EdgeSample& sample, uint64_t requests) {
  const auto set = [&sample](EdgeMetric m, uint64_t value) {
    sample.values[static_cast<size_t>(m)] = value;
  };
  uint64_t sum = 0;
  uint64_t most = 0;
  for (uint64_t i = 0; i < requests; ++i) {
    const uint64_t us = 100 + random() % 500'000;
    sample.rrt.Add(us);
    sum += us;
    most = std::max(most, us);
  }
  set(EdgeMetric::kRequest, requests);
  set(EdgeMetric::kResponse, requests);
  set(EdgeMetric::kServerError, random() % 3);
  set(EdgeMetric::kRrtSum, sum);
  set(EdgeMetric::kRrtCount, requests);
  set(EdgeMetric::kRrtMax, most);
  set(EdgeMetric::kByteTx, random() % 10'000);
  set(EdgeMetric::kByteRx, random() % 10'000);
  set(EdgeMetric::kRetransSyn, random() % 2);
  set(EdgeMetric::kFlowLoad, 4);
  set(EdgeMetric::kInFlight, 2);
}

// Two hosts: web and its load on one, two carts on the other. Each host sees its end of the edge
// web -> cart; the callers of host a know the carts by address only.
class TwoHosts {
 public:
  // What both announce before traffic flows: an address is a service's once it was announced.
  static std::vector<wire::Batch> Announce(uint64_t second) {
    wire::Batch a = Batch("a", second);
    wire::Batch b = Batch("b", second);
    a.instances = {Info(1, "web", "web-1", "10.0.0.1"), Info(2, "load", "load-1", "10.0.0.9")};
    b.instances = {Info(1, "cart", "cart-1", "10.0.1.1"), Info(2, "cart", "cart-2", "10.0.1.2")};
    return {a, b};
  }
  std::vector<wire::Batch> Second(uint64_t second) {
    wire::Batch a = Batch("a", second);
    wire::Batch b = Batch("b", second);
    Edge(a, ObservationPoint::kClientProcess, Key(2, 1), 30);
    for (const uint32_t cart : {1, 2}) {
      const std::string ip = "10.0.1." + std::to_string(cart);
      wire::EdgeKey called = Key(1, 0);
      called.server_ip = *IpAddress::Parse(ip);
      Edge(a, ObservationPoint::kClientProcess, called, uint64_t{10} * cart);
      wire::EdgeKey served = Key(0, cart);
      served.client_ip = *IpAddress::Parse("10.0.0.1");
      Edge(b, ObservationPoint::kServerProcess, served, uint64_t{10} * cart);
      wire::InstanceSample& s = b.saturation.emplace_back();
      s.instance = cart;
      s.values[static_cast<size_t>(InstanceMetric::kCpuUsage)] = uint64_t{100'000} * cart;
      s.values[static_cast<size_t>(InstanceMetric::kMemoryUsed)] = 50 << 20;
    }
    b.losses.push_back({"ring_full", 2});
    return {std::move(b), std::move(a)};
  }

 private:
  void Edge(wire::Batch& batch, ObservationPoint point, wire::EdgeKey key, uint64_t requests) {
    wire::EdgeSample& sample = batch.edges.emplace_back();
    sample.key = key;
    sample.key.point = point;
    Fill(random_, sample, requests);
  }
  std::mt19937_64 random_{7};
};

class StoreArchiveTest : public testing::Test {
 protected:
  void SetUp() override { Start(); }
  void Start() {
    live_ = std::make_unique<live::LiveState>();
    auto opened =
        StoreArchive::Open(store::TestOptions(folder_.path(), PANO_STORE_PROBE), {}, *live_);
    ASSERT_TRUE(opened) << opened.error().ToString();
    archive_ = std::move(*opened);
    auto kept = archive_->LoadDictionaries();
    ASSERT_TRUE(kept) << kept.error().ToString();
    tagger_.Load(*kept);
    live_->Load(kept->services);
  }
  // Twelve seconds into memory and store.
  void Watch() {
    TwoHosts hosts;
    Take(TwoHosts::Announce(Begin() - 1), Begin() - 1);
    for (uint64_t i = 0; i < kSeconds; ++i) Take(hosts.Second(Begin() + i), Begin() + i);
    Settle(2 * kSeconds);
  }
  void Take(std::vector<wire::Batch> batches, uint64_t second) {
    for (wire::Batch& batch : batches) {
      auto tagged = std::make_shared<tag::TaggedBatch>(tagger_.Tag(std::move(batch)));
      live_->Apply(*tagged);
      ASSERT_TRUE(archive_->Add(std::move(tagged)));
    }
    live_->Advance(second);
  }
  // Until the writer has acknowledged everything.
  void Settle(uint64_t at_least) {
    for (int i = 0; i < 6'000; ++i) {
      const store::StoreHealth health = archive_->Health();
      if (health.pending_rows == 0 && health.rows_written >= at_least) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    FAIL() << "never written: " << archive_->Health().last_error;
  }
  uint32_t Service(const std::string& name) { return live_->names()->ServiceId(name); }

  store::Folder folder_;
  tag::Tagger tagger_;
  std::unique_ptr<live::LiveState> live_;
  std::unique_ptr<StoreArchive> archive_;
};

TEST_F(StoreArchiveTest, TheStoredMapIsTheMapThatWasLive) {
  Watch();
  const auto memory = live_->Over(Begin(), Begin() + kSeconds);
  ASSERT_TRUE(memory) << memory.error().ToString();
  const auto windows = archive_->Map(Begin(), Begin() + kSeconds);
  ASSERT_TRUE(windows) << windows.error().ToString();
  const live::MapView stored = live_->FromStored(*windows);

  ASSERT_EQ(memory->edges.size(), 2u) << "both agents and both carts are one edge";
  ASSERT_EQ(stored.edges.size(), memory->edges.size());
  for (const live::MapEdge& now : memory->edges) {
    const auto then = std::ranges::find(stored.edges, now.id, &live::MapEdge::id);
    ASSERT_NE(then, stored.edges.end());
    EXPECT_EQ(then->edge, now.edge);
    EXPECT_EQ(then->counts.request, now.counts.request);
    EXPECT_EQ(then->counts.server_error, now.counts.server_error);
    EXPECT_EQ(then->counts.retrans_syn, now.counts.retrans_syn);
    for (const analysis::Metric m : analysis::kAllMetrics) {
      if (!analysis::Known(now.metrics[m])) {
        EXPECT_FALSE(analysis::Known(then->metrics[m])) << analysis::Name(m);
      } else {
        EXPECT_DOUBLE_EQ(then->metrics[m], now.metrics[m]) << analysis::Name(m);
      }
    }
    const auto details = live::EdgeDetails();
    for (size_t i = 0; i < details.size(); ++i) {
      if (analysis::Known(now.details[i])) {
        EXPECT_DOUBLE_EQ(then->details[i], now.details[i]) << details[i].name;
      }
    }
  }
  // web -> cart: 30 requests a second, seen at both ends, counted once.
  const auto cart = std::ranges::find(memory->edges, Service("cart"),
                                      [](const live::MapEdge& e) { return e.edge.server_service; });
  ASSERT_NE(cart, memory->edges.end());
  EXPECT_EQ(cart->counts.request, 30 * kSeconds);
  EXPECT_DOUBLE_EQ(cart->metrics[analysis::Metric::kRequestRate], 30);
  EXPECT_EQ(windows->losses,
            (std::vector<std::pair<std::string, uint64_t>>{{"ring_full", 2 * kSeconds}}));
}

TEST_F(StoreArchiveTest, SeriesAreByStepAndSide) {
  Watch();
  const auto into = archive_->EdgesOf(Service("cart"), Begin(), Begin() + kSeconds, 1);
  ASSERT_TRUE(into) << into.error().ToString();
  ASSERT_EQ(into->size(), kSeconds);
  for (const auto& point : *into) {
    EXPECT_EQ(point.window.client[EdgeMetric::kRequest], 30u);
    EXPECT_EQ(point.window.server[EdgeMetric::kRequest], 30u);
    EXPECT_EQ(point.window.Requests()[EdgeMetric::kRequest], 30u) << "never both";
    EXPECT_EQ(point.window.client[EdgeMetric::kFlowLoad], 8u) << "two carts, four each";
  }
  // Nothing calls the load: what it calls is its own.
  const auto out = archive_->EdgesOf(Service("load"), Begin(), Begin() + kSeconds, 5);
  ASSERT_TRUE(out);
  ASSERT_EQ(out->size(), 3u) << "seconds 0-4, 5-9 and 10-11";
  EXPECT_EQ(out->at(0).window.Requests()[EdgeMetric::kRequest], 150u);
  EXPECT_EQ(out->at(2).window.Requests()[EdgeMetric::kRequest], 60u);

  const auto nodes = archive_->Nodes(Service("cart"), Begin(), Begin() + kSeconds, 1);
  ASSERT_TRUE(nodes) << nodes.error().ToString();
  ASSERT_EQ(nodes->size(), kSeconds);
  EXPECT_EQ(nodes->at(0).window[InstanceMetric::kCpuUsage], 300'000) << "both carts";
}

TEST_F(StoreArchiveTest, NamesAndIdsOutliveARestart) {
  Watch();
  const uint32_t cart = Service("cart");
  ASSERT_NE(cart, 0u);
  archive_.reset();
  tagger_ = tag::Tagger();
  Start();
  EXPECT_EQ(Service("cart"), cart);
  const auto points = archive_->EdgesOf(cart, Begin(), Begin() + kSeconds, 1);
  ASSERT_TRUE(points) << points.error().ToString();
  EXPECT_EQ(points->size(), kSeconds);
  // The agents announce again after the restart, in another order: nothing is doubled.
  wire::Batch again = Batch("b", Begin() + 100);
  again.instances = {Info(9, "cart", "cart-2", "10.0.1.2"), Info(8, "cart", "cart-1", "10.0.1.1")};
  EXPECT_TRUE(tagger_.Tag(std::move(again)).new_services.empty());
}

TEST_F(StoreArchiveTest, EventsAndSqlAreThoseOfTheApi) {
  auto batch = std::make_shared<tag::TaggedBatch>();
  batch->second = Begin();
  batch->agent = "server";
  batch->events.push_back(
      {Begin() * 1'000'000'000, schema::EventKind::kMark, 0, 0, "step 'two'\n"});
  ASSERT_TRUE(archive_->Add(std::move(batch)));
  Settle(1);
  const auto events = archive_->Events(Begin() - 10, Begin() + 10);
  ASSERT_TRUE(events) << events.error().ToString();
  ASSERT_EQ(events->size(), 1u);
  EXPECT_EQ(events->front().text, "step 'two'\n");
  EXPECT_EQ(events->front().kind, schema::EventKind::kMark);

  const auto answer = archive_->Sql("SELECT 1 AS one, 'x' AS text", {});
  ASSERT_TRUE(answer) << answer.error().ToString();
  const json parsed = json::parse(*answer, nullptr, false);
  ASSERT_TRUE(parsed.is_object()) << *answer;
  EXPECT_EQ(parsed["columns"][0]["name"], "one");
  EXPECT_EQ(parsed["rows"], json::parse(R"([[1,"x"]])"));
  EXPECT_TRUE(parsed["elapsed_s"].is_number());
  EXPECT_EQ(archive_->Sql("DROP TABLE edge", {}).error().code, Code::kDenied);
  EXPECT_FALSE(archive_->Sql("SELECT * FROM there_is_none", {}));
}

}  // namespace
}  // namespace pano::server
