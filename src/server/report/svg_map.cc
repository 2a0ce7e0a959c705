// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <map>
#include <set>

#include "base/cut_text.h"
#include "base/stable_order.h"
#include "server/report/svg.h"
#include "server/report/words.h"

namespace pano::report {
namespace {

constexpr double kWidth = 150;
constexpr double kHeight = 44;
constexpr double kColumn = 218;
constexpr double kRow = 56;
constexpr double kMargin = 12;

struct Place {
  size_t column = 0;
  double row = 0;
};

// Layers by longest path over edges that do not close a cycle, rows by the callers' mean row.
class Layout {
 public:
  explicit Layout(const live::MapView& map) {
    for (const live::MapNode& n : map.nodes) places_[n.id] = {};
    for (const live::MapEdge& e : map.edges) {
      const uint32_t client = e.edge.client_service;
      const uint32_t server = e.edge.server_service;
      if (client != server && places_.contains(client) && places_.contains(server)) {
        calls_[client].insert(server);
        called_.insert(server);
      }
    }
    for (const auto& [id, place] : places_) {
      if (!called_.contains(id)) Descend(id, 0);
    }
    for (const auto& [id, place] : places_) {
      if (!seen_.contains(id)) Descend(id, 0);
    }
    SetRows();
  }

  const std::map<uint32_t, Place>& places() const { return places_; }
  size_t columns() const { return columns_; }
  double rows() const { return rows_; }

 private:
  // Each call of it moves a node right, and never past the number of nodes: cycles end there.
  void Descend(uint32_t id, size_t column) {
    seen_.insert(id);
    if (path_.contains(id)) return;
    Place& place = places_[id];
    const bool first = done_.insert(id).second;
    if (!first && place.column >= column) return;
    place.column = std::max(place.column, column);
    path_.insert(id);
    for (const uint32_t server : calls_[id]) Descend(server, place.column + 1);
    path_.erase(id);
  }

  void SetRows() {
    std::map<size_t, std::vector<uint32_t>> columns;
    for (const auto& [id, place] : places_) columns[place.column].push_back(id);
    columns_ = columns.empty() ? 0 : columns.rbegin()->first + 1;
    for (auto& [column, ids] : columns) {
      StableOrder(ids, [this](uint32_t a, uint32_t b) { return Pull(a) < Pull(b); });
      for (size_t i = 0; i < ids.size(); ++i) places_[ids[i]].row = static_cast<double>(i);
      rows_ = std::max(rows_, static_cast<double>(ids.size()));
    }
    for (auto& [column, ids] : columns) {  // centred
      const double shift = (rows_ - static_cast<double>(ids.size())) / 2;
      for (const uint32_t id : ids) places_[id].row += shift;
    }
  }

  double Pull(uint32_t id) const {
    double sum = 0;
    double count = 0;
    for (const auto& [client, servers] : calls_) {
      if (!servers.contains(id)) continue;
      sum += places_.at(client).row;
      ++count;
    }
    return count > 0 ? sum / count : 0;
  }

  std::map<uint32_t, Place> places_;
  std::map<uint32_t, std::set<uint32_t>> calls_;
  std::set<uint32_t> called_;
  std::set<uint32_t> seen_;
  std::set<uint32_t> done_;
  std::set<uint32_t> path_;
  size_t columns_ = 0;
  double rows_ = 0;
};

double X(const Place& p) { return kMargin + static_cast<double>(p.column) * kColumn; }
double Y(const Place& p) { return kMargin + p.row * kRow; }

std::string WorstOf(const live::Standing& s) {
  if (!s.worst) return "";
  const bool duration = s.worst->metric == analysis::Metric::kLatency ||
                        s.worst->metric == analysis::Metric::kConnectLatency;
  const std::string_view what = s.worst->metric == analysis::Metric::kConnectLatency ? "TCP "
                                : s.worst->metric == analysis::Metric::kErrors       ? "err "
                                : s.worst->metric == analysis::Metric::kConnectFailures
                                    ? "conn fail "
                                    : "";
  return fmt::format("{}{}", what, duration ? SayLatency(s.worst->value) : SayRate(s.worst->value));
}

const char* ClassOf(const live::MapNode& n) {
  if (n.role == analysis::Role::kOrigin) return "origin";
  if (n.role == analysis::Role::kVictim) return "victim";
  return n.standing.state == analysis::State::kOver ? "over" : "calm";
}

void DrawEdge(std::string& out, const live::MapEdge& e, const Place& from, const Place& to) {
  const bool over = e.standing.state == analysis::State::kOver;
  const double traffic = e.metrics[analysis::Metric::kTraffic];
  const double width = std::isfinite(traffic) && traffic > 1
                           ? std::clamp(0.8 + 0.7 * (std::log10(traffic) - 2), 0.8, 4.5)
                           : 0.8;
  const double x1 = X(from) + kWidth;
  const double x2 = X(to);
  const double y1 = Y(from) + kHeight / 2;
  const double y2 = Y(to) + kHeight / 2;
  const double bend = std::max(30.0, std::abs(x2 - x1) * 0.5);
  const std::string path = fmt::format("M{:.0f} {:.0f}C{:.0f} {:.0f} {:.0f} {:.0f} {:.0f} {:.0f}",
                                       x1, y1, x1 + bend, y1, x2 - bend, y2, x2, y2);
  if (e.on_path) fmt::format_to(std::back_inserter(out), R"(<path class="halo" d="{}"/>)", path);
  fmt::format_to(std::back_inserter(out), R"(<path class="edge{}" d="{}" stroke-width="{:.1f}"/>)",
                 over ? " over" : "", path, over ? std::max(width, 1.8) : width);
  if (!over) return;
  const std::string label = WorstOf(e.standing);
  fmt::format_to(std::back_inserter(out), R"(<text class="pill" x="{:.0f}" y="{:.0f}">{}</text>)",
                 (x1 + x2) / 2, (y1 + y2) / 2 - 4, Escape(label));
}

void DrawNode(std::string& out, const live::MapNode& n, const Place& p) {
  const std::string worst = n.standing.state == analysis::State::kOver ? WorstOf(n.standing) : "";
  const double rate = n.metrics[analysis::Metric::kRequestRate];
  const double latency = n.metrics[analysis::Metric::kLatency];
  const std::string second =
      fmt::format("{}{}  {}", worst.empty() ? "" : "▲ ",
                  worst.empty() ? SayLatency(latency) : worst, SayRate(rate));
  const std::string count = n.replicas > 1 ? fmt::format(" ×{}", n.replicas) : "";
  constexpr size_t kLongestName = 21;
  fmt::format_to(
      std::back_inserter(out),
      R"(<g class="node {}"><rect x="{:.0f}" y="{:.0f}" width="{:.0f}" height="{:.0f}" rx="7"/>)"
      R"(<text class="name" x="{:.0f}" y="{:.0f}">{}{}</text><text x="{:.0f}" y="{:.0f}">{}</text></g>)",
      ClassOf(n), X(p), Y(p), kWidth, kHeight, X(p) + 10, Y(p) + 18,
      Escape(CutText(n.name, kLongestName)), count, X(p) + 10, Y(p) + 35, Escape(second));
}

}  // namespace

std::string Escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string MapSvg(const live::MapView& map) {
  const Layout layout(map);
  const double width =
      2 * kMargin + kWidth +
      kColumn * static_cast<double>(layout.columns() > 0 ? layout.columns() - 1 : 0);
  const double height = 2 * kMargin + kHeight + kRow * std::max(0.0, layout.rows() - 1);
  std::string out = fmt::format(
      R"(<svg class="map" viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="map of the services">)",
      width, height);
  const auto& places = layout.places();
  for (const bool over : {false, true}) {  // what matters is drawn last
    for (const live::MapEdge& e : map.edges) {
      if ((e.standing.state == analysis::State::kOver) != over) continue;
      const auto from = places.find(e.edge.client_service);
      const auto to = places.find(e.edge.server_service);
      if (from == places.end() || to == places.end() || from == to) continue;
      DrawEdge(out, e, from->second, to->second);
    }
  }
  for (const live::MapNode& n : map.nodes) DrawNode(out, n, places.at(n.id));
  return out + "</svg>";
}

}  // namespace pano::report
