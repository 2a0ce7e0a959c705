// SPDX-License-Identifier: Apache-2.0
// `panoscope doctor`: what this kernel, these rights and this installation allow, in words.
#include <sys/utsname.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "agent/entity/cgroup_stat.h"
#include "agent/entity/conntrack.h"
#include "agent/source/live_source.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/table.h"
#include "server/store/embedded.h"

namespace pano::cli {
namespace {

using nlohmann::json;

struct Finding {
  std::string name;
  bool good = false;
  std::string said;
  std::string lost;
};

Finding Rights() {
  const bool root = ::geteuid() == 0;
  return {"rights", root,
          root ? "root" : fmt::format("uid {}: run as root, or with sudo", ::geteuid()),
          root ? "" : "eBPF needs root, or CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN and CAP_SYS_ADMIN"};
}

Finding Btf() {
  const bool found = std::filesystem::exists("/sys/kernel/btf/vmlinux");
  return {"kernel types (BTF)", found,
          found ? "/sys/kernel/btf/vmlinux" : "no /sys/kernel/btf/vmlinux in this kernel",
          found ? "" : "probes cannot be fitted to this kernel (CONFIG_DEBUG_INFO_BTF)"};
}

Finding Cgroups() {
  const entity::CgroupMounts mounts = entity::FindCgroupMounts();
  std::string said;
  if (!mounts.cpu.empty()) said = "v1 cpu at " + mounts.cpu;
  if (!mounts.unified.empty()) said += (said.empty() ? "" : ", ") + ("v2 at " + mounts.unified);
  const bool found = !said.empty();
  return {"cgroups", found, found ? said : "none mounted",
          found ? "" : "CPU quotas, throttling and memory limits of containers are not seen"};
}

Finding Translation() {
  const auto conntrack =
      entity::Conntrack::Start([] { return std::unordered_map<uint32_t, std::string>(); });
  return {"address translation (conntrack)", conntrack.has_value(),
          conntrack ? "ctnetlink answers" : conntrack.error().text,
          conntrack ? "" : "a connection to a ClusterIP is not joined with its real server"};
}

Finding Engine() {
  const auto library = store::FindChdbLibrary();
  return {"database engine (chDB)", library.has_value(), library ? *library : library.error().text,
          library ? "" : "the live map works; history is lost on restart. " + library.error().hint};
}

std::vector<Finding> Examine() {
  std::vector<Finding> findings{Rights(), Btf(), Cgroups(), Translation(), Engine()};
  for (const source::Capability& capability : source::ProbeCapabilities()) {
    findings.push_back({"probe: " + capability.name, capability.available,
                        capability.available ? "loads" : capability.reason,
                        capability.available ? "" : capability.lost});
  }
  return findings;
}

int Doctor(bool as_json) {
  utsname kernel{};
  ::uname(&kernel);
  const std::vector<Finding> findings = Examine();
  if (as_json) {
    json out{{"version", Version()}, {"kernel", kernel.release}, {"machine", kernel.machine}};
    for (const Finding& f : findings) {
      out["findings"].push_back(
          {{"name", f.name}, {"available", f.good}, {"said", f.said}, {"lost", f.lost}});
    }
    std::cout << out.dump(2) << "\n";
    return kExitOk;
  }
  std::cout << fmt::format("panoscope {} on Linux {} ({})\n\n", Version(), kernel.release,
                           kernel.machine);
  Table table({{"", Align::kLeft}, {"what", Align::kLeft}, {"found", Align::kLeft}});
  for (const Finding& f : findings) table.Add({f.good ? "ok" : "--", f.name, f.said});
  std::cout << table.ToString();
  bool heading = false;
  for (const Finding& f : findings) {
    if (f.good || f.lost.empty()) continue;
    if (!heading) std::cout << "\nwhat is lost:\n";
    heading = true;
    std::cout << "  " << f.name << ": " << f.lost << "\n";
  }
  return kExitOk;
}

}  // namespace

void AddDoctor(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand(
      "doctor", "Say what this kernel, these rights and this installation allow.");
  auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "As JSON");
  command->callback([&run, as_json] { run = [as_json] { return Doctor(*as_json); }; });
}

}  // namespace pano::cli
