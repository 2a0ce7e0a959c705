// SPDX-License-Identifier: Apache-2.0
// For tests only: a ClickHouse server of one's own on loopback (Debian's package clickhouse-server,
// 18.16), ended by its own pid.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <thread>

#include "server/store/http_clickhouse.h"

namespace pano::store {

// A free port below the ephemeral range, where no outgoing connection can take it meanwhile.
inline uint16_t FreePort() {
  static std::mt19937 random(std::random_device{}());
  for (;;) {
    const auto port = static_cast<uint16_t>(20'000 + random() % 10'000);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool free = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    close(fd);
    if (free) return port;
  }
}

class ClickHouseServer {
 public:
  static std::string Program() {
    for (const char* path : {"/usr/sbin/clickhouse-server", "/usr/bin/clickhouse-server"}) {
      if (std::filesystem::exists(path)) return path;
    }
    return {};
  }

  explicit ClickHouseServer(const std::string& folder) : port_(FreePort()) {
    const uint16_t tcp = FreePort();
    std::ofstream(folder + "/users.xml")
        << "<yandex><profiles><default/></profiles><quotas><default/></quotas><users><default>"
           "<password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile>"
           "<quota>default</quota></default></users></yandex>";
    std::ofstream(folder + "/config.xml")
        << "<yandex><logger><level>error</level><log>" << folder << "/log</log><errorlog>" << folder
        << "/errors</errorlog></logger><http_port>" << port_ << "</http_port><tcp_port>" << tcp
        << "</tcp_port><listen_host>127.0.0.1</listen_host><path>" << folder
        << "/data/</path><tmp_path>" << folder
        << "/tmp/</tmp_path><users_config>users.xml</users_config><default_profile>default"
           "</default_profile><default_database>default</default_database><mark_cache_size>"
           "67108864</mark_cache_size></yandex>";
    const std::string config = "--config-file=" + folder + "/config.xml";
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      const int null = open("/dev/null", O_RDWR);
      dup2(null, 1);
      dup2(null, 2);
      if (chdir(folder.c_str()) != 0) _exit(126);
      execl(Program().c_str(), "clickhouse-server", config.c_str(), nullptr);
      _exit(127);
    }
  }
  ~ClickHouseServer() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  ClickHouseServer(const ClickHouseServer&) = delete;
  ClickHouseServer& operator=(const ClickHouseServer&) = delete;

  // Connects once it answers; the error when its process ends before.
  Result<std::unique_ptr<Store>> Open() {
    HttpOptions options;
    options.url = "http://127.0.0.1:" + std::to_string(port_);
    for (;;) {
      auto store = OpenHttpClickHouse(options);
      if (store || kill(pid_, 0) != 0 || waitpid(pid_, nullptr, WNOHANG) == pid_) return store;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }

 private:
  uint16_t port_;
  pid_t pid_ = -1;
};

}  // namespace pano::store
