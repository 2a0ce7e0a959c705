// SPDX-License-Identifier: Apache-2.0
// The C functions of libchdb.so we use, loaded at run time: the library ships without a header, and
// everything but the store must build and run without its 566 MB. Engine process only.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/store/store.h"

namespace pano::store {

struct ChdbFunctions;  // chdb_library.cc

// One session. One statement at a time; several sessions of one process run in parallel.
class ChdbSession {
 public:
  ChdbSession(ChdbSession&& other) noexcept;
  ChdbSession& operator=(ChdbSession&&) = delete;
  ~ChdbSession();

  Result<std::string> Query(std::string_view sql, const char* format);
  Result<std::string> Query(const std::string& sql, const char* format, const Params& params);
  // `statement` is "INSERT INTO t ...", without FORMAT; `data` is in Native format. The data goes
  // through the insert stream: inside the text of a query it is cut at the first 0x0A 0x0A.
  Status Insert(const std::string& statement, const char* format, std::string_view data);

 private:
  friend class ChdbLibrary;
  ChdbSession(const ChdbFunctions* functions, void** connection)
      : functions_(functions), connection_(connection) {}

  const ChdbFunctions* functions_;
  void** connection_;
};

class ChdbLibrary {
 public:
  // kUnsupported when the library lacks a function we need (the insert stream came with 26.7).
  static Result<ChdbLibrary> Load(const std::string& path);
  ChdbLibrary(ChdbLibrary&&) noexcept;
  ChdbLibrary& operator=(ChdbLibrary&&) = delete;
  ~ChdbLibrary();

  // All sessions of a process must use the same folder and arguments ("--name=value").
  Result<ChdbSession> Connect(const std::string& folder, const std::vector<std::string>& arguments);
  std::string version() const;
  void Shutdown();

 private:
  explicit ChdbLibrary(std::unique_ptr<ChdbFunctions> functions);
  std::unique_ptr<ChdbFunctions> functions_;
};

}  // namespace pano::store
