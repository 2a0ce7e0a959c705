// SPDX-License-Identifier: Apache-2.0
// What every back-end of the store must do alike: same schema, same blocks, same questions.
#include <gtest/gtest.h>

#include "base/clock.h"
#include "server/store/block_builder.h"
#include "server/store/clickhouse_fixture.h"
#include "server/store/migrate.h"
#include "server/store/store_fixture.h"
#include "server/store/table_block.h"
#include "server/store/writer.h"

namespace pano::store {
namespace {

class ConformanceTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (GetParam() == std::string_view("embedded")) {
      auto store = OpenEmbedded(TestOptions(folder_.path(), PANO_STORE_PROBE));
      ASSERT_TRUE(store) << store.error().ToString();
      store_ = std::move(*store);
      return;
    }
    ASSERT_FALSE(ClickHouseServer::Program().empty())
        << "no clickhouse-server: apt-get install clickhouse-server";
    server_ = std::make_unique<ClickHouseServer>(folder_.path());
    auto store = server_->Open();
    ASSERT_TRUE(store) << store.error().ToString();
    store_ = std::move(*store);
  }
  void TearDown() override {
    store_.reset();
    server_.reset();
  }

  Folder folder_;
  std::unique_ptr<ClickHouseServer> server_;
  std::unique_ptr<Store> store_;
};

TEST_P(ConformanceTest, TakesEveryTablesBlocksAndGivesThemBack) {
  ASSERT_TRUE(Migrate(*store_, {})) << Migrate(*store_, {}).error().ToString();
  ASSERT_TRUE(Migrate(*store_, {}));
  Writer writer(*store_, {});
  const uint64_t second = WallNs() / 1'000'000'000 / 60 * 60;
  auto batch = std::make_shared<tag::TaggedBatch>();
  batch->second = second;
  batch->agent = "agent";
  batch->new_services.push_back({.id = 1, .name = "it's", .name_space = "\n\n"});
  tag::Instance instance{.id = 2, .service = 1, .agent = "agent", .info = {}};
  instance.info.addresses = {*IpAddress::Parse("10.10.10.10")};
  batch->new_instances.push_back(instance);
  batch->new_endpoints.emplace_back(3, "GET /");
  for (uint32_t i = 0; i < 300; ++i) {
    tag::EdgeRow edge;
    edge.edge = {.client_service = 1,
                 .server_service = i,
                 .server_port = 80,
                 .l7_protocol = schema::L7Protocol::kTls};
    edge.point = schema::ObservationPoint::kServerProcess;
    edge.values[static_cast<size_t>(schema::EdgeMetric::kRequest)] = i;
    edge.values[static_cast<size_t>(schema::EdgeMetric::kRrtMax)] = i;
    edge.rrt.Add(i, 3);
    batch->edges.push_back(edge);
  }
  batch->endpoints.push_back({.edge = {}, .endpoint = 3, .sample = {}});
  batch->saturation.push_back({.service = 1, .instance = 2, .values = {}});
  batch->events.push_back({.time_ns = second * 1'000'000'000, .text = "mark"});
  wire::RequestRecord request;
  request.time_ns = second * 1'000'000'000;
  request.client_ip = *IpAddress::Parse("10.10.10.10");  // 0x0A0A
  request.request_type = "GET";
  request.status = schema::ResponseStatus::kTimeout;
  request.response_code = -7;
  batch->requests.emplace_back(tag::EdgeId{}, request);
  batch->losses.push_back({"ring_full", 5});
  batch->health.tier = "sock_length";
  batch->health.stage = "full";
  ASSERT_TRUE(writer.Add(batch));
  ASSERT_TRUE(writer.Flush(std::chrono::seconds(60))) << writer.Health().last_error;
  EXPECT_EQ(writer.Health().rows_lost, 0u);
  EXPECT_EQ(writer.Health().rows_written, RowsOf(*batch));

  EXPECT_EQ(Ask(*store_,
                "SELECT sum(request), max(rrt_max), any(l7_protocol), "
                "any(observation_point) FROM edge"),
            "44850\t299\ttls\ts-p");
  EXPECT_EQ(
      Ask(*store_, "SELECT arraySum(tupleElement(sumMap(rrt.bucket, rrt.count), 2)) FROM edge"),
      "900");
  EXPECT_EQ(Ask(*store_, "SELECT name, hex(namespace) FROM service_name FINAL"), "it's\t0A0A");
  EXPECT_EQ(Ask(*store_,
                "SELECT request_type, response_status, response_code, "
                "hex(client_ip) FROM request"),
            "GET\ttimeout\t-7\t00000000000000000000FFFF0A0A0A0A");
  EXPECT_EQ(Ask(*store_, "SELECT agent, cause, count FROM loss"), "agent\tring_full\t5");
  if (store_->dialect() == Dialect::kLegacy18) return;  // no roll-ups there
  EXPECT_EQ(Ask(*store_,
                "SELECT sum(request), max(rrt_max), sum(seconds), "
                "arraySum(tupleElement(sumMap(rrt), 2)) FROM edge_1m"),
            "44850\t299\t300\t900");
}

TEST_P(ConformanceTest, ParametersErrorsAndLimits) {
  const std::string nasty = "it's \\ \n\t\"";
  EXPECT_EQ(Ask(*store_, "SELECT {x:String}", {{"x", nasty}}), nasty);
  EXPECT_EQ(Ask(*store_, "SELECT {n:UInt32} + 1", {{"n", "41"}}), "42");
  EXPECT_EQ(store_->Query("SELECT * FROM none", {}, "TSV", {}).error().code, Code::kNotFound);
  EXPECT_EQ(store_->Query("SELEC 1", {}, "TSV", {}).error().code, Code::kInvalid);
  EXPECT_EQ(store_->Query("CREATE TABLE x (a UInt8) ENGINE = Memory", {}, "TSV", {}).error().code,
            Code::kDenied);
  EXPECT_EQ(store_
                ->Query("SELECT number FROM system.numbers LIMIT 100000", {}, "TSV",
                        {.max_result_rows = 10})
                .error()
                .code,
            Code::kExhausted);
  EXPECT_EQ(store_
                ->Query("SELECT count() FROM system.numbers WHERE sipHash64(number) = 1", {}, "TSV",
                        {.max_seconds = 1})
                .error()
                .code,
            Code::kTimeout);
  EXPECT_EQ(Ask(*store_, "SELECT 1"), "1");
  EXPECT_TRUE(store_->Health().up);
}

INSTANTIATE_TEST_SUITE_P(Backends, ConformanceTest, ::testing::Values("embedded", "clickhouse18"),
                         [](const auto& backend) { return std::string(backend.param); });

}  // namespace
}  // namespace pano::store
