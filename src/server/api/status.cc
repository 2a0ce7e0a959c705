// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "server/api/json_writer.h"
#include "server/api/resources.h"

namespace pano::api {
namespace {

// An agent silent for longer is not there.
constexpr uint64_t kSilentSeconds = 10;

double UptimeSeconds(const Context& context) {
  return static_cast<double>(MonotonicNs() - context.started_ns) / 1e9;
}

struct AgentTotals {
  wire::AgentHealth health;
  size_t alive = 0;
};

AgentTotals TotalsOf(const Context& context) {
  AgentTotals out;
  for (const live::AgentStatus& a : context.live->Agents()) {
    if (a.last_second + kSilentSeconds < context.live->last_second()) continue;
    ++out.alive;
    out.health.tier = a.health.tier;
    out.health.stage = a.health.stage;
    out.health.cpu_us += a.health.cpu_us;
    out.health.memory_bytes += a.health.memory_bytes;
    out.health.events += a.health.events;
    out.health.connections += a.health.connections;
  }
  return out;
}

void WriteStore(JsonWriter& out, const store::StoreHealth& h) {
  out.BeginObject().Key("up").Bool(h.up).Key("engine").Text(h.engine);
  out.Key("last_error").Text(h.last_error).Key("restarts").Integer(h.restarts);
  out.Key("rows_written").Integer(h.rows_written).Key("rows_lost").Integer(h.rows_lost);
  out.Key("pending_rows").Integer(h.pending_rows).Key("bytes_on_disk").Integer(h.bytes_on_disk);
  out.Key("disk_full").Bool(h.disk_full).EndObject();
}

}  // namespace

Response GetStatus(Context& context, const Request&) {
  const AgentTotals agent = TotalsOf(context);
  JsonWriter out;
  out.BeginObject().Key("version").Text(context.version);
  out.Key("uptime_s").Number(UptimeSeconds(context)).Key("tier");
  const auto capture = context.capture.Get();
  out.Text(agent.alive == 0 ? capture->tier : agent.health.tier);
  out.Key("tier_missing").BeginArray();
  for (const std::string& text : capture->missing) out.Text(text);
  out.EndArray().Key("stage").Text(agent.alive == 0 ? "off" : agent.health.stage);
  out.Key("agent").BeginObject().Key("cpu_us_per_s").Integer(agent.health.cpu_us);
  out.Key("rss_bytes").Integer(agent.health.memory_bytes);
  out.Key("events_per_s").Integer(agent.health.events);
  out.Key("connections").Integer(agent.health.connections).EndObject().Key("store");
  if (context.archive == nullptr) {
    out.Null();
  } else {
    WriteStore(out, context.archive->Health());
  }
  out.Key("live").BeginObject().Key("memory_bytes").Integer(context.live->history_bytes());
  const auto [begin, end] = context.live->Span();
  out.Key("from").Integer(begin).Key("to").Integer(end).EndObject();
  out.Key("losses").BeginObject();
  for (const auto& [cause, count] : context.live->Losses()) out.Key(cause).Integer(count);
  out.EndObject().Key("hosts").BeginArray();
  for (const live::AgentStatus& a : context.live->Agents()) {
    out.BeginObject().Key("agent").Text(a.agent).Key("last_second").Integer(a.last_second);
    out.Key("tier").Text(a.health.tier).Key("stage").Text(a.health.stage).EndObject();
  }
  out.EndArray().EndObject();
  return JsonResponse(out.Take());
}

Response GetHealth(Context& context, const Request&) {
  const uint64_t now = WallNs() / 1'000'000'000u;
  const uint64_t last = context.live->last_second();
  Response response;
  response.content_type = "text/plain; charset=utf-8";
  response.headers.emplace_back("Cache-Control", "no-store");
  if (last != 0 && last + kSilentSeconds < now) {
    response.status = 503;
    response.body = fmt::format("the live map stands still since {} s\n", now - last);
    return response;
  }
  response.body = "ok\n";
  if (TotalsOf(context).alive == 0) response.body += "capture: off\n";
  if (context.archive != nullptr) {
    const store::StoreHealth health = context.archive->Health();
    if (!health.up) response.body += fmt::format("store: down ({})\n", health.last_error);
  }
  return response;
}

namespace {

// Prometheus text format 0.0.4.
class Exposition {
 public:
  void Family(std::string_view name, std::string_view type, std::string_view help) {
    out_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  void Value(std::string_view name, double value, std::string_view labels = "") {
    out_ += labels.empty() ? fmt::format("{} {}\n", name, value)
                           : fmt::format("{}{{{}}} {}\n", name, labels, value);
  }
  void One(std::string_view name, std::string_view type, std::string_view help, double value) {
    Family(name, type, help);
    Value(name, value);
  }
  static std::string Label(std::string_view name, std::string_view value) {
    std::string out = fmt::format("{}=\"", name);
    for (const char c : value) {
      if (c == '\\' || c == '"') out += '\\';
      if (c == '\n') {
        out += "\\n";
      } else {
        out += c;
      }
    }
    return out + '"';
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

void AddStore(Exposition& out, const store::StoreHealth& h) {
  out.One("panoscope_store_up", "gauge", "1 when the store answers", h.up ? 1 : 0);
  out.One("panoscope_store_restarts_total", "counter", "starts of the engine after a failure",
          static_cast<double>(h.restarts));
  out.One("panoscope_store_rows_written_total", "counter", "rows acknowledged",
          static_cast<double>(h.rows_written));
  out.One("panoscope_store_rows_lost_total", "counter", "rows dropped",
          static_cast<double>(h.rows_lost));
  out.One("panoscope_store_bytes", "gauge", "bytes on disk", static_cast<double>(h.bytes_on_disk));
  out.One("panoscope_store_disk_full", "gauge", "1 when nothing is written for lack of space",
          h.disk_full ? 1 : 0);
}

void AddAlerts(Exposition& out, const alert::AlertCounts& counts) {
  out.One("panoscope_alerts_firing", "gauge", "alerts that fire",
          static_cast<double>(counts.firing));
  out.One("panoscope_alerts_pending", "gauge", "alerts that may come to fire",
          static_cast<double>(counts.pending));
  out.One("panoscope_alerts_silenced", "gauge", "alerts that fire and are held back",
          static_cast<double>(counts.silenced));
  out.One("panoscope_alert_messages_total", "counter", "messages that receivers took",
          static_cast<double>(counts.sent));
  out.One("panoscope_alert_failures_total", "counter", "attempts that failed",
          static_cast<double>(counts.failed));
  out.One("panoscope_alert_seconds_unwatched_total", "counter", "seconds no rule looked at",
          static_cast<double>(counts.unwatched));
}

}  // namespace

Response GetMetrics(Context& context, const Request&) {
  Exposition out;
  const auto map = context.live->Latest();
  const AgentTotals agent = TotalsOf(context);
  out.Family("panoscope_build_info", "gauge", "version");
  out.Value("panoscope_build_info", 1, Exposition::Label("version", context.version));
  out.One("panoscope_uptime_seconds", "gauge", "since start", UptimeSeconds(context));
  out.One("panoscope_agents", "gauge", "agents that deliver", static_cast<double>(agent.alive));
  out.One("panoscope_agent_cpu_cores", "gauge", "CPU used by agents",
          static_cast<double>(agent.health.cpu_us) / 1e6);
  out.One("panoscope_agent_memory_bytes", "gauge", "memory used by agents",
          static_cast<double>(agent.health.memory_bytes));
  out.One("panoscope_agent_connections", "gauge", "connections followed",
          static_cast<double>(agent.health.connections));
  out.One("panoscope_map_nodes", "gauge", "on the live map",
          static_cast<double>(map->nodes.size()));
  out.One("panoscope_map_edges", "gauge", "on the live map",
          static_cast<double>(map->edges.size()));
  out.One("panoscope_map_time_seconds", "gauge", "newest second on the live map",
          static_cast<double>(map->time));
  out.One("panoscope_live_memory_bytes", "gauge", "the last minutes in memory",
          static_cast<double>(context.live->history_bytes()));
  out.One("panoscope_ingest_backlog", "gauge", "batches waiting",
          static_cast<double>(context.ingest_backlog()));
  out.Family("panoscope_losses_total", "counter", "what was not seen or dropped, by cause");
  for (const auto& [cause, count] : context.live->Losses()) {
    out.Value("panoscope_losses_total", static_cast<double>(count),
              Exposition::Label("cause", cause));
  }
  const HttpCounters& http = context.counters;
  out.One("panoscope_http_requests_total", "counter", "requests answered",
          static_cast<double>(http.requests.load()));
  out.One("panoscope_http_errors_total", "counter", "answers of 400 and above",
          static_cast<double>(http.errors.load()));
  out.One("panoscope_http_refused_total", "counter", "connections beyond the limit",
          static_cast<double>(http.refused.load()));
  out.One("panoscope_http_connections", "gauge", "connections open",
          static_cast<double>(http.connections.load()));
  out.One("panoscope_http_streams", "gauge", "map streams open",
          static_cast<double>(http.streams.load()));
  out.One("panoscope_http_stream_resyncs_total", "counter", "streams too slow for the ticks",
          static_cast<double>(http.stream_resyncs.load()));
  if (context.archive != nullptr) AddStore(out, context.archive->Health());
  if (context.alerts != nullptr) AddAlerts(out, context.alerts->Counts());
  Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = out.Take();
  return response;
}

}  // namespace pano::api
