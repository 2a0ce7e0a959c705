// SPDX-License-Identifier: Apache-2.0
// A hundred requests in flight on one connection, each response naming its request: no pair may
// mix.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "agent/session/exchange.h"

namespace pano::session {
namespace {

constexpr int kDepth = 100;
constexpr int kRounds = 5;

struct Dialect {
  std::string name;
  std::string (*request)(int id);
  std::string (*response)(int id);
  // What of the pair names the id on either side.
  std::string (*asked)(const Request&);
  std::string (*answered)(const Request&);
};

std::string Typed(char type, std::string_view body) {
  std::string out(1, type);
  const size_t size = body.size() + 4;
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(size >> shift & 0xff);
  return out.append(body);
}

// The id travels in the status text (HTTP), the error text (Redis), the error message (PostgreSQL).
const Dialect kDialects[] = {
    {"http1", [](int id) { return fmt::format("GET /n?id={} HTTP/1.1\r\nHost: a\r\n\r\n", id); },
     [](int id) {
       return fmt::format("HTTP/1.1 404 no {}\r\nContent-Length: {}\r\n\r\n{}", id, id % 50,
                          std::string(static_cast<size_t>(id % 50), 'x'));
     },
     [](const Request& r) { return r.request_resource.substr(6); },
     [](const Request& r) { return r.response_exception.substr(3); }},
    {"redis",
     [](int id) {
       const std::string key = std::to_string(id);
       return fmt::format("*2\r\n$3\r\nGET\r\n${}\r\n{}\r\n", key.size(), key);
     },
     [](int id) { return fmt::format("-ERR {}\r\n", id); },
     [](const Request& r) { return r.request_resource.substr(4); },
     [](const Request& r) { return r.response_exception.substr(4); }},
    {"postgresql",
     [](int id) {
       return Typed('P',
                    fmt::format("{}{}select a from t{}{}{}{}", "", '\0', id, '\0', '\0', '\0')) +
              Typed('B', std::string(8, '\0')) + Typed('E', std::string(5, '\0')) + Typed('S', "");
     },
     [](int id) {
       return Typed('1', "") + Typed('2', "") +
              Typed('E', fmt::format("SERROR{0}C42P01{0}Mt{1}{0}{0}", '\0', id)) + Typed('Z', "I");
     },
     [](const Request& r) { return r.endpoint.substr(7); },
     [](const Request& r) { return r.response_exception.substr(7); }},
};

class Pipeline : public testing::TestWithParam<Dialect> {};

TEST_P(Pipeline, NeverMixesPairs) {
  const Dialect& d = GetParam();
  KeepingSink sink;
  Tracker tracker({}, sink);
  Feeder wire(tracker);
  std::mt19937 random(7);
  int next = 1;
  for (int round = 0; round < kRounds; ++round) {
    std::string requests;
    std::string responses;
    for (int i = 0; i < kDepth; ++i, ++next) {
      requests += d.request(next);
      responses += d.response(next);
    }
    const auto feed = [&](bool to_server, std::string_view all) {
      while (!all.empty()) {
        const size_t size = std::min<size_t>(all.size(), 1 + random() % 700);
        wire.Feed(to_server, all.substr(0, size));
        all.remove_prefix(size);
      }
    };
    feed(true, requests);
    EXPECT_EQ(tracker.Facts(1).in_flight, static_cast<uint32_t>(kDepth));
    feed(false, responses);
  }
  const auto done = sink.Finished();
  ASSERT_EQ(done.size(), static_cast<size_t>(kDepth * kRounds));
  for (size_t i = 0; i < done.size(); ++i) {
    const std::string id = std::to_string(i + 1);
    EXPECT_TRUE(d.asked(done[i]).ends_with(id)) << d.asked(done[i]);
    EXPECT_TRUE(d.answered(done[i]).ends_with(id)) << d.answered(done[i]);
  }
}

INSTANTIATE_TEST_SUITE_P(Depth100, Pipeline, testing::ValuesIn(kDialects),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace pano::session
