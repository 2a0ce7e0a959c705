// SPDX-License-Identifier: Apache-2.0
#include "server/alert/alert_keeper.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/clock.h"
#include "base/queue.h"
#include "base/stable_order.h"
#include "server/alert/alert_json.h"
#include "server/alert/entry_file.h"
#include "server/alert/entry_json.h"
#include "server/alert/history.h"
#include "server/alert/receiver.h"
#include "server/alert/watch.h"

namespace pano::alert {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr size_t kMaxWaiting = 16;  // observations
constexpr uint64_t kShowResolvedSeconds = 300;
constexpr uint64_t kAskRunsSeconds = 5;
constexpr uint64_t kKeepEndedSeconds = uint64_t{7} * 86'400;

uint64_t NowSeconds() { return WallNs() / 1'000'000'000u; }

template <typename T>
const T* FindIn(const std::vector<T>& list, std::string_view id) {
  const auto at = std::ranges::find(list, id, &T::id);
  return at == list.end() ? nullptr : &*at;
}

template <typename T>
void PutInto(std::vector<T>& list, T entry) {
  const auto at = std::ranges::find(list, entry.id, &T::id);
  at == list.end() ? list.push_back(std::move(entry)) : void(*at = std::move(entry));
}

template <typename T>
bool EraseFrom(std::vector<T>& list, std::string_view id) {
  return std::erase_if(list, [id](const T& one) { return one.id == id; }) > 0;
}

// What came back of a message; made on the courier's thread.
struct Answer {
  Due due;
  Route route;
  Severity severity = Severity::kInfo;
  std::string title;
  Reply reply;
};

}  // namespace

class AlertKeeper::Impl {
 public:
  explicit Impl(KeeperOptions options) : options_(std::move(options)), waiting_(kMaxWaiting) {}
  ~Impl();

  Status Open();
  void Tick(Observation observation);
  json Now() const;
  AlertCounts Counts() const;
  json List(Kept what) const;
  Result<json> Find(Kept what, const std::string& id) const;
  Result<json> Put(Kept what, const std::string& id, std::string_view body);
  Result<json> Remove(Kept what, const std::string& id);
  Result<json> Test(const std::string& id);
  std::vector<std::string> Alarms() const;

  std::unique_ptr<alert::History> history_;

 private:
  void Run(const std::stop_token& stop);
  void Observe(Observation observation);
  void TakeAnswers();
  void SendDue();
  Message MessageOf(const Due& due) const;
  void Reload();
  bool Load(const std::string& path, uint64_t& stamp, Entries& into, bool provisioned);
  void Apply();
  void SaveState();
  void SetAlarm(const std::string& what, const Status& status);
  void Record(const json& entry);

  // With the lock held.
  bool AnyRoute() const;
  std::vector<Rule> AllRules() const;
  std::vector<Route> AllRoutes() const;
  std::vector<Silence> AllSilences() const;
  bool On(const Rule& rule) const;
  json Public(const Rule& rule) const;
  json Public(const Route& route) const;
  json Public(const Silence& silence) const;
  Result<json> PutRule(Entries& next, const std::string& id, const json& body);
  Result<json> PutRoute(Entries& next, const std::string& id, const json& body);
  Result<json> PutSilence(Entries& next, const std::string& id, const json& body);
  template <typename T>
  Result<std::string> FreeId(const std::vector<T>& own, const std::vector<T>& fixed,
                             const std::string& wanted, const char* prefix, const json& body) const;
  Status Commit(Entries next);

  std::string EntryPath() const {
    return options_.folder.empty() ? "" : options_.folder + "/alerts.json";
  }

  const KeeperOptions options_;
  BoundedQueue<Observation> waiting_;
  std::atomic<uint64_t> unwatched_{0};
  std::atomic<bool> testing_{false};

  std::mutex edit_mutex_;  // one change at a time; taken before mutex_
  mutable std::mutex mutex_;
  Entries own_;
  Entries fixed_;  // provisioned
  uint64_t own_stamp_ = 0;
  uint64_t fixed_stamp_ = 0;
  Watch watch_;
  Dispatcher dispatcher_;
  std::map<std::string, std::string> alarms_;
  bool dirty_ = false;
  bool applied_ = false;  // written under both locks
  uint64_t sent_ = 0;
  uint64_t failed_ = 0;

  std::vector<RunFacts> runs_;  // the thread's
  uint64_t runs_asked_ = 0;

  std::mutex answers_mutex_;
  std::vector<Answer> answers_;  // at most as many as are under way

  std::unique_ptr<Courier> courier_;
  std::jthread thread_;
};

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
  if (!note.empty()) alarms_["history"] = note;
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
  if (status) return;  // what was told at the start stays told
  const std::lock_guard lock(mutex_);
  alarms_[what] = status.error().text;
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
  const std::vector<Route> routes = AllRoutes();
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
  SetAlarm("history", history_->SaveState(state));
}

// Reads what changed on disk since. Called before the thread runs, then by it.
void AlertKeeper::Impl::Reload() {
  const std::lock_guard edit(edit_mutex_);
  const bool own = Load(EntryPath(), own_stamp_, own_, false);
  const bool fixed = Load(options_.provisioned, fixed_stamp_, fixed_, true);
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

bool AlertKeeper::Impl::AnyRoute() const {
  const auto enabled = [](const Route& route) { return route.enabled; };
  return std::ranges::any_of(own_.routes, enabled) || std::ranges::any_of(fixed_.routes, enabled);
}

bool AlertKeeper::Impl::On(const Rule& rule) const {
  return rule.enabled == Enabled::kOn || (rule.enabled == Enabled::kAuto && AnyRoute());
}

std::vector<Rule> AlertKeeper::Impl::AllRules() const {
  std::vector<Rule> out = BuiltinRules();
  for (Rule rule : own_.rules) {
    rule.origin = FindIn(BuiltinRules(), rule.id) != nullptr ? Origin::kChanged : Origin::kUser;
    PutInto(out, std::move(rule));
  }
  for (const Rule& rule : fixed_.rules) PutInto(out, rule);
  return out;
}

std::vector<Route> AlertKeeper::Impl::AllRoutes() const {
  std::vector<Route> out = own_.routes;
  for (const Route& route : fixed_.routes) PutInto(out, route);
  return out;
}

std::vector<Silence> AlertKeeper::Impl::AllSilences() const {
  std::vector<Silence> out = own_.silences;
  for (const Silence& silence : fixed_.silences) PutInto(out, silence);
  return out;
}

void AlertKeeper::Impl::Apply() {
  std::vector<Rule> rules = AllRules();
  std::erase_if(rules, [this](const Rule& rule) { return !On(rule); });
  watch_.SetRules(std::move(rules));
  watch_.SetSilences(AllSilences());
  applied_ = true;
}

json AlertKeeper::Impl::Now() const {
  const std::lock_guard lock(mutex_);
  std::vector<Alert> alerts = watch_.Pending();
  const size_t pending = alerts.size();
  size_t silenced = 0;
  for (const auto& [id, alert] : watch_.firing()) {
    alerts.push_back(alert);
    silenced += alert.silenced_by.empty() ? 0 : 1;
  }
  StableOrder(alerts, [](const Alert& a, const Alert& b) {
    if (a.phase != b.phase) return a.phase == Phase::kFiring;
    return a.severity != b.severity ? a.severity > b.severity : a.since < b.since;
  });
  const uint64_t time = watch_.seen().map == nullptr ? NowSeconds() : watch_.seen().time();
  const std::vector<Rule> rules = AllRules();
  const bool on = std::ranges::any_of(rules, [this](const Rule& rule) { return On(rule); });
  json out = {{"time", time},
              {"on", on},
              {"why_off", on           ? ""
                          : AnyRoute() ? "no rule is enabled"
                                       : "no route is enabled"},
              {"alerts", json::array()},
              {"groups", json::array()},
              {"counts",
               {{"pending", pending}, {"firing", watch_.firing().size()}, {"silenced", silenced}}},
              {"alarms", json::array()}};
  for (const Alert& alert : alerts) out["alerts"].push_back(AlertJson(alert));
  for (const auto& [id, group] : watch_.groups()) {
    if (group.resolved_at != 0 && group.resolved_at + kShowResolvedSeconds <= time) continue;
    out["groups"].push_back(GroupJson(group, dispatcher_));
  }
  for (const auto& [what, text] : alarms_) out["alarms"].push_back(text);
  return out;
}

AlertCounts AlertKeeper::Impl::Counts() const {
  const std::lock_guard lock(mutex_);
  AlertCounts out;
  out.pending = watch_.Pending().size();
  out.firing = watch_.firing().size();
  for (const auto& [id, alert] : watch_.firing()) out.silenced += alert.silenced_by.empty() ? 0 : 1;
  out.sent = sent_;
  out.failed = failed_;
  out.unwatched = unwatched_;
  return out;
}

std::vector<std::string> AlertKeeper::Impl::Alarms() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (const auto& [what, text] : alarms_) out.push_back(text);
  return out;
}

json AlertKeeper::Impl::Public(const Rule& rule) const {
  json out = RuleJson(rule);
  out["on"] = On(rule);
  out["origin"] = Name(rule.origin);
  out["warnings"] = RuleWarnings(rule, watch_.seen().map.get());
  return out;
}

json AlertKeeper::Impl::Public(const Route& route) const {
  json out = PublicRouteJson(route);
  out["origin"] = Name(route.origin);
  out["warnings"] = RouteWarnings(route);
  out["health"] = HealthJson(dispatcher_.Health(route.id), dispatcher_.Waiting(route.id));
  return out;
}

json AlertKeeper::Impl::Public(const Silence& silence) const {
  json out = SilenceJson(silence);
  out["origin"] = Name(silence.origin);
  out["state"] = Name(StateOf(silence, NowSeconds()));
  out["matched"] = std::ranges::count_if(watch_.firing(), [&silence](const auto& entry) {
    return entry.second.silenced_by == silence.id;
  });
  return out;
}

json AlertKeeper::Impl::List(Kept what) const {
  const std::lock_guard lock(mutex_);
  json out = json::array();
  if (what == Kept::kRules) {
    for (const Rule& rule : AllRules()) out.push_back(Public(rule));
    return {{"rules", std::move(out)}};
  }
  if (what == Kept::kRoutes) {
    for (const Route& route : AllRoutes()) out.push_back(Public(route));
    return {{"routes", std::move(out)}};
  }
  for (const Silence& silence : AllSilences()) out.push_back(Public(silence));
  return {{"silences", std::move(out)}};
}

Result<json> AlertKeeper::Impl::Find(Kept what, const std::string& id) const {
  const std::lock_guard lock(mutex_);
  if (what == Kept::kRules) {
    const auto all = AllRules();
    if (const Rule* rule = FindIn(all, id)) return Public(*rule);
    return Fail(Code::kNotFound, "there is no rule \"{}\"", id);
  }
  if (what == Kept::kRoutes) {
    const auto all = AllRoutes();
    if (const Route* route = FindIn(all, id)) return Public(*route);
    return Fail(Code::kNotFound, "there is no route \"{}\"", id);
  }
  const auto all = AllSilences();
  if (const Silence* silence = FindIn(all, id)) return Public(*silence);
  return Fail(Code::kNotFound, "there is no silence \"{}\"", id);
}

template <typename T>
Result<std::string> AlertKeeper::Impl::FreeId(const std::vector<T>& own,
                                              const std::vector<T>& fixed,
                                              const std::string& wanted, const char* prefix,
                                              const json& body) const {
  const auto taken = [&](const std::string& id) {
    return FindIn(own, id) != nullptr || FindIn(fixed, id) != nullptr;
  };
  const bool given = body.is_object() && body.contains("id") && body["id"].is_string();
  if (given && taken(wanted)) return Fail(Code::kInvalid, "id: \"{}\" is there already", wanted);
  const std::string stem = wanted.empty() ? std::string(prefix) : wanted.substr(0, 34);
  if (!wanted.empty() && !taken(wanted)) return wanted;
  for (int i = wanted.empty() ? 1 : 2;; ++i) {
    std::string id = fmt::format("{}-{}", stem, i);
    if (!taken(id)) return id;
  }
}

Result<json> AlertKeeper::Impl::PutRule(Entries& next, const std::string& id, const json& body) {
  PANO_ASSIGN(Rule rule, RuleFromJson(body, id));
  if (id.empty()) {
    std::vector<Rule> fixed = fixed_.rules;
    fixed.insert(fixed.end(), BuiltinRules().begin(), BuiltinRules().end());
    PANO_ASSIGN(rule.id, FreeId(next.rules, fixed, rule.id, "rule", body));
  }
  if (FindIn(fixed_.rules, rule.id) != nullptr) {
    return Fail(Code::kDenied, "rule \"{}\" comes from the configuration file", rule.id);
  }
  const std::string made = rule.id;
  PutInto(next.rules, std::move(rule));
  if (next.rules.size() > kMaxRules) return Fail(Code::kExhausted, "at most {} rules", kMaxRules);
  return json(made);
}

Result<json> AlertKeeper::Impl::PutRoute(Entries& next, const std::string& id, const json& body) {
  PANO_ASSIGN(Route route, RouteFromJson(body, id, FindIn(next.routes, id)));
  if (id.empty()) {
    PANO_ASSIGN(route.id, FreeId(next.routes, fixed_.routes, route.id, "route", body));
  }
  if (FindIn(fixed_.routes, route.id) != nullptr) {
    return Fail(Code::kDenied, "route \"{}\" comes from the configuration file", route.id);
  }
  const std::string made = route.id;
  PutInto(next.routes, std::move(route));
  if (next.routes.size() > kMaxRoutes) {
    return Fail(Code::kExhausted, "at most {} routes", kMaxRoutes);
  }
  return json(made);
}

Result<json> AlertKeeper::Impl::PutSilence(Entries& next, const std::string& id, const json& body) {
  const uint64_t now = NowSeconds();
  PANO_ASSIGN(Silence silence, SilenceFromJson(body, id, now));
  std::erase_if(next.silences, [now](const Silence& one) {
    return StateOf(one, now) == SilenceState::kEnded && one.ends_at + kKeepEndedSeconds < now;
  });
  if (id.empty()) {
    PANO_ASSIGN(silence.id, FreeId(next.silences, fixed_.silences, silence.id, "silence", body));
  }
  if (FindIn(fixed_.silences, silence.id) != nullptr) {
    return Fail(Code::kDenied, "silence \"{}\" comes from the configuration file", silence.id);
  }
  if (const Silence* old = FindIn(next.silences, silence.id)) silence.created_at = old->created_at;
  const std::string made = silence.id;
  PutInto(next.silences, std::move(silence));
  if (next.silences.size() > kMaxSilences) {
    return Fail(Code::kExhausted, "at most {} silences", kMaxSilences);
  }
  return json(made);
}

// Writes first, then believes it.
Status AlertKeeper::Impl::Commit(Entries next) {
  const std::string path = EntryPath();
  if (!path.empty()) PANO_TRY(SaveEntries(path, next));
  const std::lock_guard lock(mutex_);
  if (!path.empty()) own_stamp_ = StampOf(path);
  own_ = std::move(next);
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
    next = own_;
  }
  auto made = what == Kept::kRules    ? PutRule(next, id, body)
              : what == Kept::kRoutes ? PutRoute(next, id, body)
                                      : PutSilence(next, id, body);
  if (!made) return made;
  const auto made_id = made->get<std::string>();
  PANO_TRY(Commit(std::move(next)));
  if (what == Kept::kRoutes) {
    const std::lock_guard lock(mutex_);
    dispatcher_.Reset(made_id);
  }
  return Find(what, made_id);
}

Result<json> AlertKeeper::Impl::Remove(Kept what, const std::string& id) {
  const std::lock_guard edit(edit_mutex_);
  Entries next;
  {
    const std::lock_guard lock(mutex_);
    next = own_;
  }
  const bool fixed = (what == Kept::kRules && FindIn(fixed_.rules, id) != nullptr) ||
                     (what == Kept::kRoutes && FindIn(fixed_.routes, id) != nullptr) ||
                     (what == Kept::kSilences && FindIn(fixed_.silences, id) != nullptr);
  if (fixed) return Fail(Code::kDenied, "\"{}\" comes from the configuration file", id);
  const bool builtin = what == Kept::kRules && FindIn(BuiltinRules(), id) != nullptr;
  bool gone = false;
  if (what == Kept::kRules) gone = EraseFrom(next.rules, id);
  if (what == Kept::kRoutes) gone = EraseFrom(next.routes, id);
  if (what == Kept::kSilences) {
    const uint64_t now = NowSeconds();
    for (Silence& silence : next.silences) {
      if (silence.id != id) continue;
      gone = true;
      silence.every = Every::kOnce;
      silence.ends_at = std::min(silence.ends_at, now);
      silence.starts_at = std::min(silence.starts_at, silence.ends_at - 1);
    }
  }
  if (!gone && !builtin) return Fail(Code::kNotFound, "there is no \"{}\"", id);
  if (gone) PANO_TRY(Commit(std::move(next)));
  return json{{builtin ? "reset" : "deleted", id}};
}

Result<json> AlertKeeper::Impl::Test(const std::string& id) {
  Route route;
  {
    const std::lock_guard lock(mutex_);
    const auto all = AllRoutes();
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
