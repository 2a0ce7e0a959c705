// SPDX-License-Identifier: Apache-2.0
// The page: files inside the binary, or of a folder while somebody works on it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "server/api/exchange.h"

namespace pano::api {

// One file made part of the binary by cmake/Embed.cmake; gzip bytes.
struct EmbeddedFile {
  std::string_view path;  // "/assets/index-1a2b.js"
  std::string_view etag;  // quoted
  std::string_view gzip;
};
// Defined by generated code; `page_built` is false for the stand-in page of -DPANO_WEB=OFF.
std::span<const EmbeddedFile> EmbeddedFiles();
bool PageEmbedded();

class StaticFiles {
 public:
  // `folder` empty: the embedded files.
  explicit StaticFiles(std::string folder = {}) : folder_(std::move(folder)) {}

  Response Answer(const Request& request) const;

 private:
  struct File {
    std::string body;
    std::string etag;
    bool gzip = false;
  };
  std::optional<File> FromFolder(const std::string& path) const;
  static std::optional<File> FromBinary(const std::string& path);

  std::string folder_;
};

}  // namespace pano::api
