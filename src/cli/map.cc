// SPDX-License-Identifier: Apache-2.0
// `panoscope map`: the edges of the map as a table, worst first.
#include <algorithm>
#include <iostream>
#include <map>
#include <tuple>

#include "cli/answer.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/table.h"

namespace pano::cli {
namespace {

using nlohmann::json;

struct Options {
  ServerAddress server;
  AskedTime time;
  bool problems = false;
  bool as_json = false;
};

int Severity(const json& edge) {
  const std::string state = edge.value("state", "");
  return state == "over" ? 0 : state == "near" ? 1 : state == "ok" ? 2 : 3;
}

void PrintEdges(const json& map, bool only_problems) {
  std::map<int64_t, std::string> names;
  for (const json& node : map["nodes"]) names[node["id"]] = node["name"];
  std::vector<json> edges(map["edges"].begin(), map["edges"].end());
  // Worst first, then slowest, then as they came onto the map.
  std::ranges::sort(edges, {}, [](const json& e) {
    const json& latency = e["metrics"]["latency"];
    return std::tuple(Severity(e), latency.is_number() ? -latency.get<double>() : 1.0,
                      e.value("id", 0));
  });
  Table table({{"state", Align::kLeft},
               {"client", Align::kLeft},
               {"server", Align::kLeft},
               {"port", Align::kRight},
               {"protocol", Align::kLeft},
               {"traffic", Align::kRight},
               {"requests", Align::kRight},
               {"errors", Align::kRight},
               {"p95", Align::kRight},
               {"connect", Align::kRight},
               {"connect fail", Align::kRight}});
  for (const json& edge : edges) {
    if (only_problems && Severity(edge) > 1) continue;
    const json& m = edge["metrics"];
    table.Add({edge.value("state", ""), names[edge["client"]], names[edge["server"]],
               fmt::format("{}", edge.value("port", 0)), edge.value("protocol", ""),
               ByteRate(m["traffic"]), Rate(m["request_rate"]), Rate(m["errors"]),
               Duration(m["latency"]), Duration(m["connect_latency"]),
               Rate(m["connect_failures"])});
  }
  if (table.rows() == 0) {
    std::cout << (only_problems
                      ? "nothing is over or near its limit\n"
                      : "no traffic seen yet; edges appear as soon as something speaks\n");
    return;
  }
  std::cout << table.ToString();
}

int PrintMap(const Options& options) {
  const auto map = Get(options.server, WithTime("/api/v1/map", options.time));
  if (!map) return PrintError(map.error());
  if (options.as_json) return PrintJson(*map);
  PrintEdges(*map, options.problems);
  if (map->contains("verdict") && (*map)["verdict"].is_object()) {
    std::cout << "\n" << (*map)["verdict"].value("sentence", "") << "\n";
  }
  for (const auto& [cause, count] : (*map)["losses"].items()) {
    if (count.is_number() && count.get<double>() > 0) {
      std::cout << "lost: " << cause << " " << count << "\n";
    }
  }
  return kExitOk;
}

}  // namespace

void AddMap(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("map", "Print the live map, or the map of a past time.");
  auto options = std::make_shared<Options>();
  AddServerOptions(*command, options->server);
  AddTimeOptions(*command, options->time);
  command->add_flag("--problems", options->problems, "Only what is over or near its limit");
  command->add_flag("--json", options->as_json, "The server's whole answer as JSON");
  command->callback([&run, options] { run = [options] { return PrintMap(*options); }; });
}

}  // namespace pano::cli
