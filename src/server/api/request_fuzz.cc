// SPDX-License-Identifier: Apache-2.0
// Any request, up to the answer: "METHOD TARGET\nHOST\nORIGIN OR TOKEN\nBODY" against a map of two
// edges, without a store. Every answer that claims to be JSON is JSON; limits that are taken
// survive being written and read.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "server/api/access.h"
#include "server/api/gzip.h"
#include "server/api/limits_document.h"
#include "server/api/routes.h"

namespace pano::api {
namespace {

struct Server {
  Server() {
    for (uint64_t second = 1'700'000'000; second < 1'700'000'020; ++second) Second(second);
    context.live = &live;
    context.files = &files;
    context.set_limits = [this](const analysis::Limits& limits) {
      live.SetLimits(limits);
      return Status();
    };
    context.add_event = [this](tag::EventRow row) { return live.AddEvent(std::move(row)); };
    context.ingest_backlog = [] { return uint64_t{0}; };
    context.version = "1";
  }
  void Second(uint64_t second) {
    tag::TaggedBatch batch;
    batch.second = second;
    batch.agent = "a";
    batch.new_services = {{1, "load", "", {}}, {2, "shop", "", {}}, {3, "cart", "", {}}};
    for (const uint32_t server : {2, 3}) {
      tag::EdgeRow& row = batch.edges.emplace_back();
      row.edge = {server - 1, server, 80, schema::L7Protocol::kHttp1, schema::L4Protocol::kTcp};
      row.values[static_cast<size_t>(schema::EdgeMetric::kRequest)] = 10;
      row.rrt.Add(2'000'000, 10);
    }
    live.Apply(batch);
    live.Advance(second);
  }

  live::LiveState live;
  StaticFiles files;
  Context context;
};

std::string TakeLine(std::string_view& rest) {
  const std::string line(rest.substr(0, rest.find('\n')));
  rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  return line;
}

void CheckLimits(std::string_view body) {
  const auto limits = ParseLimits(body);
  if (!limits) return;
  const std::string written = LimitsJson(*limits);
  const auto again = ParseLimits(written);
  if (!again || LimitsJson(*again) != written) std::abort();
}

void Ask(Server& server, const Access& access, Request& request) {
  if (access.Refuse(request)) return;
  bool known = false;
  const Route* route = FindRoute(request, known);
  if (route != nullptr && route->answer == nullptr) return;  // the stream: sockets
  const Response response = route != nullptr ? route->answer(server.context, request)
                                             : AnswerElse(server.context, request, known);
  if (response.status < 200 || response.status > 599) std::abort();
  const bool packed = AcceptsGzip(request.Header("accept-encoding"));
  const std::string body = packed && response.body.starts_with("\x1f\x8b")
                               ? Gunzip(response.body, 1 << 22)
                               : response.body;
  if (response.content_type == "application/json" && !nlohmann::json::accept(body)) std::abort();
}

}  // namespace
}  // namespace pano::api

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano::api;
  static Server server;
  static const Access open("");
  static const Access closed("secret");
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string first = TakeLine(rest);
  const size_t space = first.find(' ');
  if (space == std::string::npos) return 0;
  auto target = ParseTarget(std::string_view(first).substr(space + 1));
  if (!target) return 0;
  Request request{.method = first.substr(0, space),
                  .path = std::move(target->path),
                  .query = std::move(target->query),
                  .headers = {},
                  .body = {}};
  request.headers["host"] = TakeLine(rest);
  request.headers["origin"] = request.headers["authorization"] = request.headers["cookie"] =
      request.headers["accept-encoding"] = TakeLine(rest);
  request.body = std::string(rest);
  CheckLimits(rest);
  Ask(server, open, request);
  Ask(server, closed, request);
  return 0;
}
