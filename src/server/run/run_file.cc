// SPDX-License-Identifier: Apache-2.0
#include "server/run/run_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "server/run/bucket_codec.h"
#include "server/run/run_json.h"

namespace pano::run {
namespace {

using nlohmann::json;

constexpr std::string_view kMagic = "PANORUN\n";
constexpr uint32_t kVersion = 1;
constexpr uint64_t kMaxFile = uint64_t{512} << 20;
constexpr uint32_t kMaxPacked = uint32_t{64} << 20;  // of a frame
constexpr uint32_t kMaxRaw = uint32_t{128} << 20;
constexpr uint64_t kMaxTotalRaw = uint64_t{512} << 20;
constexpr size_t kBucketsPerFrame = 64;
constexpr size_t kMaxNodes = 10'000;
constexpr size_t kMaxEdges = 20'000;
constexpr size_t kMaxInstances = 200;
constexpr int kLevel = 3;

enum class FrameType : uint32_t { kMetrics = 1, kNames = 2, kBuckets = 3, kInfo = 4, kSummary = 5 };

struct FrameHeader {
  static constexpr size_t kSize = 16;
  uint32_t type = 0;
  uint32_t raw = 0;
  uint32_t packed = 0;
  uint32_t crc = 0;  // of the three before and the packed bytes (CRC-32, RFC 1952)
};

void PutLittle(std::string& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

uint32_t CrcOf(std::string_view head, Bytes packed) {
  uLong crc = crc32(0, reinterpret_cast<const Bytef*>(head.data()), static_cast<uInt>(head.size()));
  crc = crc32(crc, reinterpret_cast<const Bytef*>(packed.data()), static_cast<uInt>(packed.size()));
  return static_cast<uint32_t>(crc);
}

Status AddFrame(std::string& out, FrameType type, std::string_view raw) {
  if (raw.size() > kMaxRaw) return Fail(Code::kExhausted, "a part of {} bytes", raw.size());
  std::string packed(ZSTD_compressBound(raw.size()), '\0');
  const size_t size = ZSTD_compress(packed.data(), packed.size(), raw.data(), raw.size(), kLevel);
  if (ZSTD_isError(size)) return Fail(Code::kInternal, "zstd: {}", ZSTD_getErrorName(size));
  packed.resize(size);
  std::string head;
  PutLittle(head, static_cast<uint32_t>(type), 4);
  PutLittle(head, raw.size(), 4);
  PutLittle(head, size, 4);
  const uint32_t crc = CrcOf(head, AsBytes(packed));
  PutLittle(head, crc, 4);
  out += head;
  out += packed;
  return {};
}

// Writing

std::string MetricsText() {
  json edge = json::array();
  json instance = json::array();
  for (const schema::MetricInfo& m : schema::EdgeMetricTable()) edge.push_back(m.name);
  for (const schema::MetricInfo& m : schema::InstanceMetricTable()) instance.push_back(m.name);
  return json{{"edge", edge}, {"instance", instance}}.dump();
}

std::string NamesText(const Snapshot& snapshot) {
  json nodes = json::array();
  for (const auto& [id, s] : snapshot.names()->services) {
    json instances = json::array();
    const auto at = snapshot.names()->instances.find(id);
    if (at != snapshot.names()->instances.end()) {
      for (const live::MapInstance& i : at->second) {
        instances.push_back({i.id, i.name, i.pid, i.gone ? i.gone_since : 0});
      }
    }
    nodes.push_back({id, s.name, s.name_space, static_cast<int>(s.kind), std::move(instances)});
  }
  json edges = json::array();
  for (const live::EdgeEntry& e : snapshot.edges()) {
    edges.push_back({e.id, e.edge.client_service, e.edge.server_service, e.edge.server_port,
                     static_cast<int>(e.edge.l7_protocol), static_cast<int>(e.edge.l4_protocol)});
  }
  return json{{"nodes", std::move(nodes)},
              {"edges", std::move(edges)},
              {"bucket_seconds", snapshot.bucket_seconds()}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string Dump(const json& document) {
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

Status AddBuckets(std::string& out, const Snapshot& snapshot, size_t first) {
  const std::vector<PackedBucket>& all = snapshot.buckets();
  for (size_t i = first; i < all.size(); i += kBucketsPerFrame) {
    std::string raw;
    for (size_t k = i; k < std::min(all.size(), i + kBucketsPerFrame); ++k) {
      const PackedBucket& b = all[k];
      PutLittle(raw, b.from, 8);
      PutLittle(raw, b.seconds, 4);
      PutLittle(raw, b.watched, 4);
      PutLittle(raw, static_cast<uint8_t>(b.state), 1);
      PutLittle(raw, b.bottleneck, 4);
      PutLittle(raw, b.data->size(), 4);
      raw += *b.data;
    }
    PANO_TRY(AddFrame(out, FrameType::kBuckets, raw));
  }
  return {};
}

Status AddDescription(std::string& out, const Snapshot& snapshot, const RunSummary& summary) {
  PANO_TRY(AddFrame(out, FrameType::kNames, NamesText(snapshot)));
  PANO_TRY(AddFrame(out, FrameType::kInfo, Dump(InfoJson(snapshot.info()))));
  return AddFrame(out, FrameType::kSummary, Dump(SummaryJson(summary)));
}

struct File {
  explicit File(int descriptor) : fd(descriptor) {}
  ~File() {
    if (fd >= 0) close(fd);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd;
};

Status WriteAll(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t put = write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return Fail(Code::kExhausted, "{}: {}", path, ErrnoText(errno));
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  if (fsync(fd) != 0) return Fail(Code::kExhausted, "{}: {}", path, ErrnoText(errno));
  return {};
}

void SyncFolder(const std::string& path) {
  const File folder(open(std::filesystem::path(path).parent_path().c_str(), O_RDONLY | O_CLOEXEC));
  if (folder.fd >= 0) fsync(folder.fd);
}

// Reading

// The frame at `in`, unpacked. False: no whole frame is there.
bool TakeFrame(Cursor& in, FrameHeader& header, Bytes& packed) {
  if (in.remaining() < FrameHeader::kSize) return false;
  const std::string_view head = AsText(in.rest().first(FrameHeader::kSize - 4));
  header.type = in.Little<uint32_t>();
  header.raw = in.Little<uint32_t>();
  header.packed = in.Little<uint32_t>();
  header.crc = in.Little<uint32_t>();
  if (header.packed > kMaxPacked || header.raw > kMaxRaw || header.packed > in.remaining()) {
    return false;
  }
  packed = in.Take(header.packed);
  return CrcOf(head, packed) == header.crc;
}

Result<std::string> Unpack(const FrameHeader& header, Bytes packed) {
  const unsigned long long size = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (size != header.raw) return Fail(Code::kInvalid, "a frame of the wrong length");
  std::string raw(header.raw, '\0');
  const size_t got = ZSTD_decompress(raw.data(), raw.size(), packed.data(), packed.size());
  if (ZSTD_isError(got) || got != raw.size()) return Fail(Code::kInvalid, "a frame is damaged");
  return raw;
}

// What frames say, one after the other; the later of two wins.
class Reader {
 public:
  Reader() { order_ = MetricOrder::Own(); }

  Status Take(const FrameHeader& header, Bytes packed) {
    total_ += header.raw;
    if (total_ > kMaxTotalRaw) return Fail(Code::kExhausted, "the run is too large");
    PANO_ASSIGN(const std::string raw, Unpack(header, packed));
    switch (static_cast<FrameType>(header.type)) {
      case FrameType::kMetrics:
        return TakeMetrics(raw);
      case FrameType::kNames:
        return TakeNames(raw);
      case FrameType::kBuckets:
        return TakeBuckets(raw);
      case FrameType::kInfo:
        return TakeInfo(raw);
      case FrameType::kSummary:
        return TakeSummary(raw);
    }
    return {};  // of a later version: left out
  }

  Result<ReadRun> Finish() {
    if (!info_ || !named_) return Fail(Code::kInvalid, "the run's description is missing");
    for (const PackedBucket& b : buckets_) {
      if (b.seconds > bucket_seconds_) return Fail(Code::kInvalid, "a bucket is too long");
    }
    ReadRun out;
    if (!summary_) summary_ = RunSummary{};
    summary_->id = info_->id;
    out.summary = std::move(*summary_);
    out.snapshot = std::make_shared<const Snapshot>(
        std::move(*info_), std::make_shared<const live::Names>(std::move(names_)),
        std::move(edges_), std::move(buckets_), bucket_seconds_);
    return out;
  }

 private:
  static Result<json> Parse(const std::string& raw) {
    json document = json::parse(raw, nullptr, false);
    if (!document.is_object()) return Fail(Code::kInvalid, "a description is no JSON object");
    return document;
  }

  static void Order(const json& names, auto by_name, std::array<int8_t, 64>& order) {
    order.fill(-1);
    for (size_t i = 0; names.is_array() && i < std::min<size_t>(names.size(), 64); ++i) {
      if (!names[i].is_string()) continue;
      const auto metric = by_name(names[i].get<std::string>());
      if (metric) order[i] = static_cast<int8_t>(*metric);
    }
  }

  Status TakeMetrics(const std::string& raw) {
    PANO_ASSIGN(const json document, Parse(raw));
    Order(document.value("edge", json()), schema::EdgeMetricByName, order_.edge);
    Order(document.value("instance", json()), schema::InstanceMetricByName, order_.instance);
    return {};
  }

  template <typename T>
  static bool Whole(const json& value, T& out, uint64_t most) {
    if (!value.is_number_unsigned() || value.get<uint64_t>() > most) return false;
    out = static_cast<T>(value.get<uint64_t>());
    return true;
  }

  Status TakeNames(const std::string& raw) {
    PANO_ASSIGN(const json document, Parse(raw));
    names_ = {};
    edges_.clear();
    if (!Whole(document.value("bucket_seconds", json()), bucket_seconds_, 1u << 20) ||
        bucket_seconds_ == 0) {
      return Fail(Code::kInvalid, "bucket_seconds: 1 or more");
    }
    const json nodes = document.value("nodes", json());
    const json edges = document.value("edges", json());
    if (!nodes.is_array() || !edges.is_array() || nodes.size() > kMaxNodes ||
        edges.size() > kMaxEdges) {
      return Fail(Code::kInvalid, "nodes and edges: lists of at most {} and {}", kMaxNodes,
                  kMaxEdges);
    }
    for (const json& n : nodes) PANO_TRY(TakeNode(n));
    for (const json& e : edges) PANO_TRY(TakeEdge(e));
    named_ = true;
    return {};
  }

  Status TakeNode(const json& n) {
    tag::Service s;
    uint8_t kind = 0;
    if (!n.is_array() || n.size() < 5 || !Whole(n[0], s.id, UINT32_MAX) || s.id == 0 ||
        !n[1].is_string() || !n[2].is_string() || !Whole(n[3], kind, 255)) {
      return Fail(Code::kInvalid, "nodes: one is malformed");
    }
    s.name = CleanText(n[1].get_ref<const std::string&>(), kMaxName);
    s.name_space = CleanText(n[2].get_ref<const std::string&>(), kMaxName);
    constexpr auto kLast = static_cast<uint8_t>(schema::NodeKind::kDns);
    s.kind = static_cast<schema::NodeKind>(kind <= kLast ? kind : 0);
    for (const json& i : n[4]) {
      live::MapInstance instance;
      if (!i.is_array() || i.size() < 4 || !Whole(i[0], instance.id, UINT32_MAX) ||
          !i[1].is_string() || !Whole(i[2], instance.pid, UINT32_MAX) ||
          !Whole(i[3], instance.gone_since, UINT64_MAX)) {
        return Fail(Code::kInvalid, "instances: one is malformed");
      }
      instance.name = CleanText(i[1].get_ref<const std::string&>(), kMaxName);
      instance.gone = instance.gone_since != 0;
      if (names_.instances[s.id].size() < kMaxInstances) {
        names_.instances[s.id].push_back(std::move(instance));
      }
    }
    names_.services[s.id] = std::move(s);
    return {};
  }

  Status TakeEdge(const json& e) {
    live::EdgeEntry entry;
    uint8_t l7 = 0;
    uint8_t l4 = 0;
    tag::EdgeId& edge = entry.edge;
    if (!e.is_array() || e.size() < 6 || !Whole(e[0], entry.id, UINT32_MAX) ||
        !Whole(e[1], edge.client_service, UINT32_MAX) ||
        !Whole(e[2], edge.server_service, UINT32_MAX) ||
        !Whole(e[3], edge.server_port, UINT16_MAX) || !Whole(e[4], l7, 255) ||
        !Whole(e[5], l4, 255) || !names_.services.contains(edge.client_service) ||
        !names_.services.contains(edge.server_service)) {
      return Fail(Code::kInvalid, "edges: one is malformed");
    }
    edge.l7_protocol = static_cast<schema::L7Protocol>(l7);
    if (schema::Name(edge.l7_protocol).empty()) edge.l7_protocol = schema::L7Protocol::kUnknown;
    edge.l4_protocol = l4 == 17 ? schema::L4Protocol::kUdp : schema::L4Protocol::kTcp;
    edges_.push_back(std::move(entry));
    return {};
  }

  // Written again in the order this binary has its metrics in, and known to be whole from here on.
  Status TakeBuckets(const std::string& raw) {
    Cursor in(AsBytes(raw));
    while (in.remaining() > 0) {
      PackedBucket b;
      b.from = in.Little<uint64_t>();
      b.seconds = in.Little<uint32_t>();
      b.watched = in.Little<uint32_t>();
      const uint8_t state = in.U8();
      b.bottleneck = in.Little<uint32_t>();
      const Bytes data = in.Take(in.Little<uint32_t>());
      constexpr auto kLast = static_cast<uint8_t>(analysis::State::kIdle);
      if (in.failed() || b.seconds == 0 || b.seconds > 1u << 20 || b.watched > b.seconds ||
          b.from > uint64_t{1} << 40 || state > kLast) {
        return Fail(Code::kInvalid, "a bucket is malformed");
      }
      b.state = static_cast<analysis::State>(state);
      PANO_ASSIGN(const live::WindowSet window, UnpackBucket(data, order_));
      b.data = std::make_shared<const std::string>(PackBucket(window));
      PANO_TRY(AddBucket(std::move(b)));
    }
    return {};
  }

  // What could still change when it was written comes again.
  Status AddBucket(PackedBucket b) {
    while (!buckets_.empty() && buckets_.back().from >= b.from) buckets_.pop_back();
    if (!buckets_.empty() && buckets_.back().from + buckets_.back().seconds != b.from) {
      return Fail(Code::kInvalid, "buckets are not in a row");
    }
    if (buckets_.size() >= kMaxBuckets + 1) return Fail(Code::kInvalid, "too many buckets");
    buckets_.push_back(std::move(b));
    return {};
  }

  Status TakeInfo(const std::string& raw) {
    PANO_ASSIGN(const json document, Parse(raw));
    PANO_ASSIGN(info_, InfoFromJson(document));
    return {};
  }

  Status TakeSummary(const std::string& raw) {
    PANO_ASSIGN(const json document, Parse(raw));
    PANO_ASSIGN(summary_, SummaryFromJson(document));
    return {};
  }

  MetricOrder order_;
  uint64_t total_ = 0;
  bool named_ = false;
  uint32_t bucket_seconds_ = 1;
  live::Names names_;
  std::vector<live::EdgeEntry> edges_;
  std::vector<PackedBucket> buckets_;
  std::optional<RunInfo> info_;
  std::optional<RunSummary> summary_;
};

Status CheckHead(Cursor& in) {
  if (in.Text(kMagic.size()) != kMagic) return Fail(Code::kInvalid, "not a run file");
  const auto version = in.Little<uint32_t>();
  if (in.failed()) return Fail(Code::kInvalid, "not a run file");
  if (version != kVersion) {
    return Fail(Code::kUnsupported, "a run file of version {}; this panoscope reads {}", version,
                kVersion);
  }
  return {};
}

Result<std::string> ReadWhole(const std::string& path) {
  const File file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat facts{};
  if (file.fd < 0 || fstat(file.fd, &facts) != 0) {
    const Code code = errno == ENOENT ? Code::kNotFound : Code::kUnavailable;
    return Fail(code, "{}: {}", path, ErrnoText(errno));
  }
  if (!S_ISREG(facts.st_mode) || static_cast<uint64_t>(facts.st_size) > kMaxFile) {
    return Fail(Code::kInvalid, "{}: not a run file", path);
  }
  std::string out(static_cast<size_t>(facts.st_size), '\0');
  size_t have = 0;
  while (have < out.size()) {
    const ssize_t got =
        pread(file.fd, out.data() + have, out.size() - have, static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    have += static_cast<size_t>(got);
  }
  out.resize(have);
  return out;
}

std::unexpected<Error> InFile(const std::string& path, Error error) {
  error.text = path + ": " + error.text;
  return std::unexpected(std::move(error));
}

}  // namespace

Result<ReadRun> ParseRun(Bytes file) {
  Cursor in(file);
  PANO_TRY(CheckHead(in));
  Reader reader;
  uint64_t valid = in.position();
  bool torn = false;
  while (in.remaining() > 0) {
    FrameHeader header;
    Bytes packed;
    if (!TakeFrame(in, header, packed)) {
      torn = true;
      break;
    }
    PANO_TRY(reader.Take(header, packed));
    valid = in.position();
  }
  PANO_ASSIGN(ReadRun out, reader.Finish());
  out.valid_bytes = valid;
  out.torn = torn;
  out.summary.bytes = file.size();
  return out;
}

Result<ReadRun> ReadRunFile(const std::string& path) {
  PANO_ASSIGN(const std::string bytes, ReadWhole(path));
  auto out = ParseRun(AsBytes(bytes));
  if (!out) return InFile(path, std::move(out).error());
  return out;
}

Result<RunSummary> ReadRunSummary(const std::string& path) {
  const File file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat facts{};
  if (file.fd < 0 || fstat(file.fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    return Fail(Code::kUnavailable, "{}: {}", path, ErrnoText(errno));
  }
  std::string buffer(kMagic.size() + 4, '\0');
  const auto read_at = [&](uint64_t at) {
    return pread(file.fd, buffer.data(), buffer.size(), static_cast<off_t>(at)) ==
           static_cast<ssize_t>(buffer.size());
  };
  if (!read_at(0)) return Fail(Code::kInvalid, "{}: not a run file", path);
  Cursor start(AsBytes(buffer));
  if (auto status = CheckHead(start); !status) return InFile(path, std::move(status).error());
  std::optional<RunSummary> summary;
  const auto size = static_cast<uint64_t>(facts.st_size);
  for (uint64_t at = buffer.size(); at + FrameHeader::kSize <= size;) {
    buffer.resize(FrameHeader::kSize);
    if (!read_at(at)) break;
    Cursor head(AsBytes(buffer));
    const auto type = head.Little<uint32_t>();
    head.Skip(4);
    const auto packed_size = head.Little<uint32_t>();
    const uint64_t next = at + FrameHeader::kSize + packed_size;
    if (packed_size > kMaxPacked || next > size) break;
    if (static_cast<FrameType>(type) == FrameType::kSummary) {
      buffer.resize(FrameHeader::kSize + packed_size);
      FrameHeader header;
      Bytes packed;
      if (!read_at(at)) break;
      Cursor frame(AsBytes(buffer));
      if (!TakeFrame(frame, header, packed)) break;
      PANO_ASSIGN(const std::string raw, Unpack(header, packed));
      PANO_ASSIGN(summary, SummaryFromJson(json::parse(raw, nullptr, false)));
    }
    at = next;
  }
  if (!summary) return Fail(Code::kInvalid, "{}: has no summary", path);
  summary->bytes = size;
  return *summary;
}

Status WriteRunFile(const std::string& path, const Snapshot& snapshot, const RunSummary& summary) {
  std::string bytes(kMagic);
  PutLittle(bytes, kVersion, 4);
  PANO_TRY(AddFrame(bytes, FrameType::kMetrics, MetricsText()));
  PANO_TRY(AddBuckets(bytes, snapshot, 0));
  PANO_TRY(AddDescription(bytes, snapshot, summary));
  const std::string beside = path + ".new";
  {
    const File file(
        open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (file.fd < 0) return Fail(Code::kUnavailable, "{}: {}", beside, ErrnoText(errno));
    if (auto status = WriteAll(file.fd, bytes, beside); !status) {
      unlink(beside.c_str());
      return status;
    }
  }
  if (rename(beside.c_str(), path.c_str()) != 0) {
    return Fail(Code::kUnavailable, "{}: {}", path, ErrnoText(errno));
  }
  SyncFolder(path);
  return {};
}

Result<uint64_t> AppendRunFile(const std::string& path, uint64_t expected_bytes,
                               const Snapshot& snapshot, const RunSummary& summary,
                               size_t first_bucket) {
  std::string bytes;
  PANO_TRY(AddBuckets(bytes, snapshot, first_bucket));
  PANO_TRY(AddDescription(bytes, snapshot, summary));
  const File file(open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.fd < 0) return Fail(Code::kUnavailable, "{}: {}", path, ErrnoText(errno));
  const auto size = lseek(file.fd, 0, SEEK_END);
  if (size < static_cast<off_t>(expected_bytes)) {
    return Fail(Code::kUnavailable, "{}: shorter than it was left", path);
  }
  const auto end = static_cast<off_t>(expected_bytes);
  if (ftruncate(file.fd, end) != 0 || lseek(file.fd, end, SEEK_SET) != end) {
    return Fail(Code::kUnavailable, "{}: {}", path, ErrnoText(errno));
  }
  if (auto status = WriteAll(file.fd, bytes, path); !status) {
    if (ftruncate(file.fd, end) != 0) return Fail(Code::kUnavailable, "{}: cannot cut", path);
    return std::unexpected(std::move(status).error());
  }
  return expected_bytes + bytes.size();
}

}  // namespace pano::run
