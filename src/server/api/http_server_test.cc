// SPDX-License-Identifier: Apache-2.0
// The HTTP server over real sockets, with a live map of one edge.
#include "server/api/http_server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>
#include <thread>

#include "base/clock.h"
#include "server/api/gzip.h"

namespace pano::api {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using nlohmann::json;
using schema::EdgeMetric;

constexpr uint64_t kNs = 1'000'000'000u;

struct Answer {
  unsigned status = 0;
  std::map<std::string, std::string> headers;  // lower-case names
  std::string body;
};

Answer ParseAnswer(const std::string& bytes) {
  Answer out;
  const size_t end = bytes.find("\r\n\r\n");
  if (end == std::string::npos) return out;
  std::istringstream head(bytes.substr(0, end));
  std::string line;
  std::getline(head, line);
  out.status = static_cast<unsigned>(std::stoi(line.substr(9, 3)));
  while (std::getline(head, line)) {
    if (line.ends_with('\r')) line.pop_back();
    const size_t colon = line.find(':');
    std::string name = line.substr(0, colon);
    for (char& c : name) c = static_cast<char>(std::tolower(c));
    out.headers[name] = line.substr(colon + 2);
  }
  out.body = bytes.substr(end + 4);
  return out;
}

class Client {
 public:
  explicit Client(uint16_t port, int receive_buffer = 0) : socket_(io_) {
    socket_.open(tcp::v4());
    if (receive_buffer > 0) {
      socket_.set_option(asio::socket_base::receive_buffer_size(receive_buffer));
    }
    socket_.connect({asio::ip::make_address("127.0.0.1"), port});
    // Only so that a server that answers nothing fails the test instead of hanging it.
    const timeval patience{60, 0};
    setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  void Send(const std::string& bytes) {
    boost::system::error_code error;
    asio::write(socket_, asio::buffer(bytes), error);
  }
  // Everything until the server ends the connection.
  std::string ReadAll() {
    std::string out;
    while (ReadSome(out)) {
    }
    return out;
  }
  // Reads until `mark` came `times`; false when the connection ended before.
  bool ReadUntil(std::string& text, const std::string& mark, size_t times = 1) {
    while (Count(text, mark) < times) {
      if (!ReadSome(text)) return false;
    }
    return true;
  }
  static size_t Count(const std::string& text, const std::string& mark) {
    size_t found = 0;
    for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
      ++found;
    }
    return found;
  }

 private:
  bool ReadSome(std::string& out) {
    char piece[65536];
    const ssize_t got = recv(socket_.native_handle(), piece, sizeof piece, 0);
    if (got <= 0) return false;
    out.append(piece, static_cast<size_t>(got));
    return true;
  }

  asio::io_context io_;
  tcp::socket socket_;
};

class HttpServerTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("pano-http-" + std::to_string(getpid()) + "-" + std::to_string(MonotonicNs()));
    std::filesystem::create_directories(folder_ + "/page");
    std::ofstream(folder_ + "/page/index.html") << "<!doctype html><title>page</title>";
    std::ofstream(folder_ + "/secret.txt") << "secret";
    std::filesystem::create_symlink(folder_ + "/secret.txt", folder_ + "/page/link.txt");
    files_ = std::make_unique<StaticFiles>(folder_ + "/page");
    context_.live = &live_;
    context_.files = files_.get();
    context_.set_limits = [this](const analysis::Limits& limits) {
      live_.SetLimits(limits);
      return Status();
    };
    context_.add_event = [this](tag::EventRow row) { return live_.AddEvent(std::move(row)); };
    context_.ingest_backlog = [] { return uint64_t{0}; };
    context_.version = "1.2.3\"";
    context_.started_ns = MonotonicNs();
    second_ = WallNs() / kNs - 100;
  }
  void TearDown() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  void StartServer(HttpOptions options = {}) {
    options.port = 0;
    auto started = HttpServer::Start(options, context_);
    ASSERT_TRUE(started) << started.error().ToString();
    server_ = std::move(*started);
  }

  // One more second on the map: `edges` edges of 10 requests each.
  void Tick(uint32_t edges = 1) {
    tag::TaggedBatch batch;
    batch.second = ++second_;
    batch.agent = "test";
    batch.health.tier = "sock_length";
    batch.health.stage = "full";
    for (uint32_t i = 0; i < edges; ++i) {
      batch.new_services.push_back({2 * i + 1, "client" + std::to_string(i), "", {}});
      batch.new_services.push_back({2 * i + 2, "server" + std::to_string(i), "", {}});
      tag::EdgeRow row;
      row.edge = {2 * i + 1, 2 * i + 2, 8080, schema::L7Protocol::kHttp1, schema::L4Protocol::kTcp};
      row.values[static_cast<size_t>(EdgeMetric::kRequest)] = 10;
      row.values[static_cast<size_t>(EdgeMetric::kResponse)] = 10;
      row.values[static_cast<size_t>(EdgeMetric::kByteTx)] = 1000;
      row.rrt.Add(2000, 10);
      batch.edges.push_back(row);
    }
    batch.losses.push_back({"a \"cause\"\nof two lines", 3});
    live_.Apply(batch);
    live_.Advance(batch.second);
    if (server_ != nullptr) server_->Publish(live_.Latest());
  }

  Answer Ask(const std::string& first_line, const std::string& headers = "",
             const std::string& body = "") {
    Client client(server_->port());
    std::string text = first_line + " HTTP/1.1\r\nConnection: close\r\n";
    if (headers.find("Host:") == std::string::npos) text += "Host: localhost\r\n";
    text += headers;
    if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    client.Send(text + "\r\n" + body);
    return ParseAnswer(client.ReadAll());
  }
  Answer Raw(const std::string& bytes) {
    Client client(server_->port());
    client.Send(bytes);
    return ParseAnswer(client.ReadAll());
  }
  static std::string StreamRequest(const std::string& headers = "") {
    return "GET /api/v1/map/stream HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n";
  }
  static std::string CodeOf(const Answer& answer) {
    const json body = json::parse(answer.body, nullptr, false);
    return body.is_object() && body.contains("error") ? body["error"].value("code", "") : "";
  }

  std::string folder_;
  live::LiveState live_;
  std::unique_ptr<StaticFiles> files_;
  Context context_;
  std::unique_ptr<HttpServer> server_;
  uint64_t second_ = 0;
};

TEST_F(HttpServerTest, TheMapIsThatOfItsContract) {
  StartServer();
  Tick();
  const Answer answer = Ask("GET /api/v1/map");
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.headers.at("content-type"), "application/json");
  const json map = json::parse(answer.body);
  EXPECT_EQ(map["time"], second_ + 1) << "the end of the window";
  EXPECT_EQ(map["to"], second_ + 1);
  EXPECT_EQ(map["live"], true);
  ASSERT_EQ(map["edges"].size(), 1u);
  const json& edge = map["edges"][0];
  EXPECT_EQ(edge["client"], 1);
  EXPECT_EQ(edge["server"], 2);
  EXPECT_EQ(edge["port"], 8080);
  EXPECT_EQ(edge["protocol"], "http");
  EXPECT_EQ(edge["transport"], "tcp");
  EXPECT_EQ(edge["metrics"]["request_rate"], 10);
  EXPECT_EQ(edge["metrics"]["traffic"], 1000);
  EXPECT_TRUE(edge["metrics"]["connect_latency"].is_null()) << "not known is not 0";
  EXPECT_FALSE(edge.contains("counts"));
  EXPECT_EQ(map["nodes"][0]["entry"], true);
  EXPECT_EQ(map["stage"], "full");
  EXPECT_EQ(map["verdict"]["status"], "none");

  const std::string range =
      "GET /api/v1/map?from=" + std::to_string(second_) + "&to=" + std::to_string(second_ + 1);
  const json past = json::parse(Ask(range).body);
  EXPECT_EQ(past["live"], false);
  EXPECT_EQ(past["edges"][0]["counts"]["request"], 10);
}

TEST_F(HttpServerTest, BadParametersAreToldAsDocumented) {
  StartServer();
  Tick();
  for (const char* target :
       {"/api/v1/map?at=x", "/api/v1/map?at=-5", "/api/v1/map?from=9&to=3", "/api/v1/map?window=0",
        "/api/v1/map?at=1e300", "/api/v1/map?at=nan", "/api/v1/map?at=1&from=1&to=2",
        "/api/v1/series", "/api/v1/series?edge=1&node=1", "/api/v1/series?node=1&metrics=speed",
        "/api/v1/series?node=1&step=-1", "/api/v1/timeline?step=-1", "/api/v1/diagnosis?at=x",
        "/api/v1/events?from=9&to=3", "/%zz", "/a%00b"}) {
    const Answer answer = Ask(std::string("GET ") + target);
    EXPECT_EQ(answer.status, 400u) << target;
    EXPECT_EQ(CodeOf(answer), "invalid") << target;
  }
  EXPECT_EQ(Ask("GET /api/v1/series?edge=4000000000").status, 404u);
  EXPECT_EQ(Ask("GET /api/v1/map?at=1").status, 404u) << "no store, and memory is younger";
  EXPECT_EQ(CodeOf(Ask("GET /api/v1/nothing")), "not_found");
  EXPECT_EQ(Ask("DELETE /api/v1/limits").status, 405u);
  EXPECT_EQ(Ask("POST /index.html").status, 405u);
  EXPECT_EQ(Ask("POST /api/v1/query", "", R"({"sql":"SELECT 1"})").status, 503u);
  EXPECT_EQ(Ask("POST /api/v1/query", "", R"({"sql":1})").status, 400u);
}

TEST_F(HttpServerTest, MalformedAndOversizedRequestsAreRefusedWithWords) {
  HttpOptions options;
  options.max_header_bytes = 2048;
  options.max_body_bytes = 4096;
  StartServer(options);
  EXPECT_EQ(Raw("garbage\r\n\r\n").status, 400u);
  EXPECT_EQ(Raw("GET / HTTP/9.9\r\n\r\n").status, 400u);
  EXPECT_EQ(Ask("GET /", "X-Long: " + std::string(100'000, 'a') + "\r\n").status, 431u);
  EXPECT_EQ(Ask("PUT /api/v1/limits", "", std::string(1 << 20, ' ')).status, 413u);
  EXPECT_EQ(
      Raw("PUT /api/v1/limits HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n").status,
      400u);
  EXPECT_EQ(Ask("GET /healthz").status, 200u) << "the server goes on";
}

TEST_F(HttpServerTest, NothingBesideThePageIsServed) {
  StartServer();
  for (const char* path : {"/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt",
                           "/x/../../secret.txt", "//secret.txt", "/link.txt", "/nothing.js"}) {
    const Answer answer = Ask(std::string("GET ") + path);
    EXPECT_EQ(answer.status, 404u) << path;
    EXPECT_EQ(answer.body.find("secret"), std::string::npos);
  }
}

TEST_F(HttpServerTest, ThePageComesOnceAndThenByItsTag) {
  StartServer();
  const Answer page = Ask("GET /");
  EXPECT_EQ(page.status, 200u);
  EXPECT_EQ(page.headers.at("content-type"), "text/html; charset=utf-8");
  EXPECT_TRUE(page.headers.contains("content-security-policy"));
  const Answer again = Ask("GET /", "If-None-Match: " + page.headers.at("etag") + "\r\n");
  EXPECT_EQ(again.status, 304u);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(Ask("GET /", "If-None-Match: \"other\"\r\n").status, 200u);
  EXPECT_EQ(Ask("GET /node/3", "Accept: text/html\r\n").body, page.body) << "a link into the page";
  const Answer head = Ask("HEAD /");
  EXPECT_EQ(head.headers.at("content-length"), std::to_string(page.body.size()));
  EXPECT_EQ(head.body, "");
}

TEST_F(HttpServerTest, LargeAnswersArePackedForThoseWhoUnpack) {
  StartServer();
  Tick(20);
  const Answer plain = Ask("GET /api/v1/map");
  const Answer packed = Ask("GET /api/v1/map", "Accept-Encoding: br, gzip\r\n");
  EXPECT_FALSE(plain.headers.contains("content-encoding"));
  EXPECT_EQ(packed.headers.at("content-encoding"), "gzip");
  EXPECT_LT(packed.body.size(), plain.body.size());
  EXPECT_EQ(Gunzip(packed.body, size_t{1} << 24), plain.body);
  EXPECT_FALSE(
      Ask("GET /api/v1/map", "Accept-Encoding: gzip;q=0\r\n").headers.contains("content-encoding"));
}

TEST_F(HttpServerTest, NamesOfElsewhereAndPagesOfElsewhereAreRefused) {
  StartServer();
  EXPECT_EQ(Ask("GET /api/v1/map", "Host: evil.example\r\n").status, 403u);
  EXPECT_EQ(Ask("GET /api/v1/map", "Host: 127.0.0.1.evil.example\r\n").status, 403u);
  EXPECT_EQ(Ask("GET /api/v1/map", "Host: localhost.evil.example\r\n").status, 403u);
  EXPECT_EQ(Raw("GET /api/v1/map HTTP/1.1\r\nConnection: close\r\n\r\n").status, 403u);
  for (const char* host : {"localhost", "localhost:8686", "127.0.0.1:8686", "[::1]:8686"}) {
    EXPECT_EQ(Ask("GET /api/v1/map", std::string("Host: ") + host + "\r\n").status, 200u) << host;
  }
  const std::string mark = R"({"text":"x"})";
  EXPECT_EQ(Ask("POST /api/v1/events", "Origin: http://evil.example\r\n", mark).status, 403u);
  EXPECT_EQ(Ask("POST /api/v1/events", "Origin: http://localhost\r\n", mark).status, 201u);
}

TEST_F(HttpServerTest, BeyondLoopbackATokenIsNeeded) {
  HttpOptions options;
  options.address = "0.0.0.0";
  options.port = 0;
  const auto refused = HttpServer::Start(options, context_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kDenied);

  options.token = "s3cret";
  StartServer(options);
  const Answer without = Ask("GET /api/v1/map");
  EXPECT_EQ(without.status, 401u);
  EXPECT_TRUE(without.headers.contains("www-authenticate"));
  EXPECT_EQ(Ask("GET /").status, 401u);
  EXPECT_EQ(Ask("GET /api/v1/map", "Authorization: Bearer s3creT\r\n").status, 401u);
  EXPECT_EQ(Ask("GET /api/v1/map", "Authorization: Bearer s3cret\r\n").status, 200u);
  EXPECT_EQ(
      Ask("GET /api/v1/map", "Host: monitor.example\r\nAuthorization: Bearer s3cret\r\n").status,
      200u);
  EXPECT_EQ(Ask("GET /?token=wrong").status, 403u);
  const Answer entered = Ask("GET /?token=s3cret");
  EXPECT_EQ(entered.status, 303u);
  const std::string cookie = entered.headers.at("set-cookie");
  EXPECT_NE(cookie.find("HttpOnly"), std::string::npos);
  const std::string sent = "Cookie: a=b; " + cookie.substr(0, cookie.find(';')) + "\r\n";
  EXPECT_EQ(Ask("GET /", sent).status, 200u);
  EXPECT_EQ(Ask("GET /healthz").status, 200u) << "probes have no token";
}

TEST_F(HttpServerTest, LimitsGoRoundAndMarksAreKept) {
  StartServer();
  json document = json::parse(Ask("GET /api/v1/limits").body);
  document["defaults"]["latency"] = 250000;
  document["overrides"] = {
      {{"client", "a"}, {"server", "b"}, {"metric", "errors"}, {"limit", nullptr}}};
  const Answer put = Ask("PUT /api/v1/limits", "", document.dump());
  EXPECT_EQ(put.status, 200u) << put.body;
  EXPECT_EQ(json::parse(put.body), document);
  EXPECT_EQ(json::parse(Ask("GET /api/v1/limits").body), document);
  EXPECT_EQ(Ask("PUT /api/v1/limits", "", R"({"defaults":{"latency":-1}})").status, 400u);
  EXPECT_EQ(json::parse(Ask("GET /api/v1/limits").body), document) << "a bad one changes nothing";

  EXPECT_EQ(Ask("POST /api/v1/events", "", R"({"text":"1,500 users <b>","kind":"mark"})").status,
            201u);
  EXPECT_EQ(Ask("POST /api/v1/events", "", R"({"text":"x","kind":"oom_kill"})").status, 400u);
  const json events = json::parse(Ask("GET /api/v1/events").body);
  ASSERT_EQ(events["events"].size(), 1u);
  EXPECT_EQ(events["events"][0]["text"], "1,500 users <b>");
  EXPECT_EQ(events["events"][0]["kind"], "mark");
}

TEST_F(HttpServerTest, MetricsAreWellFormed) {
  StartServer();
  Tick();
  const Answer answer = Ask("GET /metrics");
  EXPECT_EQ(answer.headers.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const std::regex sample(R"re([a-z_]+(\{[a-z_]+="([^"\\]|\\[n"\\])*"\})? -?[0-9.e+-]+)re");
  std::istringstream lines(answer.body);
  std::string line;
  std::string family;
  while (std::getline(lines, line)) {
    if (line.starts_with("# HELP ")) continue;
    if (line.starts_with("# TYPE ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      continue;
    }
    EXPECT_TRUE(std::regex_match(line, sample)) << line;
    EXPECT_TRUE(line.starts_with(family)) << line;
  }
  EXPECT_NE(answer.body.find("\npanoscope_map_edges 1\n"), std::string::npos);
  EXPECT_NE(answer.body.find(R"({cause="a \"cause\"\nof two lines"} 3)"), std::string::npos);
}

TEST_F(HttpServerTest, AStreamGetsASnapshotAndThenEverySecond) {
  StartServer();
  Tick();
  Client client(server_->port());
  client.Send(StreamRequest());
  std::string text;
  ASSERT_TRUE(client.ReadUntil(text, "event: snapshot"));
  ASSERT_TRUE(client.ReadUntil(text, "\n\n", 2));
  for (size_t i = 1; i <= 3; ++i) {
    Tick();
    ASSERT_TRUE(client.ReadUntil(text, "event: tick", i)) << "the stream ended";
  }
  EXPECT_NE(text.find("retry: 1000"), std::string::npos);
  EXPECT_EQ(Client::Count(text, "event: snapshot"), 1u) << "the same nodes and edges";
  ASSERT_TRUE(client.ReadUntil(text, "\n\n", 5));
  const size_t begin = text.find("data: ", text.find("event: tick")) + 6;
  const json tick = json::parse(text.substr(begin, text.find('\n', begin) - begin));
  EXPECT_EQ(tick["edges"]["id"].size(), 1u);
  EXPECT_EQ(tick["edges"]["metrics"]["request_rate"][0], 10);
  EXPECT_EQ(tick["nodes"]["id"].size(), 2u);
  Tick(2);
  ASSERT_TRUE(client.ReadUntil(text, "event: snapshot", 2)) << "another edge: a new snapshot";

  Client again(server_->port());
  again.Send(StreamRequest("Last-Event-ID: " + std::to_string(second_) + "\r\n"));
  std::string other;
  EXPECT_TRUE(again.ReadUntil(other, "event: snapshot")) << "a reconnect begins with the whole map";
  EXPECT_NE(other.find("id: " + std::to_string(second_ + 1)), std::string::npos);
}

TEST_F(HttpServerTest, AClientThatReadsNothingHoldsNobody) {
  HttpOptions options;
  options.threads = 1;  // whoever waits in it holds all
  options.write_timeout = std::chrono::minutes(10);
  StartServer(options);
  Tick(200);
  Client slow(server_->port(), 4096);
  slow.Send(StreamRequest());
  Client quick(server_->port());
  quick.Send(StreamRequest());
  std::string text;
  ASSERT_TRUE(quick.ReadUntil(text, "\n\n", 2));
  // Until the slow one's socket and queue are full; each tick reaches the quick one meanwhile.
  size_t ticks = 0;
  while (context_.counters.stream_resyncs == 0 && ticks < 1000) {
    Tick(200);
    text.clear();
    ASSERT_TRUE(quick.ReadUntil(text, "event: tick"));
    ASSERT_TRUE(quick.ReadUntil(text, "\n\n"));  // the whole event: nothing else is on its way
    ++ticks;
  }
  EXPECT_GT(context_.counters.stream_resyncs, 0u);
  EXPECT_EQ(Ask("GET /api/v1/limits").status, 200u);
}

TEST_F(HttpServerTest, StreamsAndConnectionsAreBounded) {
  HttpOptions options;
  options.max_streams = 1;
  StartServer(options);
  std::string text;
  {
    Client first(server_->port());
    first.Send(StreamRequest());
    ASSERT_TRUE(first.ReadUntil(text, "event: snapshot"));
    const Answer second = Raw(StreamRequest("Connection: close\r\n"));
    EXPECT_EQ(second.status, 429u);
    EXPECT_EQ(CodeOf(second), "exhausted");
  }
  // The first one left: its place becomes free as soon as the server hears of it.
  while (context_.counters.streams > 0) std::this_thread::yield();
  Client third(server_->port());
  third.Send(StreamRequest());
  text.clear();
  EXPECT_TRUE(third.ReadUntil(text, "event: snapshot"));
}

TEST_F(HttpServerTest, StopEndsOpenStreamsAndIdleConnections) {
  StartServer();
  Tick();
  Client stream(server_->port());
  stream.Send(StreamRequest());
  std::string text;
  ASSERT_TRUE(stream.ReadUntil(text, "event: snapshot"));
  Client idle(server_->port());
  idle.Send("GET /heal");  // half a request
  server_->Stop();
  server_->Stop();
  stream.ReadAll();
  idle.ReadAll();
  server_->Publish(live_.Latest());
  EXPECT_EQ(context_.counters.streams, 0);
  EXPECT_EQ(context_.counters.connections, 0);
}

}  // namespace
}  // namespace pano::api
