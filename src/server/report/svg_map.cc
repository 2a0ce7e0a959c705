// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>

#include "base/cut_text.h"
#include "server/report/svg.h"
#include "server/report/svg_layout.h"
#include "server/report/words.h"

namespace pano::report {
namespace {

constexpr size_t kMaxNodes = 60;  // more are no picture on paper
constexpr size_t kNameBytes = 19;
constexpr double kLabelHeight = 15;

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

// Of the rest the busiest: what is over its limits and who takes part in the verdict stays.
live::MapView Drawn(const live::MapView& map) {
  if (map.nodes.size() <= kMaxNodes) return map;
  live::MapView out = map;
  const auto weight = [](const live::MapNode& n) {
    const double rate = n.metrics[analysis::Metric::kRequestRate];
    const bool told = n.role != analysis::Role::kNone || n.standing.state == analysis::State::kOver;
    return std::pair((told ? 1e12 : 0) + (std::isfinite(rate) ? rate : 0), n.id);
  };
  std::ranges::sort(out.nodes, std::greater<>(), weight);
  out.nodes.resize(kMaxNodes);
  return out;
}

struct Box {
  double left = 0;
  double top = 0;
  double right = 0;
  double bottom = 0;
  bool Meets(const Box& o) const {
    return left < o.right && o.left < right && top < o.bottom && o.top < bottom;
  }
};

class Picture {
 public:
  explicit Picture(const live::MapView& map) : map_(map), sheet_(LayOut(map)) {
    for (const auto& [id, at] : sheet_.cards) {
      taken_.push_back({at.x, at.y - Sheet::kCardHeight / 2, at.x + Sheet::kCardWidth,
                        at.y + Sheet::kCardHeight / 2});
    }
  }

  std::string Draw(size_t left_out) {
    const double note = left_out > 0 ? 22 : 0;
    Add(R"(<svg class="map" viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}">)", sheet_.width,
        sheet_.height + note, Escape(Said()));
    for (const auto& [i, route] : sheet_.routes) {
      if (map_.edges[i].on_path) Add(R"(<path class="halo" d="{}"/>)", PathOf(route));
    }
    for (const bool over : {false, true}) {  // what matters is drawn last
      for (const auto& [i, route] : sheet_.routes) {
        if ((map_.edges[i].standing.state == analysis::State::kOver) == over) Line(i, route, over);
      }
    }
    for (const live::MapNode& n : map_.nodes) Card(n, sheet_.cards.at(n.id));
    for (const auto& [i, route] : sheet_.routes) {
      if (map_.edges[i].standing.state == analysis::State::kOver) Label(i, route);
    }
    if (left_out > 0) {
      Add(R"(<text class="note" x="14" y="{:.0f}">{} less busy services within their limits are not drawn</text>)",
          sheet_.height + 12, left_out);
    }
    return std::move(out_) + "</svg>";
  }

 private:
  template <typename... Args>
  void Add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  std::string Said() const {
    const std::string name = BottleneckOf(map_);
    return "map of the services; bottleneck: " + name;
  }

  // Straight through the layers it skips, bent between them.
  static std::string PathOf(const std::vector<Point>& route) {
    std::string out = fmt::format("M{:.1f} {:.1f}", route[0].x, route[0].y);
    for (size_t i = 0; i + 1 < route.size(); i += 2) {
      const Point& a = route[i];
      const Point& b = route[i + 1];
      const double bend = std::max(30.0, std::abs(b.x - a.x) * 0.5);
      fmt::format_to(std::back_inserter(out), "C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}",
                     a.x + bend, a.y, b.x - bend, b.y, b.x, b.y);
      if (i + 2 < route.size()) fmt::format_to(std::back_inserter(out), "H{:.1f}", route[i + 2].x);
    }
    return out;
  }

  void Line(size_t i, const std::vector<Point>& route, bool over) {
    const double traffic = map_.edges[i].metrics[analysis::Metric::kTraffic];
    const double width = std::isfinite(traffic) && traffic > 1
                             ? std::clamp(1.0 + 0.8 * (std::log10(traffic) - 2), 1.0, 5.0)
                             : 1.0;
    Add(R"(<path class="edge{}" d="{}" stroke-width="{:.1f}"/>)", over ? " over" : "",
        PathOf(route), over ? std::max(width, 2.2) : width);
  }

  // Beside its own line, off cards and other labels: the middle of a straight run, else of a bend.
  void Label(size_t i, const std::vector<Point>& route) {
    const std::string text = "▲ " + WorstOf(map_.edges[i].standing);
    const double half = 3.6 * static_cast<double>(text.size()) + 4;
    std::vector<Point> wishes;
    for (size_t k = 1; k + 2 < route.size(); k += 2) {
      wishes.push_back({(route[k].x + route[k + 1].x) / 2, route[k].y});
    }
    for (const double t : {0.5, 0.35, 0.65}) {
      const Point& a = route[0];
      const Point& b = route[1];
      const double s = t * t * (3 - 2 * t);  // about where the bend is
      wishes.push_back({a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * s});
    }
    for (const double shift : {0.0, -14.0, 14.0, -26.0, 26.0}) {
      for (const Point& wish : wishes) {
        const Box box{wish.x - half, wish.y + shift - kLabelHeight / 2, wish.x + half,
                      wish.y + shift + kLabelHeight / 2};
        if (std::ranges::any_of(taken_, [&box](const Box& o) { return o.Meets(box); })) continue;
        taken_.push_back(box);
        Add(R"(<text class="pill" x="{:.0f}" y="{:.0f}">{}</text>)", wish.x, wish.y + shift + 4,
            Escape(text));
        return;
      }
    }
  }

  void Card(const live::MapNode& n, const Point& at) {
    const bool over = n.standing.state == analysis::State::kOver;
    const std::string worst = over ? WorstOf(n.standing) : "";
    const std::string second = fmt::format(
        "{}  {}", over ? "▲ " + worst : SayLatency(n.metrics[analysis::Metric::kLatency]),
        SayRate(n.metrics[analysis::Metric::kRequestRate]));
    const std::string count = n.replicas > 1 ? fmt::format(" ×{}", n.replicas) : "";
    const double top = at.y - Sheet::kCardHeight / 2;
    Add(R"(<g class="node {}"><rect x="{:.1f}" y="{:.1f}" width="{:.0f}" height="{:.0f}" rx="7"/>)"
        R"(<text class="name" x="{:.1f}" y="{:.1f}">{}{}</text><text x="{:.1f}" y="{:.1f}">{}</text></g>)",
        ClassOf(n), at.x, top, Sheet::kCardWidth, Sheet::kCardHeight, at.x + 10, top + 19,
        Escape(CutText(n.name, kNameBytes - count.size())), count, at.x + 10, top + 37,
        Escape(second));
  }

  const live::MapView& map_;
  Sheet sheet_;
  std::vector<Box> taken_;
  std::string out_;
};

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
  const live::MapView drawn = Drawn(map);
  return Picture(drawn).Draw(map.nodes.size() - drawn.nodes.size());
}

}  // namespace pano::report
