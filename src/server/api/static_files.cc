// SPDX-License-Identifier: Apache-2.0
#include "server/api/static_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "server/api/gzip.h"

namespace pano::api {
namespace {

constexpr size_t kMaxFile = size_t{16} << 20;

struct MediaType {
  std::string_view suffix;
  std::string_view type;
};
constexpr std::array kMediaTypes = std::to_array<MediaType>({
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".json", "application/json"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".txt", "text/plain; charset=utf-8"},
    {".webmanifest", "application/manifest+json"},
});

std::string_view MediaTypeOf(std::string_view path) {
  for (const MediaType& m : kMediaTypes) {
    if (path.ends_with(m.suffix)) return m.type;
  }
  return "application/octet-stream";
}

// A plain path below the root: nothing hidden, nothing that climbs.
bool SafePath(std::string_view path) {
  return path.starts_with('/') && path.find("/.") == std::string_view::npos &&
         path.find("//") == std::string_view::npos && path.find('\\') == std::string_view::npos;
}

void AddSecurityHeaders(Response& response) {
  response.headers.insert(
      response.headers.end(),
      {{"Content-Security-Policy",
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"},
       {"X-Content-Type-Options", "nosniff"},
       {"Referrer-Policy", "no-referrer"}});
}

}  // namespace

std::optional<StaticFiles::File> StaticFiles::FromBinary(const std::string& path) {
  const auto files = EmbeddedFiles();
  const auto at = std::ranges::find(files, path, &EmbeddedFile::path);
  if (at == files.end()) return std::nullopt;
  return File{std::string(at->gzip), std::string(at->etag), true};
}

std::optional<StaticFiles::File> StaticFiles::FromFolder(const std::string& path) const {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path root = fs::canonical(folder_, error);
  if (error) return std::nullopt;
  const fs::path real = fs::canonical(root / path.substr(1), error);  // follows links
  if (error || !real.string().starts_with(root.string() + "/")) return std::nullopt;
  if (!fs::is_regular_file(real, error) || fs::file_size(real, error) > kMaxFile || error) {
    return std::nullopt;
  }
  std::ifstream in(real, std::ios::binary);
  File file;
  file.body.assign(std::istreambuf_iterator<char>(in), {});
  file.etag = fmt::format("\"{:x}\"", std::hash<std::string>()(file.body));
  return file;
}

Response StaticFiles::Answer(const Request& request) const {
  if (request.method != "GET" && request.method != "HEAD") {
    Response response = ErrorResponse({Code::kInvalid, "only GET is served here", ""});
    response.status = 405;
    return response;
  }
  std::string path = request.path == "/" ? "/index.html" : request.path;
  const auto find = [&](const std::string& p) {
    return folder_.empty() ? FromBinary(p) : FromFolder(p);
  };
  std::optional<File> file = SafePath(path) ? find(path) : std::nullopt;
  if (!file && request.Header("accept").find("text/html") != std::string::npos && SafePath(path)) {
    path = "/index.html";  // a link into the page
    file = find(path);
  }
  if (!file) return ErrorResponse({Code::kNotFound, "there is no such page", "the page is at /"});

  Response response;
  response.content_type = MediaTypeOf(path);
  const bool hashed = path.starts_with("/assets/");  // names hold a hash of the content
  response.headers = {
      {"ETag", file->etag},
      {"Cache-Control", hashed ? "public, max-age=31536000, immutable" : "no-cache"},
      {"Vary", "Accept-Encoding"}};
  AddSecurityHeaders(response);
  if (request.Header("if-none-match") == file->etag) {
    response.status = 304;
    return response;
  }
  if (file->gzip && AcceptsGzip(request.Header("accept-encoding"))) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.body = std::move(file->body);
  } else {
    response.body = file->gzip ? Gunzip(file->body, kMaxFile) : std::move(file->body);
  }
  return response;
}

}  // namespace pano::api
