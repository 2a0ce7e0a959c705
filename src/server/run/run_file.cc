// SPDX-License-Identifier: Apache-2.0
#include "server/run/run_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/cursor.h"
#include "server/run/run_frame.h"
#include "server/run/run_json.h"

namespace pano::run {
namespace {

using nlohmann::json;

constexpr uint64_t kMaxFile = uint64_t{512} << 20;
constexpr size_t kBucketsPerFrame = 64;

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
  std::string buffer(kFileHead, '\0');
  const auto read_at = [&](uint64_t at) {
    return pread(file.fd, buffer.data(), buffer.size(), static_cast<off_t>(at)) ==
           static_cast<ssize_t>(buffer.size());
  };
  if (!read_at(0)) return Fail(Code::kInvalid, "{}: not a run file", path);
  Cursor start(AsBytes(buffer));
  if (auto status = TakeFileHead(start); !status) return InFile(path, std::move(status).error());
  std::optional<RunSummary> summary;
  const auto size = static_cast<uint64_t>(facts.st_size);
  for (uint64_t at = buffer.size(); at + FrameHeader::kSize <= size;) {
    buffer.resize(FrameHeader::kSize);
    if (!read_at(at)) break;
    Cursor head(AsBytes(buffer));
    const auto type = head.Little<uint32_t>();
    head.Skip(4);
    const auto packed_size = head.Little<uint32_t>();
    const uint64_t next = FrameEnd(at, packed_size);
    if (next == 0 || next > size) break;
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
  std::string bytes;
  PutFileHead(bytes);
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
