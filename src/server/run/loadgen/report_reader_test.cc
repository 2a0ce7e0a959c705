// SPDX-License-Identifier: Apache-2.0
// Every tool's own words, real ones where the tool is at hand (testdata/loadgen/README.md).
#include "server/run/loadgen/report_reader.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <random>

namespace pano::run {
namespace {

std::string File(const std::string& name) {
  std::ifstream in(std::string(PANO_SOURCE_DIR) + "/testdata/loadgen/" + name, std::ios::binary);
  EXPECT_TRUE(in) << name;
  return {std::istreambuf_iterator<char>(in), {}};
}

LoadgenReport Read(const std::string& name) {
  ReadOptions options;
  options.file = name;
  const auto report = ReadReport(File(name), options);
  EXPECT_TRUE(report) << name << ": " << report.error().text;
  return report.value_or(LoadgenReport{});
}

double Quantile(const LoadgenReport& r, double q) {
  for (const auto& [at, us] : r.quantiles_us) {
    if (std::abs(at - q) < 1e-9) return us;
  }
  return -1;
}

TEST(ReportReaderTest, EveryToolsCounts) {
  const struct {
    const char* file;
    const char* tool;
    double requests;
    double errors;
    double users;  // 0: the tool does not tell
  } cases[] = {{"wrk.txt", "wrk", 544, 0, 10},
               {"wrk_errors.txt", "wrk", 163, 163, 0},
               {"wrk2.txt", "wrk", 60018, 21, 0},
               {"ab.txt", "ab", 300, 0, 5},
               {"hey.txt", "hey", 400, 0, 0},
               {"hey_refused.txt", "hey", 50, 50, 0},
               {"hey.csv", "hey", 60, 0, 0},
               {"k6_export.json", "k6", 1000, 25, 10},
               {"k6_summary.json", "k6", 5000, 10, 0},
               {"k6_lines.json", "k6", 3, 1, 12},
               {"jmeter.csv", "jmeter", 4, 1, 3},
               {"jmeter.xml", "jmeter", 3, 1, 0},
               {"locust_stats.csv", "locust", 286, 61, 0},
               {"locust_stats_history.csv", "locust", 286, 61, 8},
               {"vegeta.json", "vegeta", 100, 3, 0}};
  for (const auto& c : cases) {
    const LoadgenReport r = Read(c.file);
    EXPECT_EQ(r.tool, c.tool) << c.file;
    EXPECT_EQ(r.requests, c.requests) << c.file;
    EXPECT_NEAR(r.errors, c.errors, 1e-9) << c.file;
    if (c.users > 0) {
      EXPECT_EQ(r.users, c.users) << c.file;
    }
  }
}

TEST(WrkTest, TextWithLatencies) {
  const LoadgenReport r = Read("wrk.txt");
  EXPECT_NEAR(r.duration_s, 3.06, 1e-9);
  EXPECT_NEAR(r.rate, 177.98, 1e-9);
  EXPECT_NEAR(r.mean_us, 46260, 1e-6);
  EXPECT_NEAR(r.max_us, 68050, 1e-6);
  EXPECT_NEAR(Quantile(r, 0.5), 44230, 1e-6);
  EXPECT_NEAR(Quantile(r, 0.99), 67840, 1e-6);
  EXPECT_NEAR(r.bytes, 63.13 * 1024, 1);
  EXPECT_FALSE(r.open_loop);
}

TEST(WrkTest, ErrorResponsesAndNoLatencies) {
  const LoadgenReport r = Read("wrk_errors.txt");
  EXPECT_TRUE(r.quantiles_us.empty());
  EXPECT_FALSE(r.notes.empty());
}

TEST(WrkTest, Wrk2SendsByTheClock) {
  const LoadgenReport r = Read("wrk2.txt");
  EXPECT_TRUE(r.open_loop);
  EXPECT_EQ(r.connect_errors, 3);
  EXPECT_EQ(r.timeouts, 12);
  EXPECT_NEAR(Quantile(r, 0.999), 12300, 1e-6);
}

TEST(AbTest, Text) {
  const LoadgenReport r = Read("ab.txt");
  EXPECT_NEAR(r.mean_us, 6526, 1e-6);
  EXPECT_EQ(Quantile(r, 0.95), 16000);
  EXPECT_EQ(r.max_us, 34000);
}

TEST(HeyTest, Text) {
  const LoadgenReport r = Read("hey.txt");
  EXPECT_NEAR(r.duration_s, 1.94, 1e-9);
  EXPECT_NEAR(Quantile(r, 0.95), 53000, 1e-6);
  EXPECT_NEAR(r.max_us, 67200, 1e-6);
}

TEST(HeyTest, RefusedRequestsAreErrors) {
  const LoadgenReport r = Read("hey_refused.txt");
  ASSERT_EQ(r.error_kinds.size(), 1u);
  EXPECT_NE(r.error_kinds[0].first.find("connection refused"), std::string::npos);
}

TEST(HeyTest, Csv) {
  const LoadgenReport r = Read("hey.csv");
  EXPECT_EQ(r.latency.count(), 60u);
  EXPECT_GT(r.duration_s, 0.1);
}

TEST(K6Test, ExportedSummary) {
  const LoadgenReport r = Read("k6_export.json");
  EXPECT_NEAR(r.mean_us, 12500, 1e-6);
  EXPECT_NEAR(Quantile(r, 0.95), 30750, 1e-6);
  EXPECT_NEAR(Quantile(r, 0.5), 10100, 1e-6);
  EXPECT_FALSE(r.open_loop);
}

TEST(K6Test, SummaryOfHandleSummary) {
  const LoadgenReport r = Read("k6_summary.json");
  EXPECT_EQ(r.dropped, 42);
  EXPECT_TRUE(r.open_loop);
  EXPECT_NEAR(r.duration_s, 10.0125, 1e-9);
  EXPECT_NEAR(Quantile(r, 0.99), 120500, 1e-6);
}

TEST(K6Test, Lines) {
  const LoadgenReport r = Read("k6_lines.json");
  EXPECT_EQ(r.error_kinds.front().first, "status 503");
  EXPECT_EQ(r.begin, 1778330085u);  // 12:34:45 UTC
  EXPECT_NEAR(r.max_us, 105500, 1e-6);
}

TEST(JmeterTest, Csv) {
  const LoadgenReport r = Read("jmeter.csv");
  EXPECT_EQ(r.begin, 1'700'000'000u);
  EXPECT_NEAR(r.duration_s, 9.9, 1e-6);
  EXPECT_EQ(r.max_us, 900'000);
  EXPECT_EQ(r.bytes, 1234 + 1200 + 300 + 1234);
}

TEST(JmeterTest, XmlCountsOnlyWholeSamples) {
  const LoadgenReport r = Read("jmeter.xml");
  EXPECT_EQ(r.error_kinds.front().first, "500");
}

TEST(LocustTest, Totals) {
  const LoadgenReport r = Read("locust_stats.csv");
  EXPECT_NEAR(r.mean_us, 26272.7, 0.1);
  EXPECT_EQ(Quantile(r, 0.95), 41000);
  EXPECT_EQ(Quantile(r, 0.999), 1'000'000);
}

TEST(LocustTest, History) {
  const LoadgenReport r = Read("locust_stats_history.csv");
  EXPECT_GT(r.end, r.begin);
}

TEST(VegetaTest, Json) {
  const LoadgenReport r = Read("vegeta.json");
  EXPECT_TRUE(r.open_loop);
  EXPECT_NEAR(Quantile(r, 0.95), 3478.629, 1e-6);
}

TEST(ShopTest, OnlyTheRunsOwnSeconds) {
  EXPECT_EQ(Read("shop.jsonl").requests, 8);
  ReadOptions options;
  options.from = 1'700'000'001;
  options.to = 1'700'000'002;
  const auto r = ReadReport(File("shop.jsonl"), options);
  ASSERT_TRUE(r);
  EXPECT_EQ(r->tool, "shop");
  EXPECT_EQ(r->requests, 4);
  EXPECT_EQ(r->errors, 2);
  EXPECT_EQ(r->connect_errors, 1);
  EXPECT_EQ(r->users, 1500);
}

TEST(ReportReaderTest, GarbageNamesItsLine) {
  const struct {
    const char* tool;
    std::string text;
    const char* said;
  } cases[] = {
      {"auto", "hello\n", "line 1"},
      {"auto", "", "line 1"},
      {"wrk", "Running 3s test @ x\n", "line 1: wrk"},
      {"wrk", "Running\n  many requests in 3s, 1MB read\n", "line 2: wrk"},
      {"ab", "Complete requests:   x\n", "line 1: ab"},
      {"hey", "Summary:\n  Total: 1 secs\n  Requests/sec: fast\n", "line 3: hey"},
      {"k6", "{\"a\":1}", "line 1: k6"},
      {"k6", "{\"type\":\"Metric\",\"metric\":\"x\"}\n{\"type\":\"Point\"}\n", "line 2: k6"},
      {"jmeter", "timeStamp,elapsed,success\n1,2,true\n1,x,true\n", "line 3: jmeter"},
      {"jmeter", "timeStamp,elapsed,success\n1,2,\"true\n", "line 2: jmeter"},
      {"jmeter", "<testResults>\n<sample t=\"x\" ts=\"1\" s=\"true\"/>\n", "line 2: jmeter"},
      {"locust", "Type,Name,Request Count,Failure Count\nGET,/,1,0\n", "line 2: locust"},
      {"vegeta", "[]", "line 1: vegeta"},
      {"shop", "{\"second\":1,\"latencies_us\":[\"x\"]}\n", "line 1: shop"},
      {"other", "x", "none of"}};
  for (const auto& c : cases) {
    ReadOptions options;
    options.tool = c.tool;
    const auto report = ReadReport(c.text, options);
    ASSERT_FALSE(report) << c.tool << ": " << c.text;
    EXPECT_NE(report.error().text.find(c.said), std::string::npos) << report.error().text;
  }
}

// Cut anywhere, with bytes changed anywhere: an answer, or an error with words.
TEST(ReportReaderTest, DamagedReportsDegrade) {
  std::mt19937 random(1);
  for (const char* name : {"wrk.txt", "wrk2.txt", "ab.txt", "hey.txt", "hey.csv", "k6_export.json",
                           "k6_lines.json", "jmeter.csv", "jmeter.xml", "locust_stats.csv",
                           "locust_stats_history.csv", "vegeta.json", "shop.jsonl"}) {
    const std::string whole = File(name);
    const std::string tool = Read(name).tool;
    for (int i = 0; i < 300; ++i) {
      std::string text = whole.substr(0, random() % (whole.size() + 1));
      for (int k = 0; k < i % 4 && !text.empty(); ++k) {
        text[random() % text.size()] = static_cast<char>(random());
      }
      ReadOptions options;
      options.tool = tool;
      const auto report = ReadReport(text, options);
      if (!report) {
        EXPECT_FALSE(report.error().text.empty());
      }
    }
  }
}

}  // namespace
}  // namespace pano::run
