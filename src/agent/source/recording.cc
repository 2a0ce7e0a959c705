// SPDX-License-Identifier: Apache-2.0
#include "agent/source/recording.h"

#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "bpf/abi/record.h"

namespace pano::source {
namespace {

constexpr char kMagic[] = {'P', 'A', 'N', 'O', 'R', 'E', 'C', '\n'};
constexpr uint32_t kFileVersion = 1;
constexpr uint32_t kBlockMark = 0x4b4c4250;  // "PBLK"
constexpr size_t kBlockBytes = 1u << 20;
// Bounds what a damaged or hostile file can make us allocate.
constexpr uint32_t kMaxBlockBytes = 8u << 20;
constexpr uint32_t kMaxRecordBytes = 1u << 20;

struct FileHead {
  char magic[sizeof(kMagic)];
  uint32_t version;
  uint32_t abi;
};

struct BlockHead {
  uint32_t mark;
  uint32_t unpacked;
  uint32_t packed;
  uint32_t checksum;
};

uint32_t Checksum(Bytes bytes) {
  uint32_t hash = 2166136261u;  // FNV-1a
  for (const std::byte b : bytes) hash = (hash ^ static_cast<uint8_t>(b)) * 16777619u;
  return hash;
}

}  // namespace

Result<std::unique_ptr<Recorder>> Recorder::Create(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (!file) return Fail(Code::kDenied, "create {}: {}", path, ErrnoText(errno));
  std::unique_ptr<Recorder> recorder(new Recorder(file));
  FileHead head{};
  std::memcpy(head.magic, kMagic, sizeof(kMagic));
  head.version = kFileVersion;
  head.abi = PANO_ABI_VERSION;
  if (std::fwrite(&head, sizeof(head), 1, file) != 1)
    return Fail(Code::kExhausted, "write {}: {}", path, ErrnoText(errno));
  return recorder;
}

Recorder::~Recorder() {
  if (!file_) return;
  if (const Status ended = Finish(); !ended)
    Log(LogLevel::kWarn, "source", "{}", ended.error().text);
}

Status Recorder::Write(const RawRecord& record) {
  if (record.bytes.size() > kMaxRecordBytes)
    return Fail(Code::kInvalid, "record of {} bytes", record.bytes.size());
  const auto length = static_cast<uint32_t>(record.bytes.size());
  const auto* head = reinterpret_cast<const std::byte*>(&length);
  block_.insert(block_.end(), head, head + sizeof(length));
  block_.insert(block_.end(), record.bytes.begin(), record.bytes.end());
  ++records_;
  return block_.size() >= kBlockBytes ? WriteBlock() : Status{};
}

Status Recorder::WriteBlock() {
  if (block_.empty()) return {};
  std::vector<std::byte> packed(ZSTD_compressBound(block_.size()));
  const size_t size = ZSTD_compress(packed.data(), packed.size(), block_.data(), block_.size(), 1);
  if (ZSTD_isError(size)) return Fail(Code::kInternal, "compress: {}", ZSTD_getErrorName(size));
  packed.resize(size);
  const BlockHead head{kBlockMark, static_cast<uint32_t>(block_.size()),
                       static_cast<uint32_t>(size), Checksum(packed)};
  block_.clear();
  if (std::fwrite(&head, sizeof(head), 1, file_) != 1 ||
      std::fwrite(packed.data(), packed.size(), 1, file_) != 1)
    return Fail(Code::kExhausted, "write recording: {}", ErrnoText(errno));
  return {};
}

Status Recorder::Finish() {
  if (!file_) return {};
  Status status = WriteBlock();
  if (std::fclose(file_) != 0 && status)
    status = Fail(Code::kExhausted, "close recording: {}", ErrnoText(errno));
  file_ = nullptr;
  return status;
}

Result<std::unique_ptr<RecordingSource>> RecordingSource::Open(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (!file) return Fail(Code::kNotFound, "open {}: {}", path, ErrnoText(errno));
  std::unique_ptr<RecordingSource> source(new RecordingSource(path, file));
  FileHead head{};
  if (std::fread(&head, sizeof(head), 1, file) != 1 ||
      std::memcmp(head.magic, kMagic, sizeof(kMagic)) != 0)
    return Fail(Code::kInvalid, "{} is not a recording", path);
  if (head.version != kFileVersion || head.abi != PANO_ABI_VERSION)
    return Fail(Code::kUnsupported, "{} was recorded by another version (file {}, abi {})", path,
                head.version, head.abi);
  source->offset_ = sizeof(head);
  return source;
}

RecordingSource::~RecordingSource() { std::fclose(file_); }

Status RecordingSource::ReadBlock() {
  BlockHead head{};
  const size_t got = std::fread(&head, 1, sizeof(head), file_);
  if (got == 0) return Fail(Code::kNotFound, "end of {}", path_);
  if (got != sizeof(head) || head.mark != kBlockMark || head.unpacked > kMaxBlockBytes ||
      head.packed > ZSTD_compressBound(kMaxBlockBytes))
    return Fail(Code::kInvalid, "{} is damaged at byte {}: no block begins there", path_, offset_);
  packed_.resize(head.packed);
  if (std::fread(packed_.data(), 1, packed_.size(), file_) != packed_.size())
    return Fail(Code::kInvalid, "{} is cut short in the block at byte {}", path_, offset_);
  if (Checksum(packed_) != head.checksum)
    return Fail(Code::kInvalid, "{} is damaged in the block at byte {}", path_, offset_);
  block_.resize(head.unpacked);
  const size_t size = ZSTD_decompress(block_.data(), block_.size(), packed_.data(), packed_.size());
  if (ZSTD_isError(size) || size != block_.size())
    return Fail(Code::kInvalid, "{} does not unpack in the block at byte {}", path_, offset_);
  offset_ += sizeof(head) + head.packed;
  return {};
}

Result<uint64_t> RecordingSource::Poll(const RecordSink& sink, int) {
  const uint64_t at = offset_;
  PANO_TRY(ReadBlock());
  Bytes rest(block_);
  uint64_t count = 0;
  while (rest.size() >= sizeof(uint32_t)) {
    uint32_t length = 0;
    std::memcpy(&length, rest.data(), sizeof(length));
    rest = rest.subspan(sizeof(length));
    if (length > rest.size()) break;
    sink(RawRecord{rest.first(length)});
    rest = rest.subspan(length);
    ++count;
  }
  if (!rest.empty())
    return Fail(Code::kInvalid, "{} holds a broken record in the block at byte {}", path_, at);
  return count;
}

}  // namespace pano::source
