// SPDX-License-Identifier: Apache-2.0
// Small reads of /proc and /sys: whole file with a bound, lines, numbers. Nothing here throws; a
// file that is gone (processes end at any time) is an empty answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pano::entity {

// At most `limit` bytes of the file; nothing when it cannot be opened.
std::optional<std::string> ReadFile(const std::string& path, size_t limit = size_t{64} * 1024);
// The inode a path leads to, e.g. /proc/1/ns/net -> 4026531840; 0 when it cannot be read.
uint32_t InodeOf(const std::string& path);

std::vector<std::string_view> Split(std::string_view text, char separator);
std::optional<uint64_t> ParseNumber(std::string_view text);
// "key value" lines, as in cpu.stat: the value of `key`.
std::optional<uint64_t> KeyedNumber(std::string_view text, std::string_view key);

}  // namespace pano::entity
