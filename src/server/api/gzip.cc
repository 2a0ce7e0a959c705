// SPDX-License-Identifier: Apache-2.0
#include "server/api/gzip.h"

#include <zlib.h>

#include <algorithm>

namespace pano::api {
namespace {
constexpr int kGzipWindow = 15 + 16;  // zlib: 15 bits of window, +16 writes or reads gzip framing
constexpr int kFastLevel = 1;         // answers are made once and read once

Bytef* Input(std::string_view text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}
}  // namespace

std::string Gzip(std::string_view plain) {
  z_stream stream{};
  if (deflateInit2(&stream, kFastLevel, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    return {};
  }
  std::string out(deflateBound(&stream, plain.size()), '\0');
  stream.next_in = Input(plain);
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(done ? stream.total_out : 0);
  deflateEnd(&stream);
  return out;
}

std::string Gunzip(std::string_view packed, size_t limit) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) return {};
  stream.next_in = Input(packed);
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string out;
  int status = Z_OK;
  while (status == Z_OK && out.size() < limit) {
    const size_t at = out.size();
    out.resize(std::min(limit, std::max<size_t>(at * 2, 16384)));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + at);
    stream.avail_out = static_cast<uInt>(out.size() - at);
    status = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
    if (status == Z_BUF_ERROR || out.size() == at) break;
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END) out.clear();
  return out;
}

bool AcceptsGzip(std::string_view header) {
  while (!header.empty()) {
    std::string_view one = header.substr(0, header.find(','));
    header.remove_prefix(std::min(header.size(), one.size() + 1));
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    if (!one.starts_with("gzip")) continue;
    const std::string_view parameters = one.substr(4);
    return parameters.find("q=0") == std::string_view::npos ||
           parameters.find("q=0.") != std::string_view::npos;
  }
  return false;
}

}  // namespace pano::api
