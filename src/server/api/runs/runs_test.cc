// SPDX-License-Identifier: Apache-2.0
// The resources of runs and comparisons over a real keeper and live state, as docs/runs.md has
// them.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "server/api/resources.h"
#include "server/api/routes.h"
#include "server/run/run_for_test.h"

namespace pano::api {
namespace {

using nlohmann::json;

constexpr uint64_t kNs = 1'000'000'000;

class RunsApiTest : public testing::Test {
 protected:
  void SetUp() override {
    run::KeeperOptions options;
    options.folder = folder_.path();
    options.recognise = false;
    auto keeper = run::RunKeeper::Open(options, live_);
    ASSERT_TRUE(keeper);
    keeper_ = std::move(*keeper);
    context_.live = &live_;
    context_.runs = keeper_.get();
    context_.add_event = [this](tag::EventRow row) { return live_.AddEvent(std::move(row)); };
  }

  json Ask(const std::string& method, const std::string& target, const std::string& body = "",
           unsigned status = 200) {
    Request request;
    request.method = method;
    const auto parsed = ParseTarget(target);
    EXPECT_TRUE(parsed) << target;
    request.path = parsed->path;
    request.query = parsed->query;
    request.body = body;
    bool known = false;
    const Route* route = FindRoute(request, known);
    EXPECT_NE(route, nullptr) << method << " " << target;
    if (route == nullptr) return {};
    EXPECT_EQ(route->kind, Kind::kStored);  // files may block
    const Response response = route->answer(context_, request);
    EXPECT_EQ(response.status, status) << target << ": " << response.body;
    return json::parse(response.body, nullptr, false);
  }

  // A run of `seconds` that ended, begun in the past; answers its id.
  std::string MakeRun(int seconds, uint64_t rate, uint64_t latency_us) {
    const uint64_t begin = load_.second() + 1;
    for (int i = 0; i < seconds; ++i)
      load_.Tick(rate, latency_us + uint64_t{10} * static_cast<uint64_t>(i % 5));
    const json run =
        Ask("POST", "/api/v1/runs",
            json{{"begin", begin}, {"name", "r"}, {"labels", {{"k", "v"}}}}.dump(), 201);
    Ask("POST", "/api/v1/runs/current/stop", json{{"end", load_.second() + 1}}.dump());
    return run["id"];
  }

  run::TestFolder folder_;
  live::LiveState live_;
  run::TestLoad load_{live_, WallNs() / kNs - 300};
  std::unique_ptr<run::RunKeeper> keeper_;
  Context context_;
};

TEST_F(RunsApiTest, ARunsLife) {
  load_.Tick(10);
  EXPECT_EQ(Ask("GET", "/api/v1/runs")["runs"].size(), 0u);
  Ask("GET", "/api/v1/runs/current", "", 404);
  const uint64_t begin = load_.second();
  const json run = Ask("POST", "/api/v1/runs",
                       json{{"name", "one"},
                            {"begin", begin},
                            {"labels", {{"branch", "main"}}},
                            {"objectives", {{"defaults", {{"latency", 1000}}}}}}
                           .dump(),
                       201);
  const std::string id = run["id"];
  EXPECT_EQ(run["state"], "running");
  EXPECT_EQ(run["end"], nullptr);
  EXPECT_EQ(Ask("POST", "/api/v1/runs", "{}", 409)["error"]["code"], "invalid");
  for (int i = 0; i < 40; ++i) load_.Tick(100, 2000);
  Ask("POST", "/api/v1/runs/" + id + "/marks", R"({"text":"","time":5})", 400);
  Ask("POST", "/api/v1/runs/" + id + "/marks", R"({"text":"before it","time":5})", 400);
  const json mark = Ask("POST", "/api/v1/runs/" + id + "/marks",
                        json{{"text", "half"}, {"step", true}, {"time", begin + 20}}.dump(), 201);
  EXPECT_EQ(mark["time"], begin + 20);
  EXPECT_EQ(Ask("POST", "/api/v1/runs/current/stop", json{{"end", begin + 40}}.dump())["state"],
            "done");
  Ask("POST", "/api/v1/runs/" + id + "/stop", "", 409);
  const json patched = Ask("PATCH", "/api/v1/runs/" + id,
                           R"({"name":"two","notes":"n","labels":{"branch":null,"x":"y"}})");
  EXPECT_EQ(patched["name"], "two");
  EXPECT_EQ(patched["labels"], (json{{"x", "y"}}));

  const json detail = Ask("GET", "/api/v1/runs/" + id);
  EXPECT_EQ(detail["notes"], "n");
  EXPECT_EQ(detail["duration_s"], 40);
  EXPECT_EQ(detail["generator"], "loadgenerator");
  EXPECT_EQ(detail["objectives_met"], false);  // 2 ms are more than 1 ms
  ASSERT_FALSE(detail["results"].empty());
  EXPECT_EQ(detail["results"][0]["metric"], "latency");
  EXPECT_EQ(detail["results"][0]["met"], false);
  ASSERT_EQ(detail["steps"].size(), 2u);
  EXPECT_EQ(detail["steps"][1]["label"], "half");
  EXPECT_NEAR(detail["steps"][1]["offered_rate"].get<double>(), 100, 1);
  EXPECT_TRUE(detail["steps"][1]["verdict"].contains("sentence"));
  EXPECT_EQ(detail["marks"].size(), 1u);
  EXPECT_GT(detail["losses"]["ring_full"], 0);

  const json list = Ask("GET", "/api/v1/runs?label=x=y&state=done");
  EXPECT_EQ(list["total"], 1);
  EXPECT_EQ(Ask("GET", "/api/v1/runs?label=x=z")["total"], 0);
  EXPECT_EQ(Ask("DELETE", "/api/v1/runs/" + id)["deleted"], id);
  Ask("GET", "/api/v1/runs/" + id, "", 404);
}

// Agents deliver a second a moment after it ended: what is told of a run that just stopped counts
// it.
TEST_F(RunsApiTest, SecondsThatComeAfterTheStopAreJudgedToo) {
  load_.Tick(1);
  const uint64_t begin = load_.second() + 1;
  const std::string id =
      Ask("POST", "/api/v1/runs",
          json{{"begin", begin}, {"objectives", {{"defaults", {{"latency", 1000}}}}}}.dump(),
          201)["id"];
  for (int i = 0; i < 5; ++i) load_.Tick(100, 100);
  Ask("POST", "/api/v1/runs/current/stop", json{{"end", begin + 7}}.dump());
  EXPECT_EQ(Ask("GET", "/api/v1/runs/" + id)["objectives_met"], true);
  for (int i = 0; i < 2; ++i) load_.Tick(1000, 5000);
  EXPECT_EQ(Ask("GET", "/api/v1/runs/" + id)["objectives_met"], false);
}

TEST_F(RunsApiTest, TheMapOfARunIsTheLiveOnesShape) {
  load_.Tick(1);
  const std::string id = MakeRun(40, 100, 2000);
  const uint64_t begin = Ask("GET", "/api/v1/runs/" + id)["begin"];
  const json whole = Ask("GET", "/api/v1/runs/" + id + "/map");
  EXPECT_EQ(whole["run"], id);
  EXPECT_EQ(whole["from"], begin);
  EXPECT_EQ(whole["to"], begin + 40);
  ASSERT_EQ(whole["edges"].size(), 2u);
  EXPECT_EQ(whole["edges"][0]["counts"]["request"], 4000);
  const json part = Ask("GET", "/api/v1/runs/" + id + "/map?at=" + std::to_string(begin + 20));
  EXPECT_EQ(part["to"], begin + 20);
  EXPECT_EQ(part["edges"][0]["counts"]["request"], 500);
  Ask("GET", "/api/v1/runs/" + id + "/map?step=0");
  Ask("GET", "/api/v1/runs/" + id + "/map?step=7", "", 404);
  Ask("GET", "/api/v1/runs/" + id + "/map?from=5&to=9", "", 404);
  Ask("GET", "/api/v1/runs/" + id + "/map?at=x", "", 400);
  EXPECT_TRUE(Ask("GET", "/api/v1/runs/" + id + "/diagnosis").contains("sentence"));

  const std::string edge = std::to_string(whole["edges"][0]["id"].get<uint32_t>());
  const json series =
      Ask("GET", "/api/v1/runs/" + id + "/series?edge=" + edge + "&metrics=request_rate,latency");
  ASSERT_EQ(series["times"].size(), 40u);
  EXPECT_EQ(series["series"]["request_rate"][7], 100);
  const json coarse = Ask("GET", "/api/v1/runs/" + id + "/series?node=3&metrics=cpu_usage&step=10");
  EXPECT_EQ(coarse["times"].size(), 4u);
  EXPECT_NEAR(coarse["series"]["cpu_usage"][0].get<double>(), 0.0501, 1e-6);
  Ask("GET", "/api/v1/runs/" + id + "/series?edge=1&node=2", "", 400);
  Ask("GET", "/api/v1/runs/" + id + "/series?edge=99", "", 404);
  const json timeline = Ask("GET", "/api/v1/runs/" + id + "/timeline");
  EXPECT_EQ(timeline["state"].size(), 40u);
  EXPECT_EQ(timeline["request_rate"][3], 100);
}

TEST_F(RunsApiTest, AReportIsReconciled) {
  load_.Tick(1);
  const std::string id = MakeRun(40, 100, 2000);
  const std::string text =
      "Running 40s test @ http://127.0.0.1/\n  2 threads and 10 connections\n"
      "  Thread Stats   Avg      Stdev     Max   +/- Stdev\n"
      "    Latency     2.02ms    0.1ms  2.04ms   66.00%\n"
      "  Latency Distribution\n     50%    2.02ms\n     99%    9.00ms\n"
      "  4003 requests in 40.00s, 1.00MB read\nRequests/sec:    100.00\n";
  const json report = Ask("POST", "/api/v1/runs/" + id + "/loadgen?file=wrk.txt", text, 201);
  EXPECT_EQ(report["tool"], "wrk");
  const json& r = report["reconciliation"];
  std::map<std::string, json> rows;
  for (const json& row : r["rows"]) rows[row["name"]] = row;
  EXPECT_EQ(rows["requests"]["seen"], 4000);
  EXPECT_EQ(rows["requests"]["agrees"], true);
  EXPECT_EQ(rows["latency_p50"]["agrees"], true);
  EXPECT_EQ(rows["latency_p99"]["agrees"], false);
  EXPECT_EQ(rows["latency_p95"]["agrees"], nullptr);
  EXPECT_EQ(r["coordinated_omission"]["closed_loop"], true);
  EXPECT_FALSE(r["findings"].empty());
  const json bad = Ask("POST", "/api/v1/runs/" + id + "/loadgen?tool=jmeter",
                       "timeStamp,elapsed,success\nx,1,true\n", 400);
  EXPECT_NE(bad["error"]["message"].get<std::string>().find("line 2"), std::string::npos);
  EXPECT_EQ(Ask("GET", "/api/v1/runs/" + id)["loadgen"].size(), 1u);
}

TEST_F(RunsApiTest, ComparesRunsStepsAndWindows) {
  load_.Tick(1);
  const std::string a = MakeRun(40, 100, 2000);
  const std::string b = MakeRun(40, 100, 2000);
  const std::string slow = MakeRun(40, 100, 3000);
  const json same = Ask("GET", "/api/v1/compare?a=" + a + "&b=" + b);
  EXPECT_EQ(same["verdict"], "same") << same["sentence"];
  EXPECT_EQ(same["load"]["matched"], true);
  const json worse = Ask("GET", "/api/v1/compare?a=" + a + "&b=" + slow);
  EXPECT_EQ(worse["verdict"], "changed");
  ASSERT_FALSE(worse["ranked"].empty());
  EXPECT_EQ(worse["ranked"][0]["direction"], "worse");
  EXPECT_NEAR(worse["ranked"][0]["change"].get<double>(), 0.5, 0.1);
  const json run = Ask("GET", "/api/v1/runs/" + slow);
  const uint64_t begin = run["begin"];
  const std::string window = std::to_string(begin) + ".." + std::to_string(begin + 30);
  EXPECT_EQ(Ask("GET", "/api/v1/compare?a=" + a + "@0&b=" + window)["verdict"], "changed");
  EXPECT_EQ(Ask("GET", "/api/v1/compare?a=" + slow + "@" + window + "&b=" + window)["verdict"],
            "same");

  const json judged =
      Ask("POST", "/api/v1/compare",
          json{{"a", a}, {"b", slow}, {"budgets", {{"latency_p50", "+10%"}, {"error_share", "1%"}}}}
              .dump());
  EXPECT_EQ(judged["within"], false);
  EXPECT_EQ(judged["budgets"][0]["over"], true);
  const json within = Ask("POST", "/api/v1/compare",
                          json{{"a", a}, {"b", b}, {"budgets", {{"latency_p50", "+10%"}}}}.dump());
  EXPECT_EQ(within["within"], true);
  Ask("GET", "/api/v1/compare?a=" + a, "", 400);
  Ask("GET", "/api/v1/compare?a=" + a + "@9&b=" + b, "", 404);
  Ask("GET", "/api/v1/compare?a=" + a + "@x&b=" + b, "", 400);
  Ask("GET", "/api/v1/compare?a=nope&b=" + b, "", 404);
  Ask("GET", "/api/v1/compare?a=1..2&b=" + b, "", 404);
  Ask("POST", "/api/v1/compare", R"({"a":"x","b":"y","budgets":{"p95":"+1%"}})", 400);
}

TEST_F(RunsApiTest, ReportsStandAlone) {
  const std::string id = MakeRun(40, 100, 20'000);
  Ask("PATCH", "/api/v1/runs/" + id, R"({"name":"<script>alert(1)</script>|x","notes":"a\nb"})");
  Request request;
  request.method = "GET";
  bool known = false;
  const auto get = [&](const char* kind) {
    request.path = "/api/v1/runs/" + id + kind;
    return FindRoute(request, known)->answer(context_, request);
  };
  const Response html = get("/report.html");
  EXPECT_EQ(html.status, 200u);
  EXPECT_TRUE(html.body.starts_with("<!doctype html>"));
  EXPECT_NE(html.body.find("<svg"), std::string::npos);
  EXPECT_NE(html.body.find("frontend"), std::string::npos);
  for (const char* outside : {"<script", "http://", "https://", "url("}) {
    EXPECT_EQ(html.body.find(outside), std::string::npos) << outside;
  }
  const Response markdown = get("/report.md");
  EXPECT_NE(markdown.body.find("## Steps"), std::string::npos);
  const json document = json::parse(get("/report.json").body);
  EXPECT_EQ(document["id"], id);
  EXPECT_FALSE(document["steps"].empty());
  EXPECT_FALSE(document["finding"].get<std::string>().empty());
  const json plan = Ask("GET", "/api/v1/runs/" + id + "/capacity?users=100");
  EXPECT_EQ(plan["users"], 100);
  Ask("GET", "/api/v1/runs/" + id + "/capacity?users=-1", "", 400);
  Ask("GET", "/api/v1/runs/" + id + "/capacity?users=1&rate=1", "", 400);
  Ask("GET", "/api/v1/runs/nope/report.html", "", 404);
}

TEST_F(RunsApiTest, HostileBodies) {
  for (const char* body : {"[]", "{", R"({"name":5})", R"({"labels":[]})", R"({"labels":{"a":1}})",
                           R"({"objectives":{"defaults":{"latency":-1}}})",
                           R"({"objectives":{"wrong":1}})", R"({"begin":"x"})", R"({"begin":1})"}) {
    Ask("POST", "/api/v1/runs", body, 400);
  }
  Ask("GET", "/api/v1/runs?limit=0", "", 400);
  Ask("GET", "/api/v1/runs?before=x", "", 400);
  bool known = false;
  Request request;
  request.method = "GET";
  for (const char* path : {"/api/v1/runs/..", "/api/v1/runs/A", "/api/v1/runs//map",
                           "/api/v1/runs/a/b/map", "/api/v1/runs/a/nothing"}) {
    request.path = path;
    EXPECT_EQ(FindRoute(request, known), nullptr) << path;
  }
}

}  // namespace
}  // namespace pano::api
