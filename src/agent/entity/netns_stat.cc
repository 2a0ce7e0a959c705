// SPDX-License-Identifier: Apache-2.0
#include "agent/entity/netns_stat.h"

#include <fmt/format.h>

#include <charconv>

#include "agent/entity/proc_file.h"

namespace pano::entity {
namespace {

std::vector<std::string_view> Words(std::string_view line) {
  std::vector<std::string_view> words;
  for (const std::string_view word : Split(line, ' ')) {
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

uint64_t Hex(std::string_view text) {
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return value;
}

}  // namespace

uint64_t NetstatValue(std::string_view text, std::string_view prefix, std::string_view name) {
  std::vector<std::string_view> header;
  for (const std::string_view line : Split(text, '\n')) {
    if (!line.starts_with(prefix)) continue;
    auto words = Words(line);
    if (header.empty()) {
      header = std::move(words);
      continue;
    }
    for (size_t i = 0; i < header.size() && i < words.size(); ++i) {
      if (header[i] == name) return ParseNumber(words[i]).value_or(0);
    }
    return 0;
  }
  return 0;
}

NetnsStat ReadNetnsStat(uint32_t pid) {
  NetnsStat stat;
  if (const auto text = ReadFile(fmt::format("/proc/{}/net/netstat", pid), size_t{32} * 1024)) {
    stat.listen_overflow = NetstatValue(*text, "TcpExt:", "ListenOverflows");
    stat.listen_drop = NetstatValue(*text, "TcpExt:", "ListenDrops");
    stat.syn_retrans = NetstatValue(*text, "TcpExt:", "TCPSynRetrans");
  }
  if (const auto text = ReadFile(fmt::format("/proc/{}/net/snmp", pid), size_t{16} * 1024)) {
    stat.reset_sent = NetstatValue(*text, "Tcp:", "OutRsts");
  }
  return stat;
}

void ParseListeners(std::string_view text, std::vector<Listener>& out) {
  for (const std::string_view line : Split(text, '\n')) {
    const auto words = Words(line);
    // sl local_address rem_address st tx_queue:rx_queue tr:tm retrnsmt uid timeout inode
    if (words.size() < 10 || words[3] != "0A") continue;
    const size_t colon = words[1].rfind(':');
    const size_t queue = words[4].find(':');
    if (colon == std::string_view::npos || queue == std::string_view::npos) continue;
    Listener listener;
    listener.port = static_cast<uint16_t>(Hex(words[1].substr(colon + 1)));
    listener.queue = static_cast<uint32_t>(Hex(words[4].substr(queue + 1)));
    listener.inode = ParseNumber(words[9]).value_or(0);
    out.push_back(listener);
  }
}

std::vector<Listener> ReadListeners(uint32_t pid) {
  std::vector<Listener> listeners;
  for (const char* name : {"tcp", "tcp6"}) {
    // Listening sockets come first in these files, so a bound loses only established ones.
    if (const auto text = ReadFile(fmt::format("/proc/{}/net/{}", pid, name), size_t{128} * 1024)) {
      ParseListeners(*text, listeners);
    }
  }
  return listeners;
}

}  // namespace pano::entity
