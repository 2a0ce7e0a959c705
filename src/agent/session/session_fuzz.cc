// SPDX-License-Identifier: Apache-2.0
// One fuzzer for every protocol: the first byte picks it (or inference), then a program of calls
// with pieces, holes and closes. Seeds: testdata/corpus/session, made from the recordings.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "agent/session/fuzz_program.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (!pano::session::RunFuzzProgram({reinterpret_cast<const std::byte*>(data), size}))
    std::abort();
  return 0;
}
