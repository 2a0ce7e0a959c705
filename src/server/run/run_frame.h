// SPDX-License-Identifier: Apache-2.0
// in: parts of a run as text  out: frames, and back
// A file is a head and frames: type, lengths, checksum, zstd. Lengths are checked before anything
// is allocated.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/cursor.h"
#include "base/result.h"

namespace pano::run {

enum class FrameType : uint32_t { kMetrics = 1, kNames = 2, kBuckets = 3, kInfo = 4, kSummary = 5 };

struct FrameHeader {
  static constexpr size_t kSize = 16;
  uint32_t type = 0;
  uint32_t raw = 0;
  uint32_t packed = 0;
  uint32_t crc = 0;  // of the three before and the packed bytes (CRC-32, RFC 1952)
};

void PutLittle(std::string& out, uint64_t value, int bytes);

// The magic number and the version.
inline constexpr size_t kFileHead = 12;
void PutFileHead(std::string& out);
Status TakeFileHead(Cursor& in);

Status AddFrame(std::string& out, FrameType type, std::string_view raw);
// The frame at `in`, still packed. False: no whole frame is there.
bool TakeFrame(Cursor& in, FrameHeader& header, Bytes& packed);
// Where the frame after this header ends; 0: it is longer than any is.
uint64_t FrameEnd(uint64_t begin, uint32_t packed);
Result<std::string> Unpack(const FrameHeader& header, Bytes packed);

}  // namespace pano::run
