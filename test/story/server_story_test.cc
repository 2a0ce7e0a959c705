// SPDX-License-Identifier: Apache-2.0
// The story through tagger, live state and analysis, and the real HTTP server over real sockets.
#include <gtest/gtest.h>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/clock.h"
#include "server/pipeline.h"
#include "story/shop_story.h"

namespace pano {
namespace {

namespace http = boost::beast::http;
using boost::asio::ip::tcp;
using nlohmann::json;

constexpr uint64_t kNs = 1'000'000'000u;

TEST(Story, EachPhaseHasItsBottleneck) {
  tag::Tagger tagger;
  live::LiveState live;
  uint64_t second = 1'700'000'000;
  const std::array<std::string, story::kPhases> expected{"productcatalog", "productcatalog", "cart",
                                                         ""};
  for (int phase = 0; phase < story::kPhases; ++phase) {
    for (int i = 0; i < 40; ++i, ++second) {
      live.Apply(tagger.Tag(story::Second(static_cast<story::Phase>(phase), second, i == 0)));
      EXPECT_TRUE(live.Complete(second));
      live.Advance(second);
    }
    const auto map = live.Latest();
    EXPECT_EQ(map->verdict->bottleneck_service, expected[static_cast<size_t>(phase)])
        << map->verdict->sentence;
    EXPECT_EQ(map->nodes.size(), 15u);
    EXPECT_EQ(map->edges.size(), 15u);
    const auto catalog = std::ranges::find(map->nodes, "productcatalog", &live::MapNode::name);
    ASSERT_NE(catalog, map->nodes.end());
    EXPECT_EQ(catalog->replicas, phase == 0 ? 1u : phase == 1 ? 2u : 3u);
  }
  int scaled = 0;
  for (const live::MapEvent& e : live.events().After(0)) {
    scaled += e.row.kind == schema::EventKind::kScale ? 1 : 0;
  }
  EXPECT_EQ(scaled, 3);
}

class ServerTest : public testing::Test {
 protected:
  void SetUp() override {
    data_ = std::filesystem::temp_directory_path() /
            ("pano-api-test-" + std::to_string(::getpid()) + "-" + std::to_string(WallNs()));
    StartServer({});
  }
  void TearDown() override {
    server_.reset();
    std::filesystem::remove_all(data_);
  }
  void StartServer(server::ServerOptions options) {
    options.http.port = 0;
    options.data_dir = data_;
    options.store = false;
    auto started = server::ServerPipeline::Start(std::move(options));
    ASSERT_TRUE(started) << started.error().ToString();
    server_ = std::move(*started);
  }
  // Delivers the second that just ended, and waits until the map tells of it.
  void Feed() {
    const uint64_t second = WallNs() / kNs - 1;
    ASSERT_TRUE(server_->Submit(story::Second(story::Phase::kCatalogX1, second, true)));
    for (int i = 0; i < 500 && server_->live().Latest()->edges.empty(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      server_->Submit(story::Second(story::Phase::kCatalogX1, WallNs() / kNs - 1, true));
    }
    ASSERT_FALSE(server_->live().Latest()->edges.empty());
  }
  tcp::socket Connect() {
    tcp::socket socket(io_);
    socket.connect({boost::asio::ip::make_address("127.0.0.1"), server_->port()});
    return socket;
  }
  using Answer = http::response<http::string_body>;
  Answer Ask(http::verb verb, const std::string& target, const std::string& body = "",
             const std::vector<std::pair<std::string, std::string>>& headers = {}) {
    tcp::socket socket = Connect();
    http::request<http::string_body> request(verb, target, 11);
    request.set(http::field::host, "127.0.0.1");
    for (const auto& [name, value] : headers) request.set(name, value);
    request.body() = body;
    request.prepare_payload();
    http::write(socket, request);
    boost::beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(64 << 20);
    if (verb == http::verb::head) parser.skip(true);
    http::read(socket, buffer, parser);
    return parser.release();
  }
  json Get(const std::string& target, unsigned status = 200) {
    const Answer answer = Ask(http::verb::get, target);
    EXPECT_EQ(answer.result_int(), status) << target << " " << answer.body();
    return json::parse(answer.body(), nullptr, false);
  }
  std::string Raw(const std::string& bytes) {
    tcp::socket socket = Connect();
    boost::asio::write(socket, boost::asio::buffer(bytes));
    boost::system::error_code error;
    std::string out;
    boost::asio::read(socket, boost::asio::dynamic_buffer(out), error);
    return out;
  }

  boost::asio::io_context io_;
  std::string data_;
  std::unique_ptr<server::ServerPipeline> server_;
};

TEST_F(ServerTest, MapHasTheShapeOfItsContract) {
  Feed();
  const json map = Get("/api/v1/map");
  for (const char* key : {"time", "from", "to", "live", "topology", "nodes", "edges", "verdict",
                          "losses", "stage", "tier"}) {
    EXPECT_TRUE(map.contains(key)) << key;
  }
  EXPECT_EQ(map["nodes"].size(), 15u);
  EXPECT_EQ(map["tier"], "sock_length");
  for (const json& edge : map["edges"]) {
    EXPECT_EQ(edge["metrics"].size(), 6u);
    EXPECT_EQ(edge["states"].size(), 6u);
    EXPECT_TRUE(edge["details"].contains("latency_p99"));
    EXPECT_FALSE(edge.contains("counts"));
  }
  const json& node = map["nodes"][0];
  for (const char* key : {"id", "name", "namespace", "kind", "entry", "instances", "replicas",
                          "state", "since", "worst", "metrics", "states", "details", "role"}) {
    EXPECT_TRUE(node.contains(key)) << key;
  }
  const uint64_t to = map["to"];
  const json range =
      Get("/api/v1/map?from=" + std::to_string(to - 1) + "&to=" + std::to_string(to));
  ASSERT_FALSE(range["edges"].empty());
  EXPECT_GT(range["edges"][0]["counts"]["request"].get<uint64_t>(), 0u);
}

TEST_F(ServerTest, SeriesTimelineAndDiagnosis) {
  Feed();
  const json map = Get("/api/v1/map");
  const std::string id = std::to_string(map["edges"][0]["id"].get<uint64_t>());
  const json series =
      Get("/api/v1/series?edge=" + id + "&metrics=request_rate,latency,cpu_throttled");
  EXPECT_EQ(series["times"].size(), series["series"]["latency"].size());
  EXPECT_FALSE(series["series"]["request_rate"].back().is_null());
  EXPECT_EQ(series["limits"]["latency"], 1000000);
  Get("/api/v1/series?node=" + std::to_string(map["nodes"][0]["id"].get<uint64_t>()));
  Get("/api/v1/series?edge=" + id + "&metrics=nonsense", 400);
  Get("/api/v1/series", 400);
  Get("/api/v1/series?edge=4000000000", 404);
  const json timeline = Get("/api/v1/timeline");
  EXPECT_EQ(timeline["state"].size(), timeline["bottleneck"].size());
  const json diagnosis = Get("/api/v1/diagnosis");
  EXPECT_TRUE(diagnosis.contains("sentence"));
  EXPECT_TRUE(diagnosis.contains("status"));
}

TEST_F(ServerTest, LimitsAreCheckedKeptAndReadAgain) {
  json document = Get("/api/v1/limits");
  EXPECT_EQ(document["defaults"]["latency"], 1000000);
  EXPECT_TRUE(document["defaults"]["traffic"].is_null());
  document["defaults"]["latency"] = 250000;
  document["overrides"] =
      json::array({{{"service", "cart"}, {"metric", "errors"}, {"limit", nullptr}}});
  const Answer put = Ask(http::verb::put, "/api/v1/limits", document.dump());
  EXPECT_EQ(put.result_int(), 200u) << put.body();
  EXPECT_EQ(json::parse(put.body()), document);
  for (const char* bad :
       {"", "[]", "{}", R"({"defaults":{"latency":-1}})", R"({"defaults":{"speed":1}})",
        R"({"defaults":{},"overrides":[{"metric":"errors","limit":1}]})"}) {
    EXPECT_EQ(Ask(http::verb::put, "/api/v1/limits", bad).result_int(), 400u) << bad;
  }
  server_.reset();
  StartServer({});
  EXPECT_EQ(Get("/api/v1/limits"), document);
}

TEST_F(ServerTest, MarksAreEvents) {
  const Answer posted =
      Ask(http::verb::post, "/api/v1/events", R"({"text":"1,500 users <b>","kind":"mark"})");
  EXPECT_EQ(posted.result_int(), 201u);
  const json events = Get("/api/v1/events");
  ASSERT_EQ(events["events"].size(), 1u);
  EXPECT_EQ(events["events"][0]["text"], "1,500 users <b>");
  EXPECT_EQ(Ask(http::verb::post, "/api/v1/events", R"({"text":""})").result_int(), 400u);
  EXPECT_EQ(Ask(http::verb::post, "/api/v1/events", "{").result_int(), 400u);
}

TEST_F(ServerTest, RefusesWhatItShould) {
  Get("/api/v1/nothing", 404);
  Get("/api/v1/map?from=x&to=2", 400);
  Get("/api/v1/map?from=9&to=3", 400);
  Get("/api/v1/map?at=-5", 400);
  EXPECT_EQ(Ask(http::verb::delete_, "/api/v1/limits").result_int(), 405u);
  EXPECT_EQ(Ask(http::verb::post, "/api/v1/query", R"({"sql":"SELECT 1"})").result_int(), 503u);
  for (const char* path :
       {"/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/assets/..%2f..%2fx", "//etc/passwd"}) {
    EXPECT_EQ(Ask(http::verb::get, path).result_int(), 404u) << path;
  }
  EXPECT_EQ(Ask(http::verb::get, "/%zz").result_int(), 400u);
  EXPECT_EQ(Ask(http::verb::get, "/a%00b").result_int(), 400u);
  // A name of elsewhere that was made to point here.
  EXPECT_EQ(Ask(http::verb::get, "/api/v1/map", "", {{"Host", "evil.example"}}).result_int(), 403u);
  EXPECT_EQ(Ask(http::verb::post, "/api/v1/events", R"({"text":"x"})",
                {{"Origin", "http://evil.example"}})
                .result_int(),
            403u);
  EXPECT_EQ(Ask(http::verb::get, "/", "", {{"X-Long", std::string(40'000, 'a')}}).result_int(),
            431u);
  EXPECT_EQ(Ask(http::verb::put, "/api/v1/limits", std::string(2 << 20, ' ')).result_int(), 413u);
  EXPECT_NE(Raw("garbage\r\n\r\n").find("400"), std::string::npos);
}

TEST_F(ServerTest, PageHealthAndMetrics) {
  const Answer page = Ask(http::verb::get, "/");
  EXPECT_EQ(page.result_int(), 200u);
  EXPECT_NE(page["Content-Security-Policy"].find("default-src 'self'"), std::string::npos);
  EXPECT_EQ(
      Ask(http::verb::get, "/", "", {{"If-None-Match", std::string(page["ETag"])}}).result_int(),
      304u);
  const Answer head = Ask(http::verb::head, "/");
  EXPECT_EQ(std::string(head["Content-Length"]), std::to_string(page.body().size()));
  EXPECT_EQ(Ask(http::verb::get, "/healthz").result_int(), 200u);
  Feed();
  const std::string metrics = Ask(http::verb::get, "/metrics").body();
  EXPECT_NE(metrics.find("\npanoscope_map_edges 15\n"), std::string::npos);
  const json status = Get("/api/v1/status");
  EXPECT_EQ(status["stage"], "full");
  EXPECT_TRUE(Get("/api/v1/schema").contains("tables"));
}

TEST_F(ServerTest, StreamBeginsWithASnapshotAndTicks) {
  Feed();
  for (int round = 0; round < 2; ++round) {  // the second time as after a lost connection
    tcp::socket socket = Connect();
    const std::string request =
        "GET /api/v1/map/stream HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 7\r\n\r\n";
    boost::asio::write(socket, boost::asio::buffer(request));
    std::string text;
    while (text.find("event: tick") == std::string::npos ||
           text.find("\n\n", text.find("event: tick")) == std::string::npos) {
      char piece[4096];
      text.append(piece, socket.read_some(boost::asio::buffer(piece)));
    }
    EXPECT_NE(text.find("text/event-stream"), std::string::npos);
    EXPECT_LT(text.find("event: snapshot"), text.find("event: tick"));
    const size_t begin = text.find("data: ", text.find("event: tick")) + 6;
    const json tick = json::parse(text.substr(begin, text.find('\n', begin) - begin));
    EXPECT_EQ(tick["edges"]["id"].size(), 15u);
    EXPECT_EQ(tick["edges"]["metrics"]["traffic"].size(), 15u);
    EXPECT_EQ(tick["nodes"]["role"].size(), 15u);
    EXPECT_TRUE(tick.contains("verdict"));
  }
}

TEST(Server, BeyondLoopbackATokenIsNeeded) {
  server::ServerOptions options;
  options.http.address = "0.0.0.0";
  options.http.port = 0;
  const auto refused = server::ServerPipeline::Start(options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kDenied);
}

}  // namespace
}  // namespace pano
