// SPDX-License-Identifier: Apache-2.0
#include "server/alert/alert_keeper.h"

#include <filesystem>

#include "server/alert/alert_json.h"
#include "server/alert/alert_keeper_impl.h"
#include "server/alert/message.h"

namespace pano::alert {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr uint64_t kAskRunsSeconds = 5;

}  // namespace

AlertKeeper::Impl::~Impl() {
  if (thread_.joinable()) {
    thread_.request_stop();
    waiting_.Close();
    thread_.join();
  }
  courier_.reset();  // nobody is called from here on
  if (history_) SaveState();
}

Status AlertKeeper::Impl::Open() {
  if (!options_.folder.empty()) {
    std::error_code error;
    std::filesystem::create_directories(options_.folder, error);
  }
  std::string note;
  const std::string path = options_.folder.empty() ? "" : options_.folder + "/alerts.sqlite";
  auto history = alert::History::Open(path, note);
  if (!history) {
    note = "alerts: " + history.error().text + "; history is only kept in memory";
    history = alert::History::Open("", note);
  }
  if (!history) return std::unexpected(std::move(history).error());
  history_ = std::move(*history);
  if (!note.empty()) alarms_["open"] = note;  // stays told
  try {
    const json state = history_->LoadState();
    if (state.is_object()) {
      watch_.Load(state.value("watch", json::object()), NowSeconds());
      dispatcher_.Load(state.value("deliveries", json::array()));
    }
  } catch (const json::exception& error) {
    alarms_["state"] = std::string("what fired before the restart is not known: ") + error.what();
  }
  Reload();
  courier_ = std::make_unique<Courier>();
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  return {};
}

void AlertKeeper::Impl::Tick(Observation observation) {
  if (!waiting_.Push(std::move(observation))) ++unwatched_;
}

void AlertKeeper::Impl::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (auto observation = waiting_.Pop(200ms)) Observe(*std::move(observation));
    Reload();
    TakeAnswers();
    SendDue();
    SaveState();
  }
}

void AlertKeeper::Impl::Observe(Observation observation) {
  const uint64_t time = observation.time();
  if (options_.runs && time >= runs_asked_ + kAskRunsSeconds) {
    runs_ = options_.runs();
    runs_asked_ = time;
  }
  if (options_.runs) observation.runs = runs_;
  std::vector<Alert> changed;
  {
    const std::lock_guard lock(mutex_);
    changed = watch_.Look(std::move(observation));
    dirty_ = dirty_ || !changed.empty();
  }
  for (const Alert& alert : changed) Record(AlertEntry(alert, time));
}

void AlertKeeper::Impl::Record(const json& entry) { SetAlarm("history", history_->Add(entry)); }

void AlertKeeper::Impl::SetAlarm(const std::string& what, const Status& status) {
  const std::lock_guard lock(mutex_);
  if (status) {
    alarms_.erase(what);
  } else {
    alarms_[what] = status.error().text;
  }
}

void AlertKeeper::Impl::TakeAnswers() {
  std::vector<Answer> answers;
  {
    const std::lock_guard lock(answers_mutex_);
    answers.swap(answers_);
  }
  const uint64_t now = NowSeconds();
  for (const Answer& answer : answers) {
    const Outcome outcome = Judge(answer.route, answer.reply);
    {
      const std::lock_guard lock(mutex_);
      dispatcher_.Done(answer.due, outcome, answer.severity, now);
      outcome.ok ? ++sent_ : ++failed_;
      dirty_ = true;
    }
    // What an Alertmanager is told every minute is no news.
    const bool routine = outcome.ok && answer.due.kind == MessageKind::kRepeat &&
                         answer.route.kind == RouteKind::kAlertmanager;
    if (!routine) Record(MessageEntry(answer.due, outcome, answer.route.name, answer.title, now));
  }
}

Message AlertKeeper::Impl::MessageOf(const Due& due) const {
  Message message;
  message.kind = due.kind;
  message.time = NowSeconds();
  message.url = options_.external_url;
  message.group = watch_.groups().at(due.group);
  for (const std::string& id : message.group.alerts) {
    const auto at = watch_.firing().find(id);
    if (at != watch_.firing().end() && message.alerts.size() < kMostListed) {
      message.alerts.push_back(at->second);
    }
  }
  for (const std::string& id : message.group.replaces) {
    const auto at = watch_.groups().find(id);
    if (at != watch_.groups().end()) message.replaced.push_back(at->second);
  }
  return message;
}

void AlertKeeper::Impl::SendDue() {
  const std::lock_guard lock(mutex_);
  const std::vector<Route> routes = kept_.Routes();
  for (const Due& due : dispatcher_.Plan(NowSeconds(), watch_.groups(), watch_.firing(), routes)) {
    const Route& route = *FindIn(routes, due.route);
    const Message message = MessageOf(due);
    Answer answer{due, route, message.group.severity, Headline(message), {}};
    const bool taken = courier_->Post(MakeOutgoing(route, message, WallNs() / 1'000'000u),
                                      [this, answer](Reply reply) {
                                        const std::lock_guard held(answers_mutex_);
                                        answers_.push_back(answer);
                                        answers_.back().reply = std::move(reply);
                                      });
    if (!taken) dispatcher_.Undone(due);
  }
}

void AlertKeeper::Impl::SaveState() {
  json state;
  {
    const std::lock_guard lock(mutex_);
    if (!dirty_) return;
    dirty_ = false;
    state = {{"watch", watch_.Save()}, {"deliveries", dispatcher_.Save()}};
  }
  SetAlarm("history state", history_->SaveState(state));
}

// Reads what changed on disk since. Called before the thread runs, then by it.
void AlertKeeper::Impl::Reload() {
  const std::lock_guard edit(edit_mutex_);
  const bool own = Load(EntryPath(), own_stamp_, kept_.own, false);
  const bool fixed = Load(options_.provisioned, fixed_stamp_, kept_.fixed, true);
  if (!own && !fixed && applied_) return;
  const std::lock_guard lock(mutex_);
  Apply();
}

bool AlertKeeper::Impl::Load(const std::string& path, uint64_t& stamp, Entries& into,
                             bool provisioned) {
  if (path.empty()) return false;
  const uint64_t now = StampOf(path);
  if (now == stamp && applied_) return false;
  stamp = now;
  auto entries =
      provisioned ? LoadProvisioned(path, NowSeconds()) : LoadEntries(path, NowSeconds());
  const std::lock_guard lock(mutex_);
  const std::string what = provisioned ? "provisioned" : "entries";
  if (entries) {
    into = std::move(*entries);
    alarms_.erase(what);
  } else if (entries.error().code != Code::kNotFound || provisioned) {
    alarms_[what] = entries.error().text + "; what was known before stays";
  }
  return entries.has_value();
}

void AlertKeeper::Impl::Apply() {
  std::vector<Rule> rules = kept_.Rules();
  std::erase_if(rules, [this](const Rule& rule) { return !kept_.On(rule); });
  watch_.SetRules(std::move(rules));
  watch_.SetSilences(kept_.Silences());
  applied_ = true;
}

// Writes first, then believes it.
Status AlertKeeper::Impl::Commit(Entries next) {
  const std::string path = EntryPath();
  if (!path.empty()) PANO_TRY(SaveEntries(path, next));
  const std::lock_guard lock(mutex_);
  if (!path.empty()) own_stamp_ = StampOf(path);
  kept_.own = std::move(next);
  alarms_.erase("entries");
  Apply();
  return {};
}

Result<json> AlertKeeper::Impl::Put(Kept what, const std::string& id, std::string_view text) {
  if (!id.empty() && !ValidId(id)) return Fail(Code::kInvalid, "id: [0-9a-z-], at most 40");
  const json body = json::parse(text, nullptr, false);
  if (!body.is_object()) return Fail(Code::kInvalid, "the body is not a JSON object");
  const std::lock_guard edit(edit_mutex_);
  Entries next;
  {
    const std::lock_guard lock(mutex_);
    next = kept_.own;
  }
  PANO_ASSIGN(const std::string made, kept_.Put(what, next, id, body, NowSeconds()));
  PANO_TRY(Commit(std::move(next)));
  if (what == Kept::kRoutes) {
    const std::lock_guard lock(mutex_);
    dispatcher_.Reset(made);
  }
  return Find(what, made);
}

Result<json> AlertKeeper::Impl::Remove(Kept what, const std::string& id) {
  const std::lock_guard edit(edit_mutex_);
  Entries next;
  {
    const std::lock_guard lock(mutex_);
    next = kept_.own;
  }
  PANO_ASSIGN(const KeptEntries::Removed removed, kept_.Remove(what, next, id, NowSeconds()));
  if (removed.gone) PANO_TRY(Commit(std::move(next)));
  return json{{removed.builtin ? "reset" : "deleted", id}};
}

Result<json> AlertKeeper::Impl::Test(const std::string& id) {
  Route route;
  {
    const std::lock_guard lock(mutex_);
    const auto all = kept_.Routes();
    const Route* found = FindIn(all, id);
    if (found == nullptr) return Fail(Code::kNotFound, "there is no route \"{}\"", id);
    route = *found;
  }
  if (testing_.exchange(true)) return Fail(Code::kExhausted, "another test is under way");
  const uint64_t now = NowSeconds();
  const Message message = TestMessage(route.name, options_.external_url, now);
  const Reply reply = Send(MakeOutgoing(route, message, WallNs() / 1'000'000u));
  testing_ = false;
  const Outcome outcome = Judge(route, reply);
  const Due due{route.id, "test", MessageKind::kTest, 1};
  Record(MessageEntry(due, outcome, route.name, Headline(message), now));
  return json{{"ok", outcome.ok},
              {"route", id},
              {"status", outcome.status != 0 ? json(outcome.status) : json()},
              {"answer", outcome.answer},
              {"error", outcome.error},
              {"elapsed_ms", reply.elapsed_ms},
              {"retry_after_s", outcome.retry_after_s != 0 ? json(outcome.retry_after_s) : json()}};
}

AlertKeeper::AlertKeeper(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AlertKeeper::~AlertKeeper() = default;

Result<std::unique_ptr<AlertKeeper>> AlertKeeper::Open(KeeperOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  PANO_TRY(impl->Open());
  return std::unique_ptr<AlertKeeper>(new AlertKeeper(std::move(impl)));
}

void AlertKeeper::Tick(Observation observation) { impl_->Tick(std::move(observation)); }
json AlertKeeper::Now() const { return impl_->Now(); }
Result<json> AlertKeeper::History(const HistoryQuery& query) const {
  return impl_->history_->Read(query);
}
AlertCounts AlertKeeper::Counts() const { return impl_->Counts(); }
json AlertKeeper::List(Kept what) const { return impl_->List(what); }
Result<json> AlertKeeper::Find(Kept what, const std::string& id) const {
  return impl_->Find(what, id);
}
Result<json> AlertKeeper::Put(Kept what, const std::string& id, std::string_view body) {
  return impl_->Put(what, id, body);
}
Result<json> AlertKeeper::Remove(Kept what, const std::string& id) {
  return impl_->Remove(what, id);
}
Result<json> AlertKeeper::Test(const std::string& route) { return impl_->Test(route); }
std::vector<std::string> AlertKeeper::Alarms() const { return impl_->Alarms(); }

}  // namespace pano::alert
