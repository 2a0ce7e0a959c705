// SPDX-License-Identifier: Apache-2.0
// `panoscope events` lists what happened; `panoscope mark TEXT` adds a mark to the timeline.
#include <iostream>

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
  std::string text;
  bool as_json = false;
};

int ListEvents(const Options& options) {
  const auto events = Get(options.server, WithTime("/api/v1/events", options.time));
  if (!events) return PrintError(events.error());
  if (options.as_json) return PrintJson(*events);
  Table table({{"time", Align::kLeft},
               {"kind", Align::kLeft},
               {"service", Align::kLeft},
               {"text", Align::kLeft}});
  for (const json& event : (*events)["events"]) {
    table.Add({LocalTime(ValueAt(event, "time")), TextAt(event, "kind"), TextAt(event, "service"),
               TextAt(event, "text")});
  }
  std::cout << table.ToString();
  return kExitOk;
}

int Mark(const Options& options) {
  const auto added =
      Post(options.server, "/api/v1/events", {{"kind", "mark"}, {"text", options.text}});
  if (!added) return PrintError(added.error());
  return options.as_json ? PrintJson(*added) : kExitOk;
}

}  // namespace

void AddEvents(CLI::App& app, Run& run) {
  auto options = std::make_shared<Options>();
  CLI::App* list =
      app.add_subcommand("events", "List scale, restart, OOM, deploy and mark events.");
  AddServerOptions(*list, options->server);
  AddTimeOptions(*list, options->time, /*one_time=*/false);
  list->add_flag("--json", options->as_json, "As JSON");
  list->callback([&run, options] { run = [options] { return ListEvents(*options); }; });

  CLI::App* mark = app.add_subcommand("mark", "Put a mark on the timeline.");
  AddServerOptions(*mark, options->server);
  mark->add_option("text", options->text, "What to write beside it")->required();
  mark->add_flag("--json", options->as_json, "The event as it was added, as JSON");
  mark->callback([&run, options] { run = [options] { return Mark(*options); }; });
}

}  // namespace pano::cli
