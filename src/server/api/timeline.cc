// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "server/api/json_writer.h"
#include "server/api/resources.h"

namespace pano::api {
namespace {

constexpr uint64_t kMaxPoints = 1200;

struct Cell {
  analysis::State state = analysis::State::kNoData;
  uint32_t bottleneck = 0;
  double rate_sum = 0;
  uint64_t rates = 0;
};

void AddFromMemory(const live::LiveState& live, uint64_t from, uint64_t to, uint64_t origin,
                   uint64_t step, std::map<uint64_t, Cell>& cells) {
  for (const live::SecondPtr& second : live.Seconds(from, to)) {
    if (!second->watched()) continue;
    Cell& cell = cells[origin + (second->second() - origin) / step * step];
    cell.state = live::WorseOf(second->verdict().state, cell.state);
    if (second->verdict().bottleneck != 0) cell.bottleneck = second->verdict().bottleneck;
    cell.rate_sum += second->verdict().request_rate;
    ++cell.rates;
  }
}

// What is only stored: each step judged by its own values, the verdict as it was recorded.
void AddFromArchive(Context& context, uint64_t from, uint64_t to, uint32_t step,
                    std::map<uint64_t, Cell>& cells) {
  const auto points = context.archive->Edges(std::nullopt, from, to, step);
  if (!points) return;
  std::map<uint64_t, live::WindowSet> steps;
  for (const Archive::EdgePoint& p : *points) {
    if (p.time < from || p.time >= to) continue;
    const uint64_t at = from + (p.time - from) / step * step;
    live::WindowSet& set = steps[at];
    set.from = at;
    set.to = at + step;
    set.edges.push_back({context.live->edge_directory().IdOf(p.edge), p.edge, p.window});
  }
  const auto names = context.live->names();
  const auto limits = context.live->limits();
  for (const auto& [at, set] : steps) {
    const live::MapView map = live::BuildMap(set, names, *limits);
    Cell& cell = cells[at];
    cell.state = map.worst_state;
    cell.rate_sum = map.entry_request_rate;
    cell.rates = 1;
  }
  const auto events = context.archive->Events(from, to);
  if (!events) return;
  uint32_t bottleneck = 0;
  auto event = events->begin();
  for (auto& [at, cell] : cells) {
    for (; event != events->end() && event->time_ns < (at + step) * 1'000'000'000u; ++event) {
      if (event->kind == schema::EventKind::kBottleneck) bottleneck = event->service;
    }
    cell.bottleneck = bottleneck;
  }
}

}  // namespace

Response GetTimeline(Context& context, const Request& request) {
  const auto asked = RangeOf(context, request, 600);
  if (!asked) return ErrorResponse(asked.error());
  const auto step_asked = request.Number("step", 0);
  if (!step_asked) return ErrorResponse(step_asked.error());
  const uint64_t span = asked->to - asked->from;
  if (*step_asked < 0 || *step_asked > 1e6 || span > 10ull * 366 * 86400) {
    return ErrorResponse({Code::kInvalid, "step or range out of bounds", ""});
  }
  const uint64_t step = std::max<uint64_t>(
      {(span + kMaxPoints - 1) / kMaxPoints, static_cast<uint64_t>(*step_asked), 1});

  std::map<uint64_t, Cell> cells;
  const auto [begin, end] = context.live->Span();
  uint64_t memory_from = asked->from;
  if (context.archive != nullptr && (asked->from < begin || begin == end)) {
    const uint64_t split = begin == end ? asked->to : std::min(asked->to, begin);
    memory_from = std::min(asked->to, asked->from + (split - asked->from + step - 1) / step * step);
    AddFromArchive(context, asked->from, memory_from, static_cast<uint32_t>(step), cells);
  }
  AddFromMemory(*context.live, memory_from, asked->to, asked->from, step, cells);

  JsonWriter out;
  const auto column = [&](std::string_view name, auto write) {
    out.Key(name).BeginArray();
    for (uint64_t t = asked->from; t < asked->to; t += step) {
      const auto at = cells.find(t);
      write(at == cells.end() ? Cell{} : at->second);
    }
    out.EndArray();
  };
  out.BeginObject().Key("from").Integer(asked->from).Key("to").Integer(asked->to);
  out.Key("step").Integer(step);
  column("state", [&](const Cell& c) { out.Text(analysis::Name(c.state)); });
  column("bottleneck",
         [&](const Cell& c) { c.bottleneck == 0 ? out.Null() : out.Integer(c.bottleneck); });
  column("request_rate", [&](const Cell& c) {
    c.rates == 0 ? out.Null() : out.Number(c.rate_sum / static_cast<double>(c.rates));
  });
  out.EndObject();
  return JsonResponse(out.Take());
}

}  // namespace pano::api
