// SPDX-License-Identifier: Apache-2.0
// in: Native blocks, SQL  out: acknowledgements, results
// The embedded engine (chDB, a shared library loaded at run time) in a supervised child process of
// this same binary: when the engine crashes or hangs, the child is killed and started again with
// growing pauses, while capture and live map go on. One data folder belongs to one process.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "server/store/store.h"

namespace pano::store {

struct EmbeddedOptions {
  std::string data_dir;  // made if it does not exist
  std::string library;   // libchdb.so; empty: $PANO_CHDB_LIB, beside the binary, build, system
  std::string database = "panoscope";
  // The command that becomes the engine; "--data DIR --fd N ..." is appended. Empty: this binary
  // with the hidden command `store-engine`, which must call RunStoreEngine.
  std::vector<std::string> engine_command;
  uint64_t max_memory_bytes = uint64_t{1} << 30;  // of the engine process, as far as it keeps count
  uint32_t max_threads = 2;                       // per query
  uint64_t min_free_disk_bytes = uint64_t{256} << 20;  // below it nothing is written: disk_full
  std::chrono::milliseconds start_timeout{30'000};
  std::chrono::milliseconds ping_timeout{10'000};  // no answer for so long: hung, killed
  std::chrono::milliseconds insert_timeout{30'000};
  std::chrono::milliseconds max_backoff{30'000};  // between restarts
};

// Fails at once with a hint when the library is missing or too old, or the folder is taken.
// Otherwise the engine is up, or is being tried again in the background (see Health()).
Result<std::unique_ptr<Store>> OpenEmbedded(EmbeddedOptions options);

// Finds libchdb.so: `given` if not empty, $PANO_CHDB_LIB, <binary>/../lib, build/_chdb of the
// source tree the binary was built in, /usr/lib/panoscope. The error's hint is the command that
// gets it.
Result<std::string> FindChdbLibrary(const std::string& given = {});

}  // namespace pano::store
