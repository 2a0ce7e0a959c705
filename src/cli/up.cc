// SPDX-License-Identifier: Apache-2.0
// `panoscope up`: agent, server and page of this machine in one process.
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <future>
#include <iostream>

#include "agent/pipeline.h"
#include "agent/source/live_source.h"
#include "base/log.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/settings.h"
#include "server/pipeline.h"

namespace pano::cli {
namespace {

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

Result<server::ServerOptions> ServerOptionsOf(const Settings& settings) {
  PANO_ASSIGN(const HostPort at, ParseUrl(settings.listen));
  server::ServerOptions server;
  server.http.address = at.host == "localhost" ? "127.0.0.1" : at.host;
  const auto [end, error] =
      std::from_chars(at.port.data(), at.port.data() + at.port.size(), server.http.port);
  if (error != std::errc() || end != at.port.data() + at.port.size()) {
    return Fail(Code::kInvalid, "'{}' is not an address to listen on", settings.listen);
  }
  server.http.token = settings.token;
  server.http.ui_dir = settings.ui_dir;
  server.data_dir = settings.data;
  server.store = settings.store;
  server.retention = {settings.retention_1s, settings.retention_1m, settings.retention_requests};
  server.limits = settings.limit;
  server.alerts_file = settings.alerts;
  server.external_url = settings.external_url;
  server.version = std::string(Version());
  return server;
}

agent::AgentOptions AgentOptionsOf(const Settings& settings) {
  agent::AgentOptions agent;
  agent.shards = settings.shards;
  agent.shard.timeout_ns = static_cast<uint64_t>(settings.timeout * 1e9);
  agent.budget.cpu_us_per_second = static_cast<uint64_t>(settings.cpu_budget * 1e6);
  agent.budget.memory_bytes = uint64_t{settings.memory_budget} << 20;
  agent.registry.user_names = settings.name;
  return agent;
}

int Up(const SettingsFlags& flags) {
  const auto effective = flags.Resolve();
  if (!effective) return PrintError(effective.error());
  const Settings& settings = effective->settings;
  if (settings.verbose) SetLogLevel(LogLevel::kDebug);
  const auto tier = source::TierByName(settings.tier);
  if (!tier) {
    return PrintError({Code::kInvalid, "'" + settings.tier + "' is not a capture tier",
                       "choose auto, sock_length, sys_exit or none"});
  }
  const int signals = BlockSignals();
  auto server_options = ServerOptionsOf(settings);
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
    agent = std::make_unique<agent::AgentPipeline>(
        AgentOptionsOf(settings), *std::move(source),
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
  const auto flags = SettingsFlags::AddTo(*command);
  command->footer("Needs root (or CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN, CAP_SYS_ADMIN) to capture.");
  command->callback([&run, flags] { run = [flags] { return Up(*flags); }; });
}

}  // namespace pano::cli
