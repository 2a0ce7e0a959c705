// SPDX-License-Identifier: Apache-2.0
// A recording from anybody. First byte even: the rest is the file. Odd: the rest is the inside of
// one block, packed and framed here, since no mutation would guess a checksum.
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "agent/source/recording.h"
#include "bpf/abi/record.h"

namespace {

template <typename T>
void Append(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// The layout of agent/source/recording.h.
std::string Framed(std::string_view inside) {
  std::string packed(ZSTD_compressBound(inside.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), inside.data(), inside.size(), 1));
  uint32_t sum = 2166136261;
  for (const char c : packed) sum = (sum ^ static_cast<uint8_t>(c)) * 16777619;
  std::string out = "PANOREC\n";
  Append<uint32_t>(out, 1);
  Append<uint32_t>(out, PANO_ABI_VERSION);
  Append<uint32_t>(out, 0x4b4c4250);
  Append(out, static_cast<uint32_t>(inside.size()));
  Append(out, static_cast<uint32_t>(packed.size()));
  Append(out, sum);
  return out + packed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool framed = data[0] % 2 == 1;
  const std::string file = framed ? Framed(rest) : std::string(rest);
  const int fd = memfd_create("recording", MFD_CLOEXEC);
  if (fd < 0 || write(fd, file.data(), file.size()) != static_cast<ssize_t>(file.size())) {
    std::abort();
  }
  auto source = pano::source::RecordingSource::Open("/proc/self/fd/" + std::to_string(fd));
  if (framed && !source) std::abort();
  size_t bytes = 0;
  while (source) {
    const auto polled = (*source)->Poll(
        [&bytes](const pano::source::RawRecord& record) {
          for (const std::byte b : record.bytes) bytes += static_cast<size_t>(b) != 256;
        },
        0);
    if (!polled) break;
  }
  // What a block holds is handed over once at most.
  if (framed && bytes > rest.size()) std::abort();
  close(fd);
  return 0;
}
