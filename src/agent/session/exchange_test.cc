// SPDX-License-Identifier: Apache-2.0
// One test for every protocol in the registry: exchanges recorded from real servers run whole, byte
// by byte, cut at random, from the server's side, with unknown roles, with bytes missing anywhere,
// and joined at every point. Expected requests stand beside each recording.
#include "agent/session/exchange_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>

namespace pano::session {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(PANO_SOURCE_DIR) / "testdata" / "exchange";

std::vector<std::string> Files() {
  std::vector<std::string> out;
  for (const fs::path& file : ExchangeFiles(kFolder)) {
    out.push_back(fs::relative(file, kFolder).replace_extension().string());
  }
  return out;
}

std::string Line(const Request& r) {
  return fmt::format("{} | {} | {} | {} {} | {}{}", schema::Name(r.l7_protocol), r.endpoint,
                     r.request_resource.substr(0, 60), schema::Name(r.status), r.response_code,
                     r.response_exception.substr(0, 40), r.one_way ? "one way" : "");
}

std::vector<std::string> Lines(const KeepingSink& sink) {
  std::vector<std::string> out;
  for (const Request& r : sink.Finished()) out.push_back(Line(r));
  return out;
}

// Every request that started ends exactly once, whatever happened to the bytes.
void CheckBooks(const KeepingSink& sink) {
  const size_t started = sink.Count(SessionEvent::kRequestStarted);
  const size_t ended =
      sink.Count(SessionEvent::kRequestFinished) + sink.Count(SessionEvent::kRequestAborted) +
      sink.Count(SessionEvent::kRequestLost) + sink.Count(SessionEvent::kLateResponse);
  EXPECT_EQ(started, ended);
}

class Exchange : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    turns_ = LoadExchange(kFolder / (GetParam() + ".txt"));
    ASSERT_FALSE(turns_.empty());
    udp_ = GetParam() == "dns/udp";
  }

  struct Run {
    KeepingSink sink;
    std::vector<std::string> lines;
  };

  // Feeds what `cut` makes of each turn, then closes.
  template <typename Cut>
  Run Play(Cut cut, flow::Role role = flow::Role::kClient, bool late = false) {
    Run run;
    Tracker tracker({}, run.sink);
    Feeder wire(tracker);
    wire.segment().role = role;
    wire.segment().joined_late = late;
    if (udp_) wire.segment().l4_protocol = schema::L4Protocol::kUdp;
    for (size_t i = 0; i < turns_.size(); ++i) cut(wire, turns_[i], i);
    wire.Close(turns_.back().time_ns + 1);
    run.lines = Lines(run.sink);
    CheckBooks(run.sink);
    return run;
  }
  Run Whole(flow::Role role = flow::Role::kClient) {
    return Play(
        [](Feeder& wire, const Turn& t, size_t) { wire.Feed(t.to_server, t.bytes, t.time_ns); },
        role);
  }

  std::vector<Turn> turns_;
  bool udp_ = false;
};

TEST_P(Exchange, YieldsWhatIsExpected) {
  const Run run = Whole();
  const fs::path file = kFolder / (GetParam() + ".expect");
  if (std::getenv("PANO_WRITE_EXPECTED") != nullptr) {
    std::ofstream out(file);
    for (const std::string& line : run.lines) out << line << '\n';
  }
  std::ifstream in(file);
  ASSERT_TRUE(in) << file;
  std::vector<std::string> expected;
  for (std::string line; std::getline(in, line);) expected.push_back(line);
  EXPECT_EQ(run.lines, expected);
  EXPECT_EQ(run.sink.Count(SessionEvent::kRequestAborted), 0u);
  // A consumer leaves while its last Fetch waits.
  EXPECT_EQ(run.sink.Count(SessionEvent::kRequestLost), GetParam() == "kafka/fetch" ? 1u : 0u);
  for (const Request& r : run.sink.Finished()) {
    if (!r.one_way) {
      EXPECT_GE(r.response_time_ns, r.request_time_ns) << Line(r);
    }
    EXPECT_GT(r.request_length, 0u);
  }
}

TEST_P(Exchange, TheServersSideYieldsTheSame) {
  EXPECT_EQ(Whole(flow::Role::kServer).lines, Whole().lines);
}

TEST_P(Exchange, UnknownRolesAreFound) {
  EXPECT_EQ(Whole(flow::Role::kUnknown).lines, Whole().lines);
}

TEST_P(Exchange, ByteByByteYieldsTheSame) {
  if (udp_) return;  // datagrams come whole: there is nothing to cut
  const Run run = Play([](Feeder& wire, const Turn& t, size_t) {
    for (const char& c : t.bytes) wire.Feed(t.to_server, {&c, 1}, t.time_ns);
  });
  EXPECT_EQ(run.lines, Whole().lines);
}

TEST_P(Exchange, CutAtRandomYieldsTheSame) {
  if (udp_) return;  // datagrams come whole: there is nothing to cut
  const std::vector<std::string> whole = Whole().lines;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    const Run run = Play([&](Feeder& wire, const Turn& t, size_t) {
      for (std::string_view rest = t.bytes; !rest.empty();) {
        const size_t size = std::min<size_t>(rest.size(), 1 + random() % 300);
        wire.Feed(t.to_server, rest.substr(0, size), t.time_ns);
        rest.remove_prefix(size);
      }
    });
    ASSERT_EQ(run.lines, whole) << "seed " << seed;
  }
}

// One packet is never seen; later ones tell how much was missed.
TEST_P(Exchange, AnyPacketMayBeMissing) {
  const std::vector<std::string> whole = Whole().lines;
  const std::multiset<std::string> known(whole.begin(), whole.end());
  for (size_t missing = 0; missing < turns_.size(); ++missing) {
    std::array<uint32_t, 2> gap{};
    const Run run = Play([&](Feeder& wire, const Turn& t, size_t i) {
      if (i == missing) {
        gap[t.to_server] = udp_ ? 0 : static_cast<uint32_t>(t.bytes.size());
        return;
      }
      wire.Feed(t.to_server, t.bytes, t.time_ns, 0, gap[t.to_server]);
      gap[t.to_server] = 0;
    });
    EXPECT_LE(run.lines.size(), whole.size()) << "without packet " << missing;
  }
}

// The capture limit cuts every call: heads are seen, tails are not.
TEST_P(Exchange, ShortCapturesLoseNoBooks) {
  for (const size_t limit : {1u, 16u, 64u, 100u, 200u, 512u, 2000u}) {
    const Run run = Play([&](Feeder& wire, const Turn& t, size_t) {
      const std::string_view all = t.bytes;
      wire.Feed(t.to_server, all.substr(0, limit), t.time_ns, all.size());
    });
    EXPECT_LE(run.lines.size(), Whole().lines.size()) << limit;
  }
}

// Joined before any packet: what starts from there on is found, and paired with its own response.
TEST_P(Exchange, JoinedAnywhereNeverPairsWrongly) {
  const Run whole = Whole();
  std::multiset<std::pair<uint64_t, uint64_t>> true_times;
  for (const Request& r : whole.sink.Finished()) {
    true_times.emplace(r.request_time_ns, r.response_time_ns);
  }
  size_t found = 0;
  size_t possible = 0;
  for (size_t start = 0; start < turns_.size(); ++start) {
    const Run run = Play(
        [&](Feeder& wire, const Turn& t, size_t i) {
          if (i >= start) wire.Feed(t.to_server, t.bytes, t.time_ns);
        },
        flow::Role::kClient, true);
    for (const Request& r : run.sink.Finished()) {
      EXPECT_TRUE(true_times.contains({r.request_time_ns, r.response_time_ns}))
          << "joined at packet " << start << ": " << Line(r) << " " << r.rrt_us() << " us";
    }
    found += run.lines.size();
    for (const auto& [from, to] : true_times) possible += from >= turns_[start].time_ns;
  }
  // Some are lost for good: a protocol must be recognised first.
  EXPECT_GE(static_cast<double>(found), 0.75 * static_cast<double>(possible))
      << found << " of " << possible;
}

INSTANTIATE_TEST_SUITE_P(Recorded, Exchange, testing::ValuesIn(Files()), [](const auto& test) {
  std::string name = test.param;
  std::replace_if(name.begin(), name.end(), [](char c) { return c == '/' || c == '-'; }, '_');
  return name;
});

// Every protocol that is parsed has a recording.
TEST(ExchangeFolder, CoversTheRegistry) {
  const std::map<schema::L7Protocol, std::string> folders{
      {schema::L7Protocol::kHttp1, "http1"},
      {schema::L7Protocol::kHttp2, "http2"},
      {schema::L7Protocol::kRedis, "redis"},
      {schema::L7Protocol::kMysql, "mysql"},
      {schema::L7Protocol::kPostgresql, "postgresql"},
      {schema::L7Protocol::kKafka, "kafka"},
      {schema::L7Protocol::kDns, "dns"}};
  for (const l7::Protocol* protocol : l7::Protocols()) {
    if (protocol->make == nullptr) continue;
    ASSERT_TRUE(folders.contains(protocol->id)) << protocol->name;
    EXPECT_TRUE(fs::exists(kFolder / folders.at(protocol->id))) << protocol->name;
  }
}

}  // namespace
}  // namespace pano::session
