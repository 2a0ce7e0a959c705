// SPDX-License-Identifier: Apache-2.0
// The real server, fed with the story instead of an agent: for browser tests and work on the page.
//   map_server_for_tests [--port N] [--phase-seconds N] [--data DIR] [--ui-dir DIR]
// Prints its address on the first line; ends on SIGTERM, SIGINT or when stdin closes.
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/clock.h"
#include "server/pipeline.h"
#include "story/shop_story.h"

namespace {

std::string Flag(int argc, char** argv, const std::string& name, std::string fallback) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (argv[i] == "--" + name) return argv[i + 1];
  }
  return fallback;
}

int SignalDescriptor() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signalfd(-1, &signals, SFD_CLOEXEC);
}

}  // namespace

int main(int argc, char** argv) {
  const int signals = SignalDescriptor();
  pano::server::ServerOptions options;
  options.http.port = static_cast<uint16_t>(std::atoi(Flag(argc, argv, "port", "0").c_str()));
  options.http.ui_dir = Flag(argc, argv, "ui-dir", "");
  options.data_dir = Flag(argc, argv, "data", "");
  options.store = !options.data_dir.empty();
  const auto phase_seconds = static_cast<uint64_t>(
      std::max(1, std::atoi(Flag(argc, argv, "phase-seconds", "30").c_str())));
  auto server = pano::server::ServerPipeline::Start(options);
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().ToString().c_str());
    return 1;
  }
  std::printf("%s\n", (*server)->url().c_str());
  std::fflush(stdout);

  const uint64_t begin = pano::WallNs() / 1'000'000'000u;
  uint64_t next = begin;
  pollfd ends[2] = {{signals, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
  const bool watch_stdin = isatty(STDIN_FILENO) == 0;
  while (poll(ends, watch_stdin ? 2 : 1, 50) <= 0) {
    // Like an agent: a second is delivered once it is over.
    for (; pano::WallNs() / 1'000'000'000u > next; ++next) {
      const uint64_t phase =
          std::min<uint64_t>((next - begin) / phase_seconds, pano::story::kPhases - 1);
      const bool announce = (next - begin) % 60 == 0;
      (*server)->Submit(
          pano::story::Second(static_cast<pano::story::Phase>(phase), next, announce));
    }
  }
  (*server)->Stop();
  return 0;
}
