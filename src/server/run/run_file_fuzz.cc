// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "server/run/digest.h"
#include "server/run/run_frame.h"
#include "server/run/run_parse.h"

namespace {

// Checksums and compression would keep the fuzzer out: pieces of the input, each a type, a length
// and that many bytes, are packed into frames that pass them.
std::string Framed(const uint8_t* data, size_t size) {
  std::string file;
  pano::run::PutFileHead(file);
  while (size >= 3) {
    const size_t length = std::min<size_t>(size - 3, data[1] | size_t{data[2]} << 8);
    const std::string_view raw(reinterpret_cast<const char*>(data) + 3, length);
    const auto type = static_cast<pano::run::FrameType>(data[0] % 6);
    if (!pano::run::AddFrame(file, type, raw)) std::abort();
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
