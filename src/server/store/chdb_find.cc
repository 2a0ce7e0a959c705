// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "server/store/embedded.h"

namespace pano::store {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFetch = "third_party/chdb/fetch.sh";
constexpr const char* kInPackage = "node_modules/@chdb/lib-linux-x64-gnu/libchdb.so";

// Beside the binary, and in the build tree it lies in: build/<preset>/... and build/_chdb.
std::vector<fs::path> Candidates() {
  std::vector<fs::path> out;
  std::error_code error;
  fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  if (!folder.empty()) {
    out.push_back(folder / ".." / "lib" / "libchdb.so");
    out.push_back(folder / ".." / "lib" / "panoscope" / "libchdb.so");
  }
  for (int up = 0; up < 6 && folder.has_relative_path(); ++up) {
    out.push_back(folder / "_chdb" / kInPackage);
    folder = folder.parent_path();
  }
  out.emplace_back("/usr/lib/panoscope/libchdb.so");
  out.emplace_back("/usr/local/lib/panoscope/libchdb.so");
  return out;
}

Error Missing(std::string text) {
  return {Code::kNotFound, std::move(text),
          fmt::format("get it with: {} (or set PANO_CHDB_LIB=/path/to/libchdb.so)", kFetch)};
}

}  // namespace

Result<std::string> FindChdbLibrary(const std::string& given) {
  std::error_code error;
  const char* from_environment = std::getenv("PANO_CHDB_LIB");
  std::string named = !given.empty() ? given : from_environment != nullptr ? from_environment : "";
  if (!named.empty()) {
    if (fs::is_regular_file(named, error)) return named;
    return std::unexpected(Missing("the embedded database is not at " + named));
  }
  for (const fs::path& path : Candidates()) {
    if (fs::is_regular_file(path, error)) return path.lexically_normal().string();
  }
  return std::unexpected(Missing("libchdb.so, the embedded database, was not found"));
}

}  // namespace pano::store
