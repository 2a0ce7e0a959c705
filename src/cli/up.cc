// SPDX-License-Identifier: Apache-2.0
// `panoscope up`: agent, server and page of this machine in one process.
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <future>
#include <iostream>

#include "agent/pipeline.h"
#include "agent/source/live_source.h"
#include "base/log.h"
#include "cli/client.h"
#include "cli/command.h"
#include "server/pipeline.h"

namespace pano::cli {
namespace {

struct Options {
  std::string listen = "127.0.0.1:8686";
  std::string data = "/var/lib/panoscope";
  std::string tier = "auto";
  std::string token;
  std::string ui_dir;
  double timeout_s = 10;
  bool no_store = false;
  bool verbose = false;
};

// SIGINT and SIGTERM arrive through a descriptor; every thread made later inherits the mask.
int BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return ::signalfd(-1, &signals, SFD_CLOEXEC);
}

void WaitForSignal(int descriptor) {
  pollfd waiting{descriptor, POLLIN, 0};
  while (::poll(&waiting, 1, -1) < 0) {
  }
}

// What could not be had, in words, and what still works without it.
void PrintMissing(const Error& error, const std::vector<source::Capability>& report) {
  std::cerr << "capture is off: " << error.text << "\n";
  if (!error.hint.empty()) std::cerr << "  " << error.hint << "\n";
  for (const source::Capability& capability : report) {
    if (!capability.available) {
      std::cerr << "  missing: " << capability.name << ": " << capability.reason << "\n";
    }
  }
  std::cerr << "still works: the page, the API, and the history that is stored\n";
}

std::vector<std::string> MissingWords(const std::vector<source::Capability>& report) {
  std::vector<std::string> words;
  for (const source::Capability& capability : report) {
    if (capability.available) continue;
    words.push_back(capability.name + ": " + capability.reason +
                    (capability.lost.empty() ? "" : " (lost: " + capability.lost + ")"));
  }
  return words;
}

Result<server::ServerOptions> ServerOptionsOf(const Options& options) {
  PANO_ASSIGN(const HostPort at, ParseUrl(options.listen));
  server::ServerOptions server;
  server.http.address = at.host == "localhost" ? "127.0.0.1" : at.host;
  int port = -1;
  try {
    port = std::stoi(at.port);
  } catch (const std::exception&) {
    port = -1;
  }
  if (port < 0 || port > 65535) {
    return Fail(Code::kInvalid, "'{}' is not an address to listen on", options.listen);
  }
  server.http.port = static_cast<uint16_t>(port);
  server.http.token = options.token;
  server.http.ui_dir = options.ui_dir;
  server.data_dir = options.data;
  server.store = !options.no_store;
  server.version = std::string(Version());
  return server;
}

int Up(const Options& options) {
  if (options.verbose) SetLogLevel(LogLevel::kDebug);
  const auto tier = source::TierByName(options.tier);
  if (!tier) {
    return PrintError({Code::kInvalid, "'" + options.tier + "' is not a capture tier",
                       "choose auto, sock_length, sys_exit or none"});
  }
  const int signals = BlockSignals();
  auto server_options = ServerOptionsOf(options);
  if (!server_options) return PrintError(server_options.error());
  // The probes load while the engine starts: the map is there seconds earlier.
  source::LiveOptions live;
  live.tier = *tier;
  std::vector<source::Capability> report;
  auto opening =
      std::async(std::launch::async, [&live, &report] { return source::OpenLive(live, &report); });
  auto server = server::ServerPipeline::Start(*std::move(server_options));
  if (!server) return PrintError(server.error());
  for (const std::string& warning : (*server)->warnings()) {
    std::cerr << "panoscope: " << warning << "\n";
  }

  auto source = opening.get();
  std::unique_ptr<agent::AgentPipeline> agent;
  if (source) {
    const std::string chosen = (*source)->tier();
    (*server)->SetCapture(chosen, MissingWords(report));
    agent::AgentOptions agent_options;
    agent_options.shard.timeout_ns = static_cast<uint64_t>(options.timeout_s * 1e9);
    agent = std::make_unique<agent::AgentPipeline>(
        agent_options, *std::move(source),
        [&server](wire::Batch batch) { (*server)->Submit(std::move(batch)); });
    agent->Start();
    std::cerr << "capture: " << chosen << "\n";
    for (const std::string& missing : MissingWords(report)) {
      std::cerr << "  missing: " << missing << "\n";
    }
  } else {
    (*server)->SetCapture("none", MissingWords(report));
    PrintMissing(source.error(), report);
  }
  std::cerr << "panoscope " << Version() << ": " << (*server)->url() << "\n";

  WaitForSignal(signals);
  std::cerr << "ending: writing what is still in memory\n";
  if (agent) agent->Stop();
  (*server)->Stop();
  ::close(signals);
  return kExitOk;
}

}  // namespace

void AddUp(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand(
      "up", "Capture, store and serve this machine: agent, server and page in one process.");
  auto options = std::make_shared<Options>();
  command->add_option("--listen", options->listen, "Address and port of the page and the API")
      ->envname("PANOSCOPE_LISTEN")
      ->capture_default_str();
  command->add_option("--data", options->data, "Folder of the database and the settings")
      ->envname("PANOSCOPE_DATA")
      ->capture_default_str();
  command->add_option("--tier", options->tier, "Capture hooks: auto, sock_length, sys_exit, none")
      ->capture_default_str();
  command
      ->add_option("--token", options->token,
                   "Token that requests must carry; needed beyond loopback")
      ->envname("PANOSCOPE_TOKEN");
  command
      ->add_option("--timeout", options->timeout_s,
                   "Seconds after which a request counts as timed out")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  command->add_option("--ui-dir", options->ui_dir, "Serve the page from this folder (development)");
  command->add_flag("--no-store", options->no_store, "Keep nothing on disk: live map only");
  command->add_flag("--verbose", options->verbose, "Log more");
  command->footer("Needs root (or CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN, CAP_SYS_ADMIN) to capture.");
  command->callback([&run, options] { run = [options] { return Up(*options); }; });
}

}  // namespace pano::cli
