// SPDX-License-Identifier: Apache-2.0
#include "wire/codec.h"

#include <algorithm>
#include <concepts>
#include <string>
#include <type_traits>

namespace pano::wire {
namespace {

constexpr size_t kMaxItems = 200'000;  // of any one list
constexpr size_t kMaxText = size_t{64} * 1024;

// The two archives have the same verbs, so that one description of each struct serves both ways.
class Writer {
 public:
  void Number(uint64_t value) {
    while (value >= 0x80) {
      out_.push_back(static_cast<std::byte>(value | 0x80));
      value >>= 7;
    }
    out_.push_back(static_cast<std::byte>(value));
  }
  void Raw(const void* data, size_t size) {
    const auto* bytes = static_cast<const std::byte*>(data);
    out_.insert(out_.end(), bytes, bytes + size);
  }
  void Text(const std::string& text) {
    const size_t size = std::min(text.size(), kMaxText);
    Number(size);
    Raw(text.data(), size);
  }
  std::vector<std::byte> Take() { return std::move(out_); }

 private:
  std::vector<std::byte> out_;
};

class Reader {
 public:
  explicit Reader(Bytes bytes) : cursor_(bytes) {}

  uint64_t Number() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const uint8_t byte = cursor_.U8();
      if (shift == 63 && byte > 1) break;
      value |= uint64_t{byte & 0x7fu} << shift;
      if ((byte & 0x80) == 0) return value;
    }
    cursor_.Fail();
    return 0;
  }
  // A count of items that take at least one byte each.
  size_t Count() {
    const uint64_t count = Number();
    if (count > cursor_.remaining() || count > kMaxItems) return cursor_.Fail(), 0;
    return static_cast<size_t>(count);
  }
  void Raw(void* data, size_t size) {
    const Bytes bytes = cursor_.Take(size);
    if (!bytes.empty()) std::memcpy(data, bytes.data(), size);
  }
  std::string Text() {
    const uint64_t size = Number();
    if (size > kMaxText) return cursor_.Fail(), std::string();
    return std::string(cursor_.Text(static_cast<size_t>(size)));
  }
  bool failed() const { return cursor_.failed(); }
  size_t remaining() const { return cursor_.remaining(); }
  void Fail() { cursor_.Fail(); }

 private:
  Cursor cursor_;
};

template <typename Int>
  requires std::unsigned_integral<Int>
void Field(Writer& w, const Int& value) {
  w.Number(value);
}
template <typename Int>
  requires std::unsigned_integral<Int>
void Field(Reader& r, Int& value) {
  const uint64_t number = r.Number();
  if (number > static_cast<uint64_t>(static_cast<Int>(-1))) r.Fail();
  value = static_cast<Int>(number);
}

void Field(Writer& w, const bool& value) { w.Number(value ? 1 : 0); }
void Field(Reader& r, bool& value) { value = r.Number() != 0; }

// Zigzag, so that small negative numbers stay short.
void Field(Writer& w, const int32_t& value) {
  w.Number((static_cast<uint32_t>(value) << 1) ^ static_cast<uint32_t>(value >> 31));
}
void Field(Reader& r, int32_t& value) {
  const auto number = static_cast<uint32_t>(r.Number());
  value = static_cast<int32_t>((number >> 1) ^ (~(number & 1) + 1));
}

template <typename Enum>
  requires std::is_enum_v<Enum>
void Field(Writer& w, const Enum& value) {
  w.Number(static_cast<uint64_t>(value));
}
template <typename Enum>
  requires std::is_enum_v<Enum>
void Field(Reader& r, Enum& value) {
  const uint64_t number = r.Number();
  if (number > 0xff) r.Fail();
  value = static_cast<Enum>(number);
}

void Field(Writer& w, const std::string& value) { w.Text(value); }
void Field(Reader& r, std::string& value) { value = r.Text(); }

// 0: unspecified, 4 and 16: that many bytes of address.
void Field(Writer& w, const IpAddress& ip) {
  if (ip == IpAddress{}) return w.Number(0);
  const size_t size = ip.IsV4() ? 4 : 16;
  w.Number(size);
  w.Raw(ip.bytes.data() + 16 - size, size);
}
void Field(Reader& r, IpAddress& ip) {
  ip = {};
  const uint64_t size = r.Number();
  if (size == 4) {
    uint32_t v4 = 0;
    r.Raw(&v4, 4);
    ip = IpAddress::FromV4(v4);
  } else if (size == 16) {
    r.Raw(ip.bytes.data(), 16);
  } else if (size != 0) {
    r.Fail();
  }
}

void Field(Writer& w, const ExpHistogram& histogram) {
  w.Number(histogram.entries().size());
  for (const HistogramEntry& e : histogram.entries()) {
    w.Number(e.bucket);
    w.Number(e.count);
  }
}
void Field(Reader& r, ExpHistogram& histogram) {
  histogram.Clear();
  const size_t count = r.Count();
  if (count > kHistogramBuckets) return r.Fail();
  for (size_t i = 0; i < count && !r.failed(); ++i) {
    uint16_t bucket = 0;
    uint32_t amount = 0;
    Field(r, bucket);
    Field(r, amount);
    if (bucket >= kHistogramBuckets) return r.Fail();
    if (!r.failed()) histogram.AddBucket(bucket, amount);
  }
}

// Metric values: pairs of index and value, zeros left out.
template <size_t kCount>
void Field(Writer& w, const std::array<uint64_t, kCount>& values) {
  w.Number(static_cast<size_t>(std::ranges::count_if(values, [](uint64_t v) { return v != 0; })));
  for (size_t i = 0; i < kCount; ++i) {
    if (values[i] == 0) continue;
    w.Number(i);
    w.Number(values[i]);
  }
}
template <size_t kCount>
void Field(Reader& r, std::array<uint64_t, kCount>& values) {
  values = {};
  const size_t count = r.Count();
  for (size_t i = 0; i < count && !r.failed(); ++i) {
    const uint64_t index = r.Number();
    const uint64_t value = r.Number();
    if (index < kCount) values[index] = value;
  }
}

template <typename T>
void Field(Writer& w, const std::vector<T>& list) {
  w.Number(std::min(list.size(), kMaxItems));
  for (size_t i = 0; i < list.size() && i < kMaxItems; ++i) Field(w, list[i]);
}
template <typename T>
void Field(Reader& r, std::vector<T>& list) {
  list.clear();
  const size_t count = r.Count();
  for (size_t i = 0; i < count && !r.failed(); ++i) Field(r, list.emplace_back());
}

// `x` is const when writing.
template <typename Archive, typename... Fields>
void All(Archive& a, Fields&... fields) {
  (Field(a, fields), ...);
}

template <typename T, typename Of>
concept Is = std::same_as<std::remove_const_t<T>, Of>;

template <typename A>
void Field(A& a, Is<EdgeKey> auto& x) {
  All(a, x.client_instance, x.server_instance, x.client_ip, x.server_ip, x.server_port,
      x.l7_protocol, x.l4_protocol, x.point);
}
template <typename A>
void Field(A& a, Is<InstanceInfo> auto& x) {
  All(a, x.id, x.service, x.instance, x.name_source, x.name_space, x.container_id, x.pod_uid,
      x.executable, x.command, x.cgroup, x.pid, x.netns, x.addresses, x.kind, x.start_time_ns,
      x.gone, x.oom_killed);
}
template <typename A>
void Field(A& a, Is<EdgeSample> auto& x) {
  All(a, x.key, x.values, x.rrt, x.rtt);
}
template <typename A>
void Field(A& a, Is<EndpointSample> auto& x) {
  All(a, x.key, x.endpoint, x.request, x.response, x.client_error, x.server_error, x.timeout,
      x.rrt_sum, x.rrt_max, x.rrt);
}
template <typename A>
void Field(A& a, Is<InstanceSample> auto& x) {
  All(a, x.instance, x.values);
}
template <typename A>
void Field(A& a, Is<RequestRecord> auto& x) {
  All(a, x.key, x.time_ns, x.client_ip, x.client_port, x.server_ip, x.version, x.request_type,
      x.request_domain, x.request_resource, x.endpoint, x.request_id, x.request_length,
      x.response_length, x.status, x.response_code, x.response_exception, x.response_result,
      x.rrt_us, x.trace_id, x.span_id, x.parent_span_id, x.x_request_id);
}
template <typename A>
void Field(A& a, Is<EventRecord> auto& x) {
  All(a, x.time_ns, x.kind, x.instance, x.service, x.text);
}
template <typename A>
void Field(A& a, Is<LossCount> auto& x) {
  All(a, x.cause, x.count);
}
template <typename A>
void Field(A& a, Is<AgentHealth> auto& x) {
  All(a, x.tier, x.stage, x.cpu_us, x.memory_bytes, x.events, x.connections);
}
template <typename A>
void Field(A& a, Is<Batch> auto& x) {
  All(a, x.agent, x.host, x.second, x.instances, x.edges, x.endpoints, x.saturation, x.requests,
      x.events, x.losses, x.health);
}

}  // namespace

std::vector<std::byte> EncodeBatch(const Batch& batch) {
  Writer w;
  w.Raw(&kWireMagic, sizeof(kWireMagic));
  w.Number(kWireVersion);
  Field(w, batch);
  return w.Take();
}

Result<Batch> DecodeBatch(Bytes bytes) {
  if (bytes.size() > kMaxBatchBytes) {
    return Fail(Code::kInvalid, "batch of {} bytes is over the limit of {}", bytes.size(),
                kMaxBatchBytes);
  }
  Reader r(bytes);
  uint32_t magic = 0;
  r.Raw(&magic, sizeof(magic));
  if (r.failed() || magic != kWireMagic) return Fail(Code::kInvalid, "not a batch");
  const uint64_t version = r.Number();
  if (version != kWireVersion) {
    return Fail(Code::kUnsupported, "batch version {}, this build reads {}", version, kWireVersion);
  }
  Batch batch;
  Field(r, batch);
  if (r.failed()) return Fail(Code::kInvalid, "batch is cut short or damaged");
  if (r.remaining() != 0) return Fail(Code::kInvalid, "{} bytes after the batch", r.remaining());
  return batch;
}

}  // namespace pano::wire
