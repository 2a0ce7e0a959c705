// SPDX-License-Identifier: Apache-2.0
// HTTP/2 and gRPC against a real HPACK encoder (libnghttp2), joined at the start and late.
#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "agent/session/exchange.h"

namespace pano::session {
namespace {

using schema::L7Protocol;
using schema::ResponseStatus;
using Fields = std::vector<std::pair<std::string, std::string>>;

constexpr uint8_t kEndStream = 1;
constexpr uint8_t kEndHeaders = 4;

std::string Frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view body) {
  std::string out;
  for (const int shift : {16, 8, 0}) out += static_cast<char>(body.size() >> shift & 0xff);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(stream >> shift & 0xff);
  return out.append(body);
}

class Deflater {
 public:
  Deflater() { nghttp2_hd_deflate_new(&deflater_, 4096); }
  ~Deflater() { nghttp2_hd_deflate_del(deflater_); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  std::string Block(const Fields& fields) {
    std::vector<nghttp2_nv> nv;
    for (const auto& [name, value] : fields) {
      nv.push_back({reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
                    reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(),
                    value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    std::string out(nghttp2_hd_deflate_bound(deflater_, nv.data(), nv.size()), '\0');
    const ssize_t size = nghttp2_hd_deflate_hd(deflater_, reinterpret_cast<uint8_t*>(out.data()),
                                               out.size(), nv.data(), nv.size());
    EXPECT_GE(size, 0);
    out.resize(static_cast<size_t>(std::max<ssize_t>(size, 0)));
    return out;
  }

 private:
  nghttp2_hd_deflater* deflater_ = nullptr;
};

// One gRPC connection, both ends.
struct GrpcWire {
  Deflater client;
  Deflater server;

  std::string Request(uint32_t stream, const std::string& path, const Fields& more = {}) {
    Fields fields{{":method", "POST"},
                  {":scheme", "http"},
                  {":path", path},
                  {":authority", "productcatalog:3550"},
                  {"te", "trailers"},
                  {"content-type", "application/grpc"},
                  {"user-agent", "grpc-test/1.0"}};
    fields.insert(fields.end(), more.begin(), more.end());
    return Frame(1, kEndHeaders, stream, client.Block(fields)) +
           Frame(0, kEndStream, stream, std::string("\0\0\0\0\3abc", 8));
  }
  std::string Head(uint32_t stream) {
    return Frame(1, kEndHeaders, stream,
                 server.Block({{":status", "200"}, {"content-type", "application/grpc"}}));
  }
  static std::string Body(uint32_t stream) {
    return Frame(0, 0, stream, std::string("\0\0\0\0\2ok", 7));
  }
  std::string Trailers(uint32_t stream, int code, const std::string& text = {}) {
    Fields fields{{"grpc-status", std::to_string(code)}};
    if (!text.empty()) fields.emplace_back("grpc-message", text);
    return Frame(1, kEndHeaders | kEndStream, stream, server.Block(fields));
  }
  std::string Response(uint32_t stream, int code = 0, const std::string& text = {}) {
    // One after the other: the encoder's table depends on the order.
    std::string out = Head(stream);
    out += Body(stream);
    return out += Trailers(stream, code, text);
  }
};

const std::string kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Frame(4, 0, 0, "");
const std::string kGetProduct = "/hipstershop.ProductCatalogService/GetProduct";

struct Http2Test : testing::Test {
  TrackerLimits limits;
  KeepingSink sink;
  Tracker tracker{limits, sink};
  Feeder wire{tracker};
  GrpcWire grpc;
};

TEST_F(Http2Test, ReadsAGrpcCallFromThePreface) {
  wire.Send(kPreface);
  wire.Receive(Frame(4, 0, 0, ""));
  wire.Send(
      grpc.Request(1, kGetProduct,
                   {{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}}),
      2'000'000'000);
  wire.Receive(grpc.Head(1), 2'001'000'000);
  wire.Receive(grpc.Body(1) + grpc.Trailers(1, 0), 2'005'000'000);
  const auto done = sink.Finished();
  ASSERT_EQ(done.size(), 1u);
  const Request& r = done[0];
  EXPECT_EQ(r.l7_protocol, L7Protocol::kGrpc);
  EXPECT_EQ(r.request_type, "POST");
  EXPECT_EQ(r.request_resource, kGetProduct);
  EXPECT_EQ(r.endpoint, "hipstershop.ProductCatalogService/GetProduct");
  EXPECT_EQ(r.request_domain, "productcatalog:3550");
  EXPECT_EQ(r.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(r.span_id, "00f067aa0ba902b7");
  EXPECT_EQ(r.status, ResponseStatus::kOk);
  EXPECT_EQ(r.response_code, 0);
  EXPECT_EQ(r.rrt_us(), 5000u);
  EXPECT_FALSE(r.unnamed);
  EXPECT_EQ(tracker.Facts(1).protocol, L7Protocol::kGrpc);
}

TEST_F(Http2Test, InterleavedStreamsPairByTheirIds) {
  wire.Send(kPreface);
  for (uint32_t id = 1; id < 200; id += 2) {
    wire.Send(grpc.Request(id, "/shop.S/Method" + std::to_string(id)));
  }
  EXPECT_EQ(tracker.Facts(1).in_flight, 100u);
  for (uint32_t id = 199; id < 200; id -= 2) {
    wire.Receive(grpc.Response(id, id % 3 == 0 ? 5 : 0, id % 3 == 0 ? std::to_string(id) : ""));
  }
  const auto done = sink.Finished();
  ASSERT_EQ(done.size(), 100u);
  for (size_t i = 0; i < done.size(); ++i) {
    const uint32_t id = 199 - 2 * static_cast<uint32_t>(i);
    EXPECT_EQ(done[i].endpoint, "shop.S/Method" + std::to_string(id));
    EXPECT_EQ(done[i].response_code, id % 3 == 0 ? 5 : 0);
    if (id % 3 == 0) {
      EXPECT_EQ(done[i].response_exception, std::to_string(id));
      EXPECT_EQ(done[i].status, ResponseStatus::kClientError);
    }
  }
}

TEST_F(Http2Test, GrpcCodesBlameClientOrServer) {
  wire.Send(kPreface);
  constexpr int kClientCodes[] = {1, 3, 5, 6, 7, 9, 11, 16};
  for (int code = 1; code <= 16; ++code) {
    const auto id = static_cast<uint32_t>(code * 2 + 1);
    wire.Send(grpc.Request(id, kGetProduct));
    wire.Receive(grpc.Response(id, code));
    const bool client = std::ranges::find(kClientCodes, code) != std::end(kClientCodes);
    EXPECT_EQ(sink.Finished().back().status,
              client ? ResponseStatus::kClientError : ResponseStatus::kServerError)
        << code;
  }
}

TEST_F(Http2Test, TrailersOnlyResponse) {
  wire.Send(kPreface + grpc.Request(1, kGetProduct));
  wire.Receive(Frame(1, kEndHeaders | kEndStream, 1,
                     grpc.server.Block({{":status", "200"},
                                        {"content-type", "application/grpc"},
                                        {"grpc-status", "14"},
                                        {"grpc-message", "no connection"}})));
  ASSERT_EQ(sink.Finished().size(), 1u);
  EXPECT_EQ(sink.Finished()[0].status, ResponseStatus::kServerError);
  EXPECT_EQ(sink.Finished()[0].response_code, 14);
  EXPECT_EQ(sink.Finished()[0].response_exception, "no connection");
}

TEST_F(Http2Test, ClientCancelsEndsTheCall) {
  wire.Send(kPreface + grpc.Request(1, kGetProduct));
  wire.Send(Frame(3, 0, 1, std::string("\0\0\0\x08", 4)));
  ASSERT_EQ(sink.Finished().size(), 1u);
  EXPECT_EQ(sink.Finished()[0].status, ResponseStatus::kClientError);
  EXPECT_EQ(sink.Finished()[0].response_code, 1);
}

TEST_F(Http2Test, GoawayRefusesLaterStreams) {
  wire.Send(kPreface);
  for (const uint32_t id : {1u, 3u, 5u}) wire.Send(grpc.Request(id, kGetProduct));
  wire.Receive(Frame(7, 0, 0, std::string("\0\0\0\1\0\0\0\0", 8)) + grpc.Response(1));
  const auto done = sink.Finished();
  ASSERT_EQ(done.size(), 3u);
  EXPECT_EQ(done[0].status, ResponseStatus::kServerError);
  EXPECT_EQ(done[1].status, ResponseStatus::kServerError);
  EXPECT_EQ(done[2].status, ResponseStatus::kOk);
}

TEST_F(Http2Test, ContinuationAndPadding) {
  const std::string block = grpc.client.Block(
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/a/12345"}, {":authority", "shop"}});
  wire.Send(kPreface);
  wire.Send(Frame(1, kEndStream | 0x8, 1, '\3' + block.substr(0, 5) + std::string(3, '\0')));
  wire.Send(Frame(9, 0, 1, block.substr(5, 4)) + Frame(9, kEndHeaders, 1, block.substr(9)));
  wire.Receive(Frame(1, kEndHeaders, 1, grpc.server.Block({{":status", "503"}})) +
               Frame(0, kEndStream, 1, "down"));
  ASSERT_EQ(sink.Finished().size(), 1u);
  const Request r = sink.Finished()[0];
  EXPECT_EQ(r.l7_protocol, L7Protocol::kHttp2);
  EXPECT_EQ(r.endpoint, "GET /a/{id}");
  EXPECT_EQ(r.response_code, 503);
  EXPECT_EQ(r.status, ResponseStatus::kServerError);
}

// The connection was open, and its tables full, before anyone looked.
TEST_F(Http2Test, JoinedLateNamesWhatTheWireAllows) {
  for (uint32_t id = 1; id < 20; id += 2) {
    (void)grpc.Request(id, kGetProduct);
    (void)grpc.Response(id);
  }
  wire.segment().joined_late = true;
  wire.segment().role = flow::Role::kUnknown;
  wire.Send(grpc.Request(21, kGetProduct));
  wire.Receive(grpc.Response(21));
  ASSERT_EQ(sink.Finished().size(), 1u);
  Request r = sink.Finished()[0];
  // nghttp2 never indexes :path, so it is there from the first request on.
  EXPECT_FALSE(r.unnamed);
  EXPECT_EQ(r.request_resource, kGetProduct);
  EXPECT_EQ(r.request_type, "POST");
  EXPECT_EQ(r.l7_protocol, L7Protocol::kGrpc);  // seen from the message, its type is an old index
  wire.Send(grpc.Request(23, kGetProduct));
  wire.Receive(grpc.Response(23, 14, "gone"));
  r = sink.Finished()[1];
  EXPECT_EQ(r.response_code, 14);
  EXPECT_EQ(r.status, ResponseStatus::kServerError);
}

// Like grpc-go, an encoder that indexes everything: raw HPACK, so that the test says what is sent.
TEST_F(Http2Test, JoinedLateStaysUnnamedUntilThePathIsSentAgain) {
  wire.segment().joined_late = true;
  // :method POST, :scheme http, then dynamic entries from before: path 62, authority 63, type 64.
  const std::string old("\x83\x86\xbe\xbf\xc0", 5);
  const std::string message("\0\0\0\0\3abc", 8);
  wire.Send(Frame(1, kEndHeaders, 101, old) + Frame(0, kEndStream, 101, message));
  wire.Receive(Frame(1, kEndHeaders, 101, "\x88\xbe") + Frame(0, 0, 101, message) +
               Frame(1, kEndHeaders | kEndStream, 101, "\xbf"));
  ASSERT_EQ(sink.Finished().size(), 1u);
  Request r = sink.Finished()[0];
  EXPECT_TRUE(r.unnamed);
  EXPECT_EQ(r.request_type, "POST");
  EXPECT_EQ(r.request_resource, "");
  EXPECT_EQ(r.l7_protocol, L7Protocol::kGrpc);
  EXPECT_EQ(r.status, ResponseStatus::kUnknown);  // grpc-status is an old index, too
  // A new path enters the table (literal, indexed name 4), pushing the old ones back.
  const std::string fresh = std::string("\x83\x86\x44\x04/s/M\xc0\xc1", 10);
  wire.Send(Frame(1, kEndHeaders, 103, fresh) + Frame(0, kEndStream, 103, message));
  wire.Receive(Frame(1, kEndHeaders, 103, "\x88\xbe") + Frame(1, kEndHeaders | kEndStream, 103,
                                                              std::string("\x40\x0bgrpc-status\x01"
                                                                          "5",
                                                                          15)));
  r = sink.Finished()[1];
  EXPECT_FALSE(r.unnamed);
  EXPECT_EQ(r.endpoint, "s/M");
  EXPECT_EQ(r.status, ResponseStatus::kClientError);
  // Now 62 is the new path, and older ones stay unknown.
  wire.Send(Frame(1, kEndHeaders, 105, std::string("\x83\x86\xbe\xc0", 4)));
  wire.Send(Frame(1, kEndHeaders, 107, std::string("\x83\x86\xbf\xc0", 4)));
  const auto started = sink.Of(SessionEvent::kRequestStarted);
  EXPECT_EQ(started[2].endpoint, "s/M");
  EXPECT_TRUE(started[3].unnamed);
}

TEST_F(Http2Test, ALostHeaderBlockForgetsTheTable) {
  wire.Send(kPreface + grpc.Request(1, kGetProduct));
  wire.Receive(grpc.Response(1));
  // The next request is lost whole; the one after it must not resolve against a shifted table.
  const std::string lost = grpc.Request(3, "/other/Path", {{"x-new", "entry"}});
  const std::string next = grpc.Request(5, kGetProduct);
  wire.Feed(true, next, 0, 0, static_cast<uint32_t>(lost.size()));
  wire.Receive(grpc.Response(5));
  const auto done = sink.Finished();
  ASSERT_EQ(done.size(), 2u);
  EXPECT_EQ(done[1].request_resource, kGetProduct);
  EXPECT_EQ(done[1].request_domain, "");  // an index into what was forgotten
}

TEST_F(Http2Test, ServerStreamingEndsWithItsTrailers) {
  wire.Send(kPreface + grpc.Request(1, kGetProduct), 1'000'000'000);
  wire.Receive(grpc.Head(1), 2'000'000'000);
  for (uint64_t i = 0; i < 50; ++i) wire.Receive(GrpcWire::Body(1));
  tracker.Sweep(60'000'000'000);
  EXPECT_EQ(sink.Count(SessionEvent::kRequestTimedOut), 0u);
  EXPECT_EQ(tracker.Facts(1).in_flight, 1u);
  wire.Receive(grpc.Trailers(1, 0), 61'000'000'000);
  EXPECT_EQ(sink.Finished().size(), 1u);
}

}  // namespace
}  // namespace pano::session
