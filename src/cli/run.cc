// SPDX-License-Identifier: Apache-2.0
// `panoscope run`: start, stop, list, show, note, mark, delete, attach.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <thread>
#include <utility>

#include "cli/answer.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/objective.h"
#include "cli/table.h"
#include "server/run/loadgen/report_reader.h"
#include "server/run/run_json.h"

namespace pano::cli {
namespace {

using nlohmann::json;

struct Options {
  ServerAddress server;
  std::string id = "current";
  std::string name;
  std::string notes;
  std::string text;
  std::string file;
  std::string tool = "auto";
  std::vector<std::string> labels;
  std::vector<std::string> objectives;
  double begin = 0;
  bool step = false;
  bool as_json = false;
};
using OptionsPtr = std::shared_ptr<Options>;

std::string Seconds(const json& begin, const json& end) {
  if (!begin.is_number() || !end.is_number()) return "–";
  const auto seconds = static_cast<int64_t>(end.get<double>() - begin.get<double>());
  if (seconds < 120) return fmt::format("{} s", seconds);
  return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
}

std::string CountText(const json& value) {
  return value.is_number() ? fmt::format("{:.0f}", value.get<double>()) : "–";
}

std::string MetText(const json& met) {
  return met.is_boolean() ? (met.get<bool>() ? "met" : "NOT MET") : "–";
}

int UsageError(const Error& error) {
  PrintError(error);
  return kExitUsage;
}

Result<json> LabelsOf(const std::vector<std::string>& labels) {
  json out = json::object();
  for (const std::string& label : labels) {
    const size_t equals = label.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return Fail(Code::kInvalid, "--label {}: it is KEY=VALUE", label);
    }
    out[label.substr(0, equals)] = label.substr(equals + 1);
  }
  return out;
}

int Start(const Options& options) {
  const auto labels = LabelsOf(options.labels);
  if (!labels) return UsageError(labels.error());
  json body = {{"labels", *labels}};
  if (!options.name.empty()) body["name"] = options.name;
  if (!options.notes.empty()) body["notes"] = options.notes;
  if (options.begin > 0) body["begin"] = std::floor(options.begin);
  if (!options.objectives.empty()) {
    const auto objectives = ObjectivesOf(options.objectives);
    if (!objectives) return UsageError(objectives.error());
    body["objectives"] = *objectives;
  }
  const auto run = Post(options.server, "/api/v1/runs", body);
  if (!run) return PrintError(run.error());
  if (options.as_json) return PrintJson(*run);
  std::cout << TextAt(*run, "id") << "\n";
  return kExitOk;
}

// Agents deliver a second a moment after it ended: what asks about the run next has all of it.
void AwaitLastSecond(const ServerAddress& server, const std::string& id, double end) {
  constexpr int kTries = 20;
  for (int i = 0; i < kTries; ++i) {
    const auto run = Get(server, "/api/v1/runs/" + id);
    if (!run || ValueAt(*run, "data").value("to", end) >= end) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(250));
  }
}

int Stop(const Options& options) {
  const auto run = Post(options.server, "/api/v1/runs/" + options.id + "/stop", json::object());
  if (!run) return PrintError(run.error());
  AwaitLastSecond(options.server, TextAt(*run, "id"), run->value("end", 0.0));
  if (options.as_json) return PrintJson(*run);
  std::cout << fmt::format("{}: {} of {}\n", TextAt(*run, "id"), TextAt(*run, "name"),
                           Seconds(ValueAt(*run, "begin"), ValueAt(*run, "end")));
  return kExitOk;
}

int List(const Options& options) {
  const auto runs = Get(options.server, "/api/v1/runs?limit=1000");
  if (!runs) return PrintError(runs.error());
  if (options.as_json) return PrintJson(*runs);
  Table table({{"id", Align::kLeft},
               {"name", Align::kLeft},
               {"state", Align::kLeft},
               {"begin", Align::kLeft},
               {"for", Align::kRight},
               {"steps", Align::kRight},
               {"offered", Align::kRight},
               {"errors", Align::kRight},
               {"p95", Align::kRight},
               {"objectives", Align::kLeft},
               {"bottleneck", Align::kLeft}});
  for (const json& run : (*runs)["runs"]) {
    const json load = ValueAt(run, "load");
    const bool recognised = TextAt(run, "origin") == "recognised";
    table.Add(
        {TextAt(run, "id"), TextAt(run, "name"),
         TextAt(run, "state") + (recognised ? " (recognised)" : ""),
         LocalTime(ValueAt(run, "begin")), Seconds(ValueAt(run, "begin"), ValueAt(run, "end")),
         CountText(ValueAt(run, "steps")), Rate(ValueAt(load, "offered_rate")),
         CountText(ValueAt(load, "errors")), Duration(ValueAt(load, "latency_p95")),
         MetText(ValueAt(run, "objectives_met")), TextAt(ValueAt(run, "verdict"), "bottleneck")});
  }
  std::cout << table.ToString();
  for (const json& alarm : (*runs)["alarms"]) {
    std::cerr << "panoscope: " << alarm.get<std::string>() << "\n";
  }
  return kExitOk;
}

void PrintSteps(const json& run) {
  Table table({{"step", Align::kRight},
               {"begins", Align::kLeft},
               {"for", Align::kRight},
               {"why", Align::kLeft},
               {"offered", Align::kRight},
               {"accepted", Align::kRight},
               {"connections", Align::kRight},
               {"p50", Align::kRight},
               {"p95", Align::kRight},
               {"p99", Align::kRight},
               {"errors", Align::kRight},
               {"bottleneck", Align::kLeft}});
  for (const json& s : run["steps"]) {
    const std::string label = TextAt(s, "label");
    const std::string shape = TextAt(s, "shape") == "ramp" ? ", ramp" : "";
    table.Add({CountText(ValueAt(s, "index")), LocalTime(ValueAt(s, "from")).substr(11),
               Seconds(ValueAt(s, "from"), ValueAt(s, "to")),
               (label.empty() ? TextAt(s, "reason") : label) + shape,
               Rate(ValueAt(s, "offered_rate")), Rate(ValueAt(s, "accepted_rate")),
               CountText(ValueAt(s, "connections")), Duration(ValueAt(s, "latency_p50")),
               Duration(ValueAt(s, "latency_p95")), Duration(ValueAt(s, "latency_p99")),
               CountText(ValueAt(s, "errors")), TextAt(ValueAt(s, "verdict"), "bottleneck")});
  }
  if (table.rows() > 0) std::cout << "\n" << table.ToString();
}

std::string ValueText(const std::string& metric, const json& value) {
  if (metric == "latency" || metric == "connect_latency") return Duration(value);
  return metric == "traffic" ? ByteRate(value) : Rate(value);
}

void PrintResults(const json& run) {
  Table table({{"objective", Align::kLeft},
               {"metric", Align::kLeft},
               {"limit", Align::kRight},
               {"value", Align::kRight},
               {"over", Align::kRight},
               {"", Align::kLeft}});
  size_t met = 0;
  for (const json& r : run["results"]) {
    if (r.value("met", true)) {
      ++met;
      continue;
    }
    const std::string metric = TextAt(r, "metric");
    table.Add({SubjectOf(r), metric, ValueText(metric, ValueAt(r, "limit")),
               ValueText(metric, ValueAt(r, "value")),
               r["over_share"].is_number()
                   ? fmt::format("{:.0f} % of the time", r["over_share"].get<double>() * 100)
                   : "",
               "NOT MET"});
  }
  if (table.rows() > 0) std::cout << "\n" << table.ToString();
  if (met > 0) std::cout << fmt::format("\n{} objectives met\n", met);
}

std::string Amount(const std::string& unit, const json& value) {
  if (unit == "us") return Duration(value);
  return unit == "1/s" ? Rate(value) : CountText(value);
}

void PrintReport(const json& report) {
  const json r = ValueAt(report, "reconciliation");
  std::cout << fmt::format("\n{} {} beside what was seen:\n", TextAt(report, "tool"),
                           TextAt(report, "file"));
  Table table({{"", Align::kLeft},
               {"reported", Align::kRight},
               {"seen", Align::kRight},
               {"difference", Align::kRight},
               {"", Align::kLeft}});
  for (const json& row : r["rows"]) {
    const std::string unit = TextAt(row, "unit");
    const json& difference = row["difference"];
    const json& agrees = row["agrees"];
    table.Add(
        {TextAt(row, "name"), Amount(unit, row["reported"]), Amount(unit, row["seen"]),
         difference.is_number() ? fmt::format("{:+.1f} %", difference.get<double>() * 100) : "–",
         agrees.is_boolean() && !agrees.get<bool>() ? "differs" : ""});
  }
  std::cout << table.ToString();
  const std::string omission = TextAt(ValueAt(r, "coordinated_omission"), "text");
  if (!omission.empty()) std::cout << "  " << omission << "\n";
  for (const json& finding : r["findings"]) {
    if (finding == omission) continue;
    std::cout << "  - " << finding.get<std::string>() << "\n";
  }
  for (const json& note : ValueAt(report, "notes")) {
    std::cout << "  note: " << note.get<std::string>() << "\n";
  }
}

void PrintRun(const json& run) {
  std::cout << fmt::format("{}  {}\n", TextAt(run, "id"), TextAt(run, "name"));
  std::cout << fmt::format("{}, {}, from {} for {}\n", TextAt(run, "state"), TextAt(run, "origin"),
                           LocalTime(ValueAt(run, "begin")),
                           Seconds(ValueAt(run, "begin"), ValueAt(run["data"], "to")));
  for (const auto& [key, value] : run["labels"].items()) {
    std::cout << fmt::format("  {} = {}\n", key, value.get<std::string>());
  }
  if (!TextAt(run, "notes").empty()) std::cout << TextAt(run, "notes") << "\n";
  std::cout << TextAt(ValueAt(run, "verdict"), "sentence") << "\n";
  PrintSteps(run);
  PrintResults(run);
  bool first = true;
  for (const json& event : run["events"]) {
    const std::string kind = TextAt(event, "kind");
    if (kind == "state" || kind == "bottleneck") continue;
    if (std::exchange(first, false)) std::cout << "\n";
    std::cout << fmt::format("{}  {}\n", LocalTime(ValueAt(event, "time")).substr(11),
                             TextAt(event, "text"));
  }
  for (const json& report : run["loadgen"]) PrintReport(report);
  for (const json& doubt : run["doubts"]) {
    std::cout << "doubt: " << doubt.get<std::string>() << "\n";
  }
}

int Show(const Options& options) {
  const auto run = Get(options.server, "/api/v1/runs/" + options.id);
  if (!run) return PrintError(run.error());
  if (options.as_json) {
    PrintJson(*run);
  } else {
    PrintRun(*run);
  }
  const json met = ValueAt(*run, "objectives_met");
  return met.is_boolean() && !met.get<bool>() ? kExitOverLimit : kExitOk;
}

int Note(const Options& options) {
  json body = json::object();
  if (!options.text.empty()) body["notes"] = options.text;
  if (!options.name.empty()) body["name"] = options.name;
  auto labels = LabelsOf(options.labels);
  if (!labels) return UsageError(labels.error());
  for (auto& [key, value] : labels->items()) {
    if (value == "") value = nullptr;
  }
  if (!labels->empty()) body["labels"] = *labels;
  if (body.empty()) return UsageError({Code::kInvalid, "what is to be noted?", ""});
  const auto run = Patch(options.server, "/api/v1/runs/" + options.id, body);
  if (!run) return PrintError(run.error());
  return options.as_json ? PrintJson(*run) : kExitOk;
}

int AddMark(const Options& options) {
  const json body = {{"text", options.text}, {"step", options.step}};
  const auto mark = Post(options.server, "/api/v1/runs/" + options.id + "/marks", body);
  if (!mark) return PrintError(mark.error());
  return options.as_json ? PrintJson(*mark) : kExitOk;
}

int DeleteRun(const Options& options) {
  const auto gone = Delete(options.server, "/api/v1/runs/" + options.id);
  if (!gone) return PrintError(gone.error());
  return options.as_json ? PrintJson(*gone) : kExitOk;
}

// A file as memory, however large: reports of hours are read without holding them.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat facts{};
    if (fd < 0 || fstat(fd, &facts) != 0) {
      error_ = ErrnoText(errno);
    } else if (!S_ISREG(facts.st_mode)) {
      error_ = "not a file";
    } else if (facts.st_size > 0) {
      size_ = static_cast<size_t>(facts.st_size);
      data_ = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
      if (data_ == MAP_FAILED) error_ = ErrnoText(errno), data_ = nullptr;
    }
    if (fd >= 0) ::close(fd);
  }
  ~MappedFile() {
    if (data_ != nullptr) munmap(data_, size_);
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  const std::string& error() const { return error_; }
  std::string_view text() const {
    return data_ == nullptr ? std::string_view()
                            : std::string_view(static_cast<char*>(data_), size_);
  }

 private:
  void* data_ = nullptr;
  size_t size_ = 0;
  std::string error_;
};

int Attach(const Options& options) {
  const MappedFile file(options.file);
  if (!file.error().empty()) {
    return PrintError({Code::kNotFound, options.file + ": " + file.error(), ""});
  }
  run::ReadOptions reading;
  reading.tool = options.tool;
  reading.file = std::filesystem::path(options.file).filename();
  auto report = run::ReadReport(file.text(), reading);
  if (report && report->tool == "shop") {
    // Its file holds the seconds of many runs: only those that were seen are compared.
    const auto run = Get(options.server, "/api/v1/runs/" + options.id);
    if (!run) return PrintError(run.error());
    const json data = ValueAt(*run, "data");
    reading.from = data.value("from", uint64_t{0});
    reading.to = data.value("to", uint64_t{UINT32_MAX});
    report = run::ReadReport(file.text(), reading);
  }
  if (!report) {
    return PrintError(
        {Code::kInvalid, options.file + ": " + report.error().text, report.error().hint});
  }
  const std::string begin = options.begin > 0 ? fmt::format("&begin={:.0f}", options.begin) : "";
  const auto attached =
      Post(options.server, "/api/v1/runs/" + options.id + "/loadgen?tool=report" + begin,
           run::ReportJson(*report));
  if (!attached) return PrintError(attached.error());
  if (options.as_json) return PrintJson(*attached);
  PrintReport(*attached);
  return kExitOk;
}

CLI::App* Sub(CLI::App& parent, Run& run, const OptionsPtr& options, const char* name,
              const char* what, int (*action)(const Options&)) {
  CLI::App* command = parent.add_subcommand(name, what);
  AddServerOptions(*command, options->server);
  command->add_flag("--json", options->as_json, "The server's answer as JSON");
  command->callback(
      [&run, options, action] { run = [options, action] { return action(*options); }; });
  return command;
}

void AddId(CLI::App* command, const OptionsPtr& options, bool required) {
  const char* what = required ? "The run" : "The run; left out: the one that runs";
  CLI::Option* id = command->add_option("id", options->id, what);
  if (required) id->required();
}

}  // namespace

void AddRun(CLI::App& app, Run& run) {
  CLI::App* parent = app.add_subcommand("run", "Load tests: start, stop, list, show, compare.");
  parent->require_subcommand(1);
  auto options = std::make_shared<Options>();

  CLI::App* start = Sub(*parent, run, options, "start", "Begin a run; prints its id.", Start);
  start->add_option("--name", options->name, "What to call it");
  start->add_option("--label", options->labels, "KEY=VALUE, may be given often");
  start->add_option("--notes", options->notes, "Text kept with it");
  start->add_option("--begin", options->begin, "Begin in the past (unix seconds)");
  start->add_option("--objective", options->objectives,
                    "[SERVICE:|CLIENT>SERVER:]METRIC=LIMIT, as latency=500ms, cart:errors=0; may "
                    "be given often. Without any, the limits of the map are the objectives");

  AddId(Sub(*parent, run, options, "stop", "End the run that runs.", Stop), options, false);
  Sub(*parent, run, options, "list", "List runs, newest first.", List);
  AddId(
      Sub(*parent, run, options, "show",
          "Show a run: steps, objectives, events. Exit code 3 when objectives are not met.", Show),
      options, false);

  CLI::App* note =
      Sub(*parent, run, options, "note", "Change a run's notes, name or labels.", Note);
  AddId(note, options, true);
  note->add_option("text", options->text, "Its notes from now on");
  note->add_option("--name", options->name, "What to call it");
  note->add_option("--label", options->labels, "KEY=VALUE; KEY= removes it");

  CLI::App* mark =
      Sub(*parent, run, options, "mark", "Put a mark into the run that runs.", AddMark);
  mark->add_option("text", options->text, "What to write beside it")->required();
  mark->add_option("--run", options->id, "Another run");
  mark->add_flag("--step", options->step, "A new step begins here");

  AddId(Sub(*parent, run, options, "delete", "Delete a run and its data.", DeleteRun), options,
        true);

  CLI::App* attach = Sub(*parent, run, options, "attach",
                         "Lay a load generator's own report beside a run.", Attach);
  AddId(attach, options, true);
  attach->add_option("file", options->file, "What it wrote")->required();
  attach
      ->add_option("--tool", options->tool, "auto, wrk, hey, k6, jmeter, locust, vegeta, ab, shop")
      ->capture_default_str();
  attach->add_option("--begin", options->begin,
                     "When the load began (unix seconds), where the report does not say");
}

}  // namespace pano::cli
