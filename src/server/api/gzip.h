// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pano::api {

std::string Gzip(std::string_view plain);
// Empty when the input is not gzip or unpacks to more than `limit` bytes.
std::string Gunzip(std::string_view packed, size_t limit);
// Whether an Accept-Encoding header takes gzip (RFC 9110 12.5.3).
bool AcceptsGzip(std::string_view accept_encoding);

}  // namespace pano::api
