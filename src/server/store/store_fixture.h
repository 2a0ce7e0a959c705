// SPDX-License-Identifier: Apache-2.0
// For tests only: a fresh folder per test and the embedded engine on it. Without libchdb.so tests
// fail, saying how to get it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "server/store/embedded.h"
#include "server/store/engine.h"
#include "server/store/store.h"

namespace pano::store {

class Folder {
 public:
  Folder() {
    std::string pattern = std::filesystem::temp_directory_path() / "pano-store-XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~Folder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline EmbeddedOptions TestOptions(const std::string& folder, const char* probe) {
  EmbeddedOptions options;
  options.data_dir = folder;
  options.engine_command = {probe, kEngineCommand};
  options.max_backoff = std::chrono::milliseconds(500);
  return options;
}

// The result of a query without its last newline, or "ERROR ...".
inline std::string Ask(Store& store, const std::string& sql, const Params& params = {},
                       const QueryLimits& limits = {}) {
  auto result = store.Query(sql, params, "TSVRaw", limits);
  if (!result) return "ERROR " + result.error().ToString();
  if (result->ends_with('\n')) result->pop_back();
  return *result;
}

}  // namespace pano::store
