// SPDX-License-Identifier: Apache-2.0
// loadgenerator: a crowd of shoppers. Standard input takes lines "users N"; its end ends the
// program.
#include <netdb.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>

#include "shop/loadgenerator/crowd.h"
#include "shop/service/fault.h"

namespace {

sockaddr_in Resolve(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) {
    throw std::runtime_error("no address for " + host);
  }
  const sockaddr_in address = *reinterpret_cast<const sockaddr_in*>(found->ai_addr);
  freeaddrinfo(found);
  return address;
}

// A socket per shopper needs room in the table of open files.
void RaiseFileLimit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Takes complete lines from standard input; false at its end.
bool Obey(std::string& pending, shop::Crowd& crowd) {
  std::array<char, 256> buffer{};
  const ssize_t got = read(STDIN_FILENO, buffer.data(), buffer.size());
  if (got <= 0) {
    return false;
  }
  pending.append(buffer.data(), static_cast<size_t>(got));
  for (size_t end = 0; (end = pending.find('\n')) != std::string::npos; pending.erase(0, end + 1)) {
    constexpr std::string_view kUsers = "users ";
    if (pending.starts_with(kUsers)) {
      crowd.Resize(std::max(0, std::atoi(pending.c_str() + kUsers.size())));
    }
  }
  return true;
}

void Run() {
  RaiseFileLimit();
  const std::string host = shop::Setting("FRONTEND_HOST", "frontend");
  const std::string port = shop::Setting("FRONTEND_PORT", "8080");
  shop::Pace pace;
  pace.think_min = std::chrono::milliseconds(shop::Number("SHOP_THINK_MIN_MS", 7000));
  pace.think_max = std::chrono::milliseconds(shop::Number("SHOP_THINK_MAX_MS", 17000));
  shop::Report report(shop::Setting("SHOP_REPORT", "report.jsonl"));
  shop::Crowd crowd(Resolve(host, port), shop::TaskSource(host + ":" + port), pace, report);
  std::string pending;
  while (true) {
    using std::chrono::system_clock;
    const auto now = system_clock::now();
    const auto second = std::chrono::floor<std::chrono::seconds>(now);
    report.Tick(crowd.users(), crowd.connected());
    const auto left = second + std::chrono::seconds(1) - now;
    if (crowd.Step(STDIN_FILENO, shop::Clock::now() + left) && !Obey(pending, crowd)) {
      return;
    }
  }
}

}  // namespace

int main() {
  try {
    Run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "loadgenerator: %s\n", error.what());
    return 1;
  }
}
