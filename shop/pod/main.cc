// SPDX-License-Identifier: Apache-2.0
// pod starts one command in a pod: own pid, uts and mount namespaces, a network namespace that
// exists already, and the given cgroups. It waits for the command and dies with whoever started it;
// the command dies with it.
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

namespace {

// A connection that cannot be made fails within seconds, as clients with a connect timeout have it,
// not minutes.
constexpr char kSynRetries[] = "3";

struct Options {
  std::string netns;     // path of the network namespace
  std::string hostname;  // the pod's name
  std::string hosts;     // takes the place of /etc/hosts
  std::string resolv;    // takes the place of /etc/resolv.conf; may be empty
  std::string user;      // may be empty: stay root
  std::string pid_file;  // gets the command's pid as the host sees it
  std::string backlog;   // net.core.somaxconn of the pod; may be empty
  std::vector<std::string> cgroups;
  char** command = nullptr;
};

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "pod: %s: %s\n", what.c_str(), std::strerror(errno));
  std::_Exit(125);
}

void Require(bool done, const std::string& what) {
  if (!done) {
    Die(what);
  }
}

void WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  Require(file.good(), path);
}

Options Parse(int argc, char** argv) {
  Options options;
  const auto text = [&](const std::string& name) -> std::string* {
    if (name == "--netns") return &options.netns;
    if (name == "--hostname") return &options.hostname;
    if (name == "--hosts") return &options.hosts;
    if (name == "--resolv") return &options.resolv;
    if (name == "--user") return &options.user;
    if (name == "--pid-file") return &options.pid_file;
    if (name == "--backlog") return &options.backlog;
    return nullptr;
  };
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--") {
      options.command = argv + i + 1;
      return options;
    }
    if (name == "--cgroup") {
      options.cgroups.emplace_back(argv[i + 1]);
    } else if (std::string* field = text(name)) {
      *field = argv[i + 1];
    }
  }
  return options;
}

void EnterNamespaces(const Options& options) {
  const int fd = open(options.netns.c_str(), O_RDONLY | O_CLOEXEC);
  Require(fd >= 0 && setns(fd, CLONE_NEWNET) == 0, options.netns);
  close(fd);
  Require(unshare(CLONE_NEWNS | CLONE_NEWUTS) == 0, "unshare");
  Require(sethostname(options.hostname.data(), options.hostname.size()) == 0, "sethostname");
  // Slave, not private: a network namespace unmounted outside must not live on in here.
  Require(mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr) == 0, "mount /");
  Require(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0,
          "mount /proc");
  Require(mount(options.hosts.c_str(), "/etc/hosts", nullptr, MS_BIND, nullptr) == 0,
          "mount /etc/hosts");
  if (!options.resolv.empty()) {
    Require(mount(options.resolv.c_str(), "/etc/resolv.conf", nullptr, MS_BIND, nullptr) == 0,
            "mount /etc/resolv.conf");
  }
  WriteFile("/proc/sys/net/ipv4/tcp_syn_retries", kSynRetries);
  if (!options.backlog.empty()) {
    WriteFile("/proc/sys/net/core/somaxconn", options.backlog);
  }
}

void BecomeUser(const std::string& name) {
  const passwd* user = getpwnam(name.c_str());
  Require(user != nullptr, "no user " + name);
  Require(initgroups(name.c_str(), user->pw_gid) == 0 && setgid(user->pw_gid) == 0 &&
              setuid(user->pw_uid) == 0,
          "become " + name);
}

[[noreturn]] void Run(const Options& options) {
  for (const std::string& cgroup : options.cgroups) {
    WriteFile(cgroup + "/cgroup.procs", "0");
  }
  EnterNamespaces(options);
  if (!options.user.empty()) {
    BecomeUser(options.user);
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // after the change of user, which clears it
  execvp(options.command[0], options.command);
  Die(options.command[0]);
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = Parse(argc, argv);
  if (options.command == nullptr || options.netns.empty() || options.hosts.empty()) {
    std::fprintf(
        stderr,
        "usage: pod --netns PATH --hostname NAME --hosts FILE [--resolv FILE] [--user NAME]\n"
        "           [--pid-file FILE] [--backlog N] [--cgroup DIR]... -- COMMAND [ARGUMENT]...\n");
    return 2;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  Require(unshare(CLONE_NEWPID) == 0, "unshare");
  const pid_t child = fork();
  Require(child >= 0, "fork");
  if (child == 0) {
    Run(options);
  }
  if (!options.pid_file.empty()) {
    const std::string fresh = options.pid_file + ".new";
    WriteFile(fresh, std::to_string(child));
    Require(rename(fresh.c_str(), options.pid_file.c_str()) == 0, options.pid_file);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
