// SPDX-License-Identifier: Apache-2.0
// The command line between the supervisor and its engine process.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace pano::store {

struct EngineArguments {
  std::string data_dir;
  std::string library;
  std::string database;
  int fd = -1;       // our end of the socket pair
  pid_t parent = 0;  // to notice that it died before we could ask to die with it
  uint64_t max_memory_bytes = 0;
  uint32_t max_threads = 2;

  std::vector<std::string> ToWords() const;
  static Result<EngineArguments> Parse(int argc, char** argv);
};

}  // namespace pano::store
