// SPDX-License-Identifier: Apache-2.0
#include "server/run/run_frame.h"

#include <zlib.h>
#include <zstd.h>

namespace pano::run {
namespace {

constexpr std::string_view kMagic = "PANORUN\n";
constexpr uint32_t kVersion = 1;
constexpr uint32_t kMaxPacked = uint32_t{64} << 20;
constexpr uint32_t kMaxRaw = uint32_t{128} << 20;
constexpr int kLevel = 3;
static_assert(kMagic.size() + sizeof kVersion == kFileHead);

uint32_t CrcOf(std::string_view head, Bytes packed) {
  uLong crc = crc32(0, reinterpret_cast<const Bytef*>(head.data()), static_cast<uInt>(head.size()));
  crc = crc32(crc, reinterpret_cast<const Bytef*>(packed.data()), static_cast<uInt>(packed.size()));
  return static_cast<uint32_t>(crc);
}

}  // namespace

void PutLittle(std::string& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

void PutFileHead(std::string& out) {
  out += kMagic;
  PutLittle(out, kVersion, 4);
}

Status TakeFileHead(Cursor& in) {
  if (in.Text(kMagic.size()) != kMagic) return Fail(Code::kInvalid, "not a run file");
  const auto version = in.Little<uint32_t>();
  if (in.failed()) return Fail(Code::kInvalid, "not a run file");
  if (version != kVersion) {
    return Fail(Code::kUnsupported, "a run file of version {}; this panoscope reads {}", version,
                kVersion);
  }
  return {};
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

uint64_t FrameEnd(uint64_t begin, uint32_t packed) {
  return packed > kMaxPacked ? 0 : begin + FrameHeader::kSize + packed;
}

Result<std::string> Unpack(const FrameHeader& header, Bytes packed) {
  const unsigned long long size = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (size != header.raw) return Fail(Code::kInvalid, "a frame of the wrong length");
  std::string raw(header.raw, '\0');
  const size_t got = ZSTD_decompress(raw.data(), raw.size(), packed.data(), packed.size());
  if (ZSTD_isError(got) || got != raw.size()) return Fail(Code::kInvalid, "a frame is damaged");
  return raw;
}

}  // namespace pano::run
