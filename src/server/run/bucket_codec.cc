// SPDX-License-Identifier: Apache-2.0
#include "server/run/bucket_codec.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/varint.h"

namespace pano::run {
namespace {

constexpr size_t kMaxEntries = 100'000;
constexpr size_t kMaxLosses = 500;
constexpr size_t kMaxCause = 200;

template <size_t kSize>
void TakeValues(Cursor& in, std::array<uint64_t, kSize>& values,
                const std::array<int8_t, 64>& order) {
  static_assert(kSize <= 64, "one bit each");
  for (uint64_t present = TakeVarint(in); present != 0; present &= present - 1) {
    const uint64_t value = TakeVarint(in);
    // -1, a metric this version does not have, lies beyond all.
    const auto at = static_cast<uint8_t>(order[static_cast<size_t>(std::countr_zero(present))]);
    if (at < kSize) values[at] = value;
  }
}

void PutHistogram(std::string& out, const ExpHistogram& histogram) {
  PutVarint(out, histogram.entries().size());
  uint32_t last = 0;
  for (const HistogramEntry& e : histogram.entries()) {
    PutVarint(out, e.bucket - last);
    last = e.bucket;
    PutVarint(out, e.count);
  }
}

void TakeHistogram(Cursor& in, ExpHistogram& histogram) {
  uint64_t left = TakeVarint(in);
  if (left > kHistogramBuckets) return in.Fail();
  for (uint64_t bucket = 0; left > 0 && !in.failed(); --left) {
    bucket += std::min<uint64_t>(TakeVarint(in), kHistogramBuckets);
    const uint64_t count = TakeVarint(in);
    if (bucket >= kHistogramBuckets || count == 0 || count > UINT32_MAX) return in.Fail();
    histogram.AddBucket(static_cast<uint16_t>(bucket), static_cast<uint32_t>(count));
  }
}

void PutSide(std::string& out, const live::SideWindow& side) {
  out.push_back(side.seen ? 1 : 0);
  if (!side.seen) return;
  PutSparse(out, side.values);
  PutHistogram(out, side.rrt);
  PutHistogram(out, side.rtt);
}

void TakeSide(Cursor& in, live::SideWindow& side, const MetricOrder& order) {
  side.seen = in.U8() != 0;
  if (!side.seen) return;
  TakeValues(in, side.values, order.edge);
  TakeHistogram(in, side.rrt);
  TakeHistogram(in, side.rtt);
}

// Ascending ids as differences. False: no more can be read.
bool TakeId(Cursor& in, uint32_t& id) {
  const uint64_t next = id + TakeVarint(in);
  if (in.failed() || next > UINT32_MAX || next == id) return in.Fail(), false;
  id = static_cast<uint32_t>(next);
  return true;
}

void TakeEdges(Cursor& in, live::WindowSet& out, const MetricOrder& order) {
  uint64_t left = TakeVarint(in);
  if (left > kMaxEntries) return in.Fail();
  for (uint32_t id = 0; left > 0 && TakeId(in, id); --left) {
    live::EdgeEntry& entry = out.edges.emplace_back();
    entry.id = id;
    TakeSide(in, entry.window.client, order);
    TakeSide(in, entry.window.server, order);
  }
}

void TakeNodes(Cursor& in, live::WindowSet& out, const MetricOrder& order) {
  uint64_t left = TakeVarint(in);
  if (left > kMaxEntries) return in.Fail();
  for (uint32_t id = 0; left > 0 && TakeId(in, id); --left) {
    live::NodeEntry& entry = out.nodes.emplace_back();
    entry.service = id;
    const uint64_t seconds = TakeVarint(in);
    const uint64_t replicas = TakeVarint(in);
    if (seconds > UINT32_MAX || replicas > UINT32_MAX) return in.Fail();
    entry.window.seconds = static_cast<double>(seconds);
    entry.window.replicas = static_cast<uint32_t>(replicas);
    TakeValues(in, entry.window.values, order.instance);
  }
}

void TakeLosses(Cursor& in, live::WindowSet& out) {
  uint64_t left = TakeVarint(in);
  if (left > kMaxLosses) return in.Fail();
  for (; left > 0 && !in.failed(); --left) {
    const uint64_t size = TakeVarint(in);
    if (size > kMaxCause) return in.Fail();
    std::string cause(in.Text(size));
    out.losses.emplace_back(std::move(cause), TakeVarint(in));
  }
}

}  // namespace

MetricOrder MetricOrder::Own() {
  MetricOrder out;
  out.edge.fill(-1);
  out.instance.fill(-1);
  for (size_t i = 0; i < schema::kEdgeMetrics; ++i) out.edge[i] = static_cast<int8_t>(i);
  for (size_t i = 0; i < schema::kInstanceMetrics; ++i) out.instance[i] = static_cast<int8_t>(i);
  return out;
}

std::string PackBucket(const live::WindowSet& window) {
  std::string out;
  PutVarint(out, window.edges.size());
  uint32_t last = 0;
  for (const live::EdgeEntry& e : window.edges) {
    PutVarint(out, e.id - last);
    last = e.id;
    PutSide(out, e.window.client);
    PutSide(out, e.window.server);
  }
  PutVarint(out, window.nodes.size());
  last = 0;
  for (const live::NodeEntry& n : window.nodes) {
    PutVarint(out, n.service - last);
    last = n.service;
    PutVarint(out, static_cast<uint64_t>(std::llround(n.window.seconds)));
    PutVarint(out, n.window.replicas);
    PutSparse(out, n.window.values);
  }
  const size_t losses = std::min(window.losses.size(), kMaxLosses);
  PutVarint(out, losses);
  for (size_t i = 0; i < losses; ++i) {
    const std::string cause = window.losses[i].first.substr(0, kMaxCause);
    PutVarint(out, cause.size());
    out += cause;
    PutVarint(out, window.losses[i].second);
  }
  out.shrink_to_fit();
  return out;
}

Result<live::WindowSet> UnpackBucket(Bytes bytes, const MetricOrder& order) {
  live::WindowSet out;
  Cursor in(bytes);
  TakeEdges(in, out, order);
  TakeNodes(in, out, order);
  TakeLosses(in, out);
  if (in.failed() || in.remaining() > 0) {
    return Fail(Code::kInvalid, "a bucket of {} bytes is damaged", bytes.size());
  }
  return out;
}

}  // namespace pano::run
