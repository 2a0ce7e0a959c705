// SPDX-License-Identifier: Apache-2.0
#include <zlib.h>
#include <zstd.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "server/run/digest.h"
#include "server/run/run_file.h"

namespace {

void PutLittle(std::string& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

// Checksums and compression would keep the fuzzer out: pieces of the input, each a type, a length
// and that many bytes, are packed into frames that pass them.
std::string Framed(const uint8_t* data, size_t size) {
  std::string file = "PANORUN\n";
  PutLittle(file, 1, 4);
  while (size >= 3) {
    const size_t length = std::min<size_t>(size - 3, data[1] | size_t{data[2]} << 8);
    std::string packed(ZSTD_compressBound(length), '\0');
    packed.resize(ZSTD_compress(packed.data(), packed.size(), data + 3, length, 1));
    std::string head;
    PutLittle(head, data[0] % 6, 4);
    PutLittle(head, length, 4);
    PutLittle(head, packed.size(), 4);
    uLong crc = crc32(0, reinterpret_cast<const Bytef*>(head.data()), 12);
    crc =
        crc32(crc, reinterpret_cast<const Bytef*>(packed.data()), static_cast<uInt>(packed.size()));
    PutLittle(head, crc, 4);
    file += head + packed;
    data += 3 + length;
    size -= 3 + length;
  }
  return file;
}

void Read(pano::Bytes bytes) {
  const auto read = pano::run::ParseRun(bytes);
  if (!read) return;
  const pano::run::SnapshotPtr digest = pano::run::Complete(*read->snapshot);
  pano::run::Summarise(*digest);
  digest->Map(digest->begin(), digest->end());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view plain(reinterpret_cast<const char*>(data), size);
  Read(pano::AsBytes(plain));
  const std::string framed = Framed(data, size);
  Read(pano::AsBytes(framed));
  return 0;
}
