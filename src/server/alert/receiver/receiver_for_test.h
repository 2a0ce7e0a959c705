// SPDX-License-Identifier: Apache-2.0
// Starts real receivers (receiver_for_test.py, an Alertmanager) on loopback ports of their own and
// ends them by their own pid.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

extern char** environ;

namespace pano::alert {

class FolderForTest {
 public:
  FolderForTest() {
    char name[] = "/tmp/pano_alert_XXXXXX";
    if (mkdtemp(name) != nullptr) path_ = name;
    // What proxy the machine uses is not for loopback.
    setenv("no_proxy", "127.0.0.1,localhost", 1);
  }
  ~FolderForTest() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  FolderForTest(const FolderForTest&) = delete;
  FolderForTest& operator=(const FolderForTest&) = delete;
  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }
  std::string Text(const std::string& name) const {
    std::ifstream in(File(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  std::string path_;
};

// A child whose standard input and output are ours.
class ChildForTest {
 public:
  explicit ChildForTest(const std::vector<std::string>& command) {
    int in[2];
    int out[2];
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) return;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    std::vector<char*> argv;
    argv.reserve(command.size() + 1);
    for (const std::string& text : command) argv.push_back(const_cast<char*>(text.c_str()));
    argv.push_back(nullptr);
    if (posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ) != 0) pid_ = -1;
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    in_ = in[1];
    out_ = out[0];
  }
  ~ChildForTest() {
    if (in_ >= 0) close(in_);
    if (out_ >= 0) close(out_);
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  ChildForTest(const ChildForTest&) = delete;
  ChildForTest& operator=(const ChildForTest&) = delete;
  std::string ReadLine() const {
    std::string line;
    char c = 0;
    while (read(out_, &c, 1) == 1 && c != '\n') line += c;
    return line;
  }

 private:
  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
};

class ReceiverForTest {
 public:
  // `kind`: http, https, smtp, smtps, starttls. Those with TLS have a certificate of their own
  // authority for localhost and 127.0.0.1: ca_pem().
  ReceiverForTest(const FolderForTest& folder, const std::string& kind)
      : folder_(folder), record_(kind + ".jsonl"), child_(Command(folder, kind)) {
    port_ = child_.ReadLine();
  }
  const std::string& port() const { return port_; }
  std::string Url(const std::string& path, const std::string& scheme = "http") const {
    return scheme + "://127.0.0.1:" + port_ + path;
  }
  std::string ca_pem() const { return folder_.Text("cert.pem"); }
  std::vector<nlohmann::json> Taken() const {
    std::vector<nlohmann::json> out;
    std::ifstream in(folder_.File(record_));
    for (std::string line; std::getline(in, line);) out.push_back(nlohmann::json::parse(line));
    return out;
  }
  // Waits for as many; a test's own timeout bounds it.
  std::vector<nlohmann::json> Await(size_t count) const {
    for (int i = 0; i < 1000; ++i) {
      auto taken = Taken();
      if (taken.size() >= count) return taken;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return Taken();
  }

 private:
  static std::vector<std::string> Command(const FolderForTest& folder, const std::string& kind) {
    static const std::string kScript =
        PANO_SOURCE_DIR "/src/server/alert/receiver/receiver_for_test.py";
    std::vector<std::string> command{"/usr/bin/python3",          "-W", "ignore", kScript, kind,
                                     folder.File(kind + ".jsonl")};
    if (kind == "http" || kind == "smtp") return command;
    const std::string cert = folder.File("cert.pem");
    const std::string key = folder.File("key.pem");
    if (!std::filesystem::exists(cert)) {
      const std::string make = "openssl req -x509 -newkey rsa:2048 -nodes -keyout " + key +
                               " -out " + cert +
                               " -days 2 -subj /CN=localhost -addext "
                               "subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null";
      if (std::system(make.c_str()) != 0) return {"/bin/false"};
    }
    command.push_back(cert);
    command.push_back(key);
    return command;
  }

  const FolderForTest& folder_;
  std::string record_;
  ChildForTest child_;
  std::string port_;
};

}  // namespace pano::alert
