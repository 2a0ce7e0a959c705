// SPDX-License-Identifier: Apache-2.0
#include "server/pipeline.h"

#include <filesystem>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "server/alert/alert_keeper.h"
#include "server/api/limits_document.h"
#include "server/ingest/ingest_queue.h"
#include "server/run/run_keeper.h"
#include "server/run_backfill.h"
#include "server/store_archive.h"

namespace pano::server {
namespace {

using namespace std::chrono_literals;

constexpr uint64_t kNs = 1'000'000'000u;
// How long after its end a second waits for an agent that has not delivered it yet.
constexpr uint64_t kGraceNs = 1'200'000'000u;
// After a pause of the whole machine the map goes on from now.
constexpr uint64_t kMaxCatchUpSeconds = 5;
// An agent silent for longer does not deliver.
constexpr uint64_t kSilentSeconds = 10;
// A run is judged by alert rules this long after its end.
constexpr uint64_t kJustEndedSeconds = 60;

}  // namespace

class ServerPipeline::Impl {
 public:
  explicit Impl(ServerOptions options)
      : options_(std::move(options)),
        queue_(options_.ingest_capacity),
        tagger_(options_.tagger),
        live_(options_.live),
        files_(options_.http.ui_dir) {}
  ~Impl() { Stop(); }

  Status Start();
  void Stop();
  bool Submit(wire::Batch batch);

  ServerOptions options_;
  ingest::IngestQueue queue_;
  tag::Tagger tagger_;
  live::LiveState live_;
  api::StaticFiles files_;
  std::unique_ptr<StoreArchive> archive_;
  std::unique_ptr<run::RunKeeper> runs_;
  std::unique_ptr<alert::AlertKeeper> alerts_;
  api::Context context_;
  std::unique_ptr<api::HttpServer> http_;
  std::vector<std::string> warnings_;
  std::jthread thread_;

 private:
  void OpenStore();
  Status OpenRuns();
  void OpenAlerts();
  void WatchAlerts();
  std::vector<alert::RunFacts> RunsToJudge() const;
  Status LoadLimits();
  Status SetLimits(const analysis::Limits& limits);
  live::MapEvent AddEvent(tag::EventRow row);
  void StoreEvents(std::vector<tag::EventRow> events);
  void Run(const std::stop_token& stop);
  void AdvanceDue();
  void CountQueueLosses();
  std::string LimitsPath() const { return options_.data_dir + "/limits.json"; }

  ingest::IngestCounts counted_;
};

Status ServerPipeline::Impl::LoadLimits() {
  analysis::Limits limits;
  if (!options_.data_dir.empty()) {
    auto kept = api::LoadLimits(LimitsPath());
    if (kept) {
      limits = std::move(*kept);
    } else if (kept.error().code != Code::kNotFound) {
      warnings_.push_back("limits: " + kept.error().text + "; the defaults are used");
    }
  }
  analysis::LimitSet defaults = limits.defaults();
  std::vector<analysis::LimitOverride> overrides = limits.overrides();
  for (const analysis::LimitOverride& given : options_.limits) {
    if (given.service.empty() && given.client.empty()) {
      defaults[given.metric] = given.limit;
      continue;
    }
    std::erase_if(overrides, [&given](const analysis::LimitOverride& kept) {
      return kept.service == given.service && kept.client == given.client &&
             kept.server == given.server && kept.metric == given.metric;
    });
    overrides.push_back(given);
  }
  live_.SetLimits(analysis::Limits(defaults, std::move(overrides)));
  return {};
}

Status ServerPipeline::Impl::SetLimits(const analysis::Limits& limits) {
  if (!options_.data_dir.empty()) PANO_TRY(api::SaveLimits(LimitsPath(), limits));
  live_.SetLimits(limits);
  AddEvent({WallNs(), schema::EventKind::kLimits, 0, 0, "limits were changed"});
  return {};
}

live::MapEvent ServerPipeline::Impl::AddEvent(tag::EventRow row) {
  StoreEvents({row});
  return live_.AddEvent(std::move(row));
}

void ServerPipeline::Impl::StoreEvents(std::vector<tag::EventRow> events) {
  if (archive_ == nullptr || events.empty()) return;
  auto batch = std::make_shared<tag::TaggedBatch>();
  batch->second = WallNs() / kNs;
  batch->agent = "server";
  batch->events = std::move(events);
  if (!archive_->Add(std::move(batch))) live_.CountLoss("store_queue_full");
}

void ServerPipeline::Impl::OpenStore() {
  if (!options_.store || options_.data_dir.empty()) {
    warnings_.push_back("nothing is stored: the last 15 minutes are kept in memory");
    return;
  }
  store::EmbeddedOptions engine;
  engine.data_dir = options_.data_dir + "/store";
  engine.library = options_.store_library;
  engine.engine_command = options_.store_command;
  auto archive = StoreArchive::Open(std::move(engine), options_.retention, live_);
  if (!archive) {
    warnings_.push_back("no store: " + archive.error().ToString());
    return;
  }
  archive_ = std::move(*archive);
  auto kept = archive_->LoadDictionaries();
  if (!kept) {
    warnings_.push_back("names of earlier runs could not be read: " + kept.error().text);
    return;
  }
  tagger_.Load(*kept);
  live_.Load(kept->services);
}

Status ServerPipeline::Impl::OpenRuns() {
  run::KeeperOptions options;
  if (!options_.data_dir.empty()) options.folder = options_.data_dir + "/runs";
  options.version = options_.version;
  options.recognise = options_.recognise_runs;
  if (archive_ != nullptr) {
    options.backfill = [this](uint64_t from, uint64_t to) {
      return SecondsOf(*archive_, from, to);
    };
  }
  auto opened = run::RunKeeper::Open(options, live_);
  if (!opened && !options.folder.empty()) {
    warnings_.push_back("runs are only kept in memory: " + opened.error().text);
    options.folder.clear();
    opened = run::RunKeeper::Open(std::move(options), live_);
  }
  if (!opened) return std::unexpected(std::move(opened).error());
  runs_ = std::move(*opened);
  return {};
}

// The run that runs and those that just ended.
std::vector<alert::RunFacts> ServerPipeline::Impl::RunsToJudge() const {
  std::vector<alert::RunFacts> out;
  const uint64_t now = WallNs() / kNs;
  for (const run::RunSummary& run : runs_->List()) {
    const bool running = run.state == run::RunState::kRunning;
    if (!running && run.end + kJustEndedSeconds < now) continue;
    out.push_back({run.id, run.name, running, run.objectives_met == false, run.sentence});
  }
  return out;
}

void ServerPipeline::Impl::OpenAlerts() {
  alert::KeeperOptions options;
  options.folder = options_.data_dir;
  options.provisioned = options_.alerts_file;
  options.external_url = options_.external_url;
  options.runs = [this] { return RunsToJudge(); };
  auto opened = alert::AlertKeeper::Open(std::move(options));
  if (!opened) {
    warnings_.push_back("alerts are off: " + opened.error().text);
    return;
  }
  alerts_ = std::move(*opened);
  for (const std::string& text : alerts_->Alarms()) warnings_.push_back("alerts: " + text);
}

// Hands the second that was just completed to the rules.
void ServerPipeline::Impl::WatchAlerts() {
  if (alerts_ == nullptr) return;
  alert::Observation seen;
  seen.map = live_.Latest();
  seen.limits = live_.limits();
  if (archive_ != nullptr) {
    const store::StoreHealth health = archive_->Health();
    seen.store = {health.up, health.disk_full, health.rows_lost, health.last_error};
  }
  for (const live::AgentStatus& agent : live_.Agents()) {
    if (agent.last_second + kSilentSeconds >= live_.last_second()) ++seen.agents;
  }
  alerts_->Tick(std::move(seen));
}

Status ServerPipeline::Impl::Start() {
  if (!options_.data_dir.empty()) {
    std::error_code error;
    std::filesystem::create_directories(options_.data_dir, error);
    if (error) {
      return Fail(Code::kUnavailable, "cannot make {}: {}", options_.data_dir, error.message());
    }
  }
  PANO_TRY(LoadLimits());
  OpenStore();
  PANO_TRY(OpenRuns());
  context_.runs = runs_.get();
  OpenAlerts();
  context_.alerts = alerts_.get();
  context_.live = &live_;
  context_.archive = archive_.get();
  context_.files = &files_;
  context_.set_limits = [this](const analysis::Limits& limits) { return SetLimits(limits); };
  context_.add_event = [this](tag::EventRow row) { return AddEvent(std::move(row)); };
  context_.ingest_backlog = [this] { return uint64_t{queue_.size()}; };
  context_.version = options_.version;
  context_.started_ns = MonotonicNs();
  PANO_ASSIGN(http_, api::HttpServer::Start(options_.http, context_));
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  return {};
}

bool ServerPipeline::Impl::Submit(wire::Batch batch) { return queue_.Submit(std::move(batch)); }

void ServerPipeline::Impl::CountQueueLosses() {
  const ingest::IngestCounts now = queue_.counts();
  const auto count = [this](const char* cause, uint64_t now_count, uint64_t& before) {
    if (now_count > before) live_.CountLoss(cause, now_count - before);
    before = now_count;
  };
  count("ingest_queue_full", now.full, counted_.full);
  count("batch_malformed", now.malformed, counted_.malformed);
  count("batch_cut", now.cut, counted_.cut);
}

void ServerPipeline::Impl::AdvanceDue() {
  while (true) {
    const uint64_t now_ns = WallNs();
    const uint64_t last_whole = now_ns / kNs - 1;
    if (live_.last_second() >= last_whole) return;
    uint64_t next = live_.last_second() + 1;
    if (live_.last_second() == 0 || next + kMaxCatchUpSeconds < last_whole) next = last_whole;
    const bool waited = now_ns >= (next + 1) * kNs + kGraceNs;
    if (!waited && !live_.Complete(next)) return;
    CountQueueLosses();
    StoreEvents(live_.Advance(next));
    runs_->Tick();
    WatchAlerts();
    http_->Publish(live_.Latest());
  }
}

void ServerPipeline::Impl::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (auto batch = queue_.Next(20ms)) {
      auto tagged = std::make_shared<const tag::TaggedBatch>(tagger_.Tag(std::move(*batch)));
      if (archive_ != nullptr && !archive_->Add(tagged)) live_.CountLoss("store_queue_full");
      live_.Apply(*tagged);
    }
    AdvanceDue();
  }
}

void ServerPipeline::Impl::Stop() {
  queue_.Close();
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  if (http_ != nullptr) http_->Stop();
  context_.alerts = nullptr;
  alerts_.reset();  // asks the runs
  runs_.reset();    // writes the run that runs
  context_.archive = nullptr;
  archive_.reset();  // flushes
}

ServerPipeline::ServerPipeline(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ServerPipeline::~ServerPipeline() = default;

Result<std::unique_ptr<ServerPipeline>> ServerPipeline::Start(ServerOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  PANO_TRY(impl->Start());
  return std::unique_ptr<ServerPipeline>(new ServerPipeline(std::move(impl)));
}

bool ServerPipeline::Submit(wire::Batch batch) { return impl_->Submit(std::move(batch)); }
void ServerPipeline::SetCapture(std::string tier, std::vector<std::string> missing) {
  impl_->context_.capture.Set(std::make_shared<const api::CaptureNote>(
      api::CaptureNote{std::move(tier), std::move(missing)}));
}
void ServerPipeline::Stop() { impl_->Stop(); }
std::string ServerPipeline::url() const { return impl_->http_->url(); }
uint16_t ServerPipeline::port() const { return impl_->http_->port(); }
const std::vector<std::string>& ServerPipeline::warnings() const { return impl_->warnings_; }
live::LiveState& ServerPipeline::live() { return impl_->live_; }

}  // namespace pano::server
