// SPDX-License-Identifier: Apache-2.0
#include "agent/entity/listener_owners.h"

#include <dirent.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>
#include <unordered_set>

#include "agent/entity/accept_queue.h"
#include "agent/entity/proc_file.h"

namespace pano::entity {
namespace {

constexpr size_t kMaxFiles = 4096;  // looked at per process

// Visits the inodes of a process' sockets until `visit` answers false.
template <typename Visit>
void EachSocket(uint32_t pid, Visit&& visit) {
  const std::string folder = fmt::format("/proc/{}/fd/", pid);
  DIR* dir = ::opendir(folder.c_str());
  if (dir == nullptr) return;
  size_t looked = 0;
  while (const dirent* entry = ::readdir(dir)) {
    if (++looked > kMaxFiles) break;
    std::array<char, 64> target{};
    const ssize_t n = ::readlinkat(::dirfd(dir), entry->d_name, target.data(), target.size() - 1);
    std::string_view text(target.data(), n > 0 ? static_cast<size_t>(n) : 0);
    if (!text.starts_with("socket:[") || !text.ends_with("]")) continue;
    text = text.substr(8, text.size() - 9);
    const auto inode = ParseNumber(text);
    if (inode && !visit(*inode)) break;
  }
  ::closedir(dir);
}

}  // namespace

ListenerOwners::Listeners ListenerOwners::Look(
    const std::map<uint32_t, std::vector<uint32_t>>& processes) {
  Listeners out;
  std::unordered_map<uint64_t, uint32_t> owners;
  for (const auto& [netns, pids] : processes) {
    if (pids.empty()) continue;
    const std::vector<AcceptQueue> queues = ReadAcceptQueues(pids.front());
    const std::unordered_set<uint32_t> alive(pids.begin(), pids.end());
    std::unordered_set<uint64_t> unknown;
    for (const AcceptQueue& q : queues) {
      const auto known = owner_of_.find(q.inode);
      if (known != owner_of_.end() && alive.contains(known->second)) {
        owners[q.inode] = known->second;
      } else {
        unknown.insert(q.inode);
      }
    }
    for (size_t i = 0; i < pids.size() && !unknown.empty(); ++i) {
      EachSocket(pids[i], [&](uint64_t inode) {
        if (unknown.erase(inode) > 0) owners[inode] = pids[i];
        return !unknown.empty();
      });
    }
    for (const AcceptQueue& q : queues) {
      const auto owner = owners.find(q.inode);
      out[{netns, q.port}] = owner == owners.end() ? 0 : owner->second;
    }
  }
  owner_of_ = std::move(owners);
  return out;
}

}  // namespace pano::entity
