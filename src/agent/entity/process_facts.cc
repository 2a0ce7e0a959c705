// SPDX-License-Identifier: Apache-2.0
#include "agent/entity/process_facts.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "agent/entity/namespaces.h"

namespace pano::entity {
namespace {

constexpr size_t kMaxArguments = 64;
constexpr uint32_t kKernelThread = 0x00200000;  // PF_KTHREAD, include/linux/sched.h

template <typename Int>
bool ToNumber(std::string_view text, Int& value) {
  return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc();
}

std::string ReadLink(const std::string& path) {
  std::array<char, 4096> buffer;
  const ssize_t n = readlink(path.c_str(), buffer.data(), buffer.size());
  return n > 0 ? std::string(buffer.data(), static_cast<size_t>(n)) : std::string();
}

std::vector<std::string> SplitZeros(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty() && out.size() < kMaxArguments) {
    const size_t end = text.find('\0');
    out.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return out;
}

// The fields after "(comm)", numbered from 3 as in proc_pid_stat(5).
std::vector<std::string_view> StatFields(std::string_view text) {
  std::vector<std::string_view> fields;
  while (!text.empty() && fields.size() < 50) {
    const size_t end = text.find(' ');
    fields.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return fields;
}

// The host name of another uts namespace needs a thread inside it.
std::string HostnameOf(uint32_t pid) {
  std::string name;
  const Status entered = RunInNamespace(fmt::format("/proc/{}/ns/uts", pid), CLONE_NEWUTS, [&] {
    std::array<char, 256> buffer{};
    if (gethostname(buffer.data(), buffer.size() - 1) == 0) name = buffer.data();
  });
  if (entered && !name.empty()) return name;
  const std::string environment = ReadSmallFile(fmt::format("/proc/{}/environ", pid));
  for (const std::string& variable : SplitZeros(environment)) {
    if (variable.starts_with("HOSTNAME=")) return variable.substr(9);
  }
  return {};
}

}  // namespace

std::string ReadSmallFile(const std::string& path, size_t limit) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) return {};
  std::string out;
  std::array<char, 4096> buffer;
  while (out.size() < limit) {
    const ssize_t n = read(fd, buffer.data(), std::min(buffer.size(), limit - out.size()));
    if (n <= 0) break;
    out.append(buffer.data(), static_cast<size_t>(n));
  }
  close(fd);
  return out;
}

uint32_t NamespaceInode(const std::string& path) {
  struct stat st{};
  return stat(path.c_str(), &st) == 0 ? static_cast<uint32_t>(st.st_ino) : 0;
}

uint64_t ClockTicksPerSecond() {
  static const auto kTicks = static_cast<uint64_t>(std::max(1L, sysconf(_SC_CLK_TCK)));
  return kTicks;
}

uint64_t BootTimeNs() {
  timespec wall{};
  timespec boot{};
  clock_gettime(CLOCK_REALTIME, &wall);
  clock_gettime(CLOCK_BOOTTIME, &boot);
  return static_cast<uint64_t>((wall.tv_sec - boot.tv_sec) * 1'000'000'000LL +
                               (wall.tv_nsec - boot.tv_nsec));
}

std::optional<ProcessStat> ParseStat(std::string_view text) {
  // comm may hold spaces and parentheses: its end is the last one.
  const size_t open_at = text.find('(');
  const size_t close_at = text.rfind(')');
  if (open_at == std::string_view::npos || close_at == std::string_view::npos ||
      close_at < open_at || close_at + 2 >= text.size()) {
    return std::nullopt;
  }
  const auto fields = StatFields(text.substr(close_at + 2));
  if (fields.size() < 22) return std::nullopt;
  ProcessStat s;
  s.comm = text.substr(open_at + 1, close_at - open_at - 1);
  s.state = fields[0].empty() ? '?' : fields[0][0];
  const bool ok = ToNumber(fields[1], s.parent) && ToNumber(fields[11], s.user_ticks) &&
                  ToNumber(fields[12], s.system_ticks) && ToNumber(fields[17], s.threads) &&
                  ToNumber(fields[19], s.start_ticks) && ToNumber(fields[21], s.rss_pages);
  return ok ? std::optional(s) : std::nullopt;
}

std::optional<ProcessStat> ReadStat(uint32_t pid) {
  return ParseStat(ReadSmallFile(fmt::format("/proc/{}/stat", pid), 4096));
}

std::vector<CgroupPath> ParseCgroups(std::string_view text) {
  std::vector<CgroupPath> out;
  while (!text.empty() && out.size() < 32) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const size_t first = line.find(':');
    const size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    CgroupPath& entry = out.emplace_back();
    entry.path = line.substr(second + 1);
    std::string_view names = line.substr(first + 1, second - first - 1);
    while (!names.empty()) {
      const size_t comma = names.find(',');
      entry.controllers.emplace_back(names.substr(0, comma));
      names.remove_prefix(comma == std::string_view::npos ? names.size() : comma + 1);
    }
  }
  return out;
}

std::optional<ProcessFacts> ReadProcess(uint32_t pid, uint32_t self_utsns) {
  const std::string root = fmt::format("/proc/{}/", pid);
  const std::string stat_text = ReadSmallFile(root + "stat", 4096);
  const auto stat_fields = ParseStat(stat_text);
  if (!stat_fields || stat_fields->state == 'Z' || stat_fields->state == 'X') return std::nullopt;
  ProcessFacts f;
  f.pid = pid;
  f.parent = stat_fields->parent;
  f.start_ticks = stat_fields->start_ticks;
  f.comm = stat_fields->comm;
  uint32_t flags = 0;
  const auto fields = StatFields(std::string_view(stat_text).substr(stat_text.rfind(')') + 2));
  f.kernel_thread = ToNumber(fields[6], flags) && (flags & kKernelThread) != 0;
  if (f.kernel_thread) return f;
  f.executable = ReadLink(root + "exe");
  constexpr std::string_view kDeleted = " (deleted)";
  if (f.executable.ends_with(kDeleted)) {
    f.executable.resize(f.executable.size() - kDeleted.size());
  }
  f.arguments = SplitZeros(ReadSmallFile(root + "cmdline", size_t{16} * 1024));
  f.cgroups = ParseCgroups(ReadSmallFile(root + "cgroup", size_t{16} * 1024));
  f.netns = NamespaceInode(root + "ns/net");
  f.utsns = NamespaceInode(root + "ns/uts");
  if (f.utsns != 0 && f.utsns != self_utsns) f.hostname = HostnameOf(pid);
  return f;
}

std::vector<uint32_t> ListProcesses() {
  std::vector<uint32_t> out;
  DIR* dir = opendir("/proc");
  if (dir == nullptr) return out;
  while (const dirent* entry = readdir(dir)) {
    uint32_t pid = 0;
    const std::string_view name = entry->d_name;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (parsed.ec == std::errc() && parsed.ptr == name.data() + name.size()) out.push_back(pid);
  }
  closedir(dir);
  return out;
}

}  // namespace pano::entity
