// SPDX-License-Identifier: Apache-2.0
#include "server/report/svg_layout.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace pano::report {
namespace {

constexpr double kColumn = 212;
constexpr double kMargin = 14;
constexpr double kCardSpace = 58;  // a card and the air below it
constexpr double kWaySpace = 22;   // a call that passes through a layer
constexpr double kPort = 6;        // between the ends of calls on one side of a card
constexpr int kOrderSweeps = 8;
constexpr int kHeightSweeps = 8;

// A card, or the way of one call through a layer it skips.
struct Item {
  uint32_t node = 0;  // 0: a way
  size_t column = 0;
  double place = 0;  // in its column, while it is put in order
  double y = 0;
  std::vector<size_t> left;
  std::vector<size_t> right;
  double space() const { return node != 0 ? kCardSpace : kWaySpace; }
};

double Mean(const std::vector<double>& values, double otherwise) {
  if (values.empty()) return otherwise;
  double sum = 0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

class Layout {
 public:
  explicit Layout(const live::MapView& map) : map_(map) {
    FindColumns();
    MakeItems();
    for (int i = 0; i < kOrderSweeps; ++i) SweepOrder(i % 2 == 0);
    SetHeights();
  }

  Sheet Draw() {
    Sheet sheet;
    double most = 0;
    for (const Item& item : items_) {
      most = std::max(most, item.y);
      if (item.node != 0) sheet.cards[item.node] = {X(item.column), item.y};
    }
    sheet.width = X(columns_.empty() ? 0 : columns_.size() - 1) + Sheet::kCardWidth + kMargin;
    sheet.height = most + Sheet::kCardHeight / 2 + kMargin;
    for (const auto& [edge, chain] : chains_) sheet.routes[edge] = Route(chain);
    Spread(sheet, true);
    Spread(sheet, false);
    return sheet;
  }

 private:
  static double X(size_t column) { return kMargin + static_cast<double>(column) * kColumn; }

  // Longest path from who nobody calls. Each step moves a node right, never past the number of
  // nodes; the call that would close a cycle moves nothing.
  void FindColumns() {
    for (const live::MapNode& n : map_.nodes) column_[n.id] = 0;
    for (const live::MapEdge& e : map_.edges) {
      const uint32_t client = e.edge.client_service;
      const uint32_t server = e.edge.server_service;
      if (client == server || !column_.contains(client) || !column_.contains(server)) continue;
      calls_[client].insert(server);
      called_.insert(server);
    }
    for (const auto& [id, column] : column_) {
      if (!called_.contains(id)) Descend(id, 0);
    }
    for (const auto& [id, column] : column_) {
      if (!done_.contains(id)) Descend(id, 0);
    }
  }

  void Descend(uint32_t id, size_t column) {
    if (path_.contains(id)) return;
    const bool first = done_.insert(id).second;
    if (!first && column_[id] >= column) return;
    column_[id] = std::max(column_[id], column);
    path_.insert(id);
    for (const uint32_t server : calls_[id]) Descend(server, column + 1);
    path_.erase(id);
  }

  size_t Add(uint32_t node, size_t column) {
    const size_t at = items_.size();
    items_.push_back({node, column, 0, 0, {}, {}});
    if (columns_.size() <= column) columns_.resize(column + 1);
    items_[at].place = static_cast<double>(columns_[column].size());
    columns_[column].push_back(at);
    return at;
  }

  void MakeItems() {
    std::map<uint32_t, size_t> item_of;
    for (const auto& [id, column] : column_) item_of[id] = Add(id, column);
    std::map<std::pair<uint32_t, uint32_t>, std::vector<size_t>> ways;  // shared by ports
    for (size_t i = 0; i < map_.edges.size(); ++i) {
      const uint32_t client = map_.edges[i].edge.client_service;
      const uint32_t server = map_.edges[i].edge.server_service;
      if (client == server || !item_of.contains(client) || !item_of.contains(server)) continue;
      auto [at, fresh] = ways.try_emplace({client, server});
      if (fresh) at->second = Chain(item_of[client], item_of[server]);
      chains_[i] = at->second;
    }
  }

  // A call back to the left keeps its straight line: it is rare, and shows as what it is.
  std::vector<size_t> Chain(size_t from, size_t to) {
    std::vector<size_t> chain{from};
    for (size_t c = items_[from].column + 1; c < items_[to].column; ++c) {
      const size_t way = Add(0, c);
      items_[chain.back()].right.push_back(way);
      items_[way].left.push_back(chain.back());
      chain.push_back(way);
    }
    if (items_[to].column > items_[from].column) {
      items_[chain.back()].right.push_back(to);
      items_[to].left.push_back(chain.back());
    }
    chain.push_back(to);
    return chain;
  }

  void SweepOrder(bool rightwards) {
    for (size_t i = 0; i < columns_.size(); ++i) {
      auto& column = columns_[rightwards ? i : columns_.size() - 1 - i];
      std::map<size_t, double> pull;
      for (const size_t at : column) {
        std::vector<double> places;
        for (const size_t other : rightwards ? items_[at].left : items_[at].right) {
          places.push_back(items_[other].place);
        }
        pull[at] = Mean(places, items_[at].place);
      }
      std::ranges::sort(column, {},
                        [this, &pull](size_t at) { return std::pair(pull[at], items_[at].place); });
      for (size_t k = 0; k < column.size(); ++k) items_[column[k]].place = static_cast<double>(k);
    }
  }

  void SetHeights() {
    for (auto& column : columns_) {
      double y = 0;
      for (const size_t at : column) {
        items_[at].y = y + items_[at].space() / 2;
        y += items_[at].space();
      }
    }
    for (int sweep = 0; sweep < kHeightSweeps; ++sweep) {
      for (size_t i = 0; i < columns_.size(); ++i) {
        Settle(columns_[sweep % 2 == 0 ? i : columns_.size() - 1 - i]);
      }
    }
    double least = 0;
    for (const Item& item : items_) least = std::min(least, item.y - item.space() / 2);
    for (Item& item : items_) item.y += kMargin - least;
  }

  // Each as near to the mean of its neighbours as order and space allow: neighbours in the column
  // that want to be where there is no room become one block with a common shift (pool adjacent
  // violators).
  void Settle(const std::vector<size_t>& column) {
    struct Block {
      double sum = 0;
      size_t count = 0;
      double shift() const { return sum / static_cast<double>(count); }
    };
    std::vector<Block> blocks;
    std::vector<double> offset;
    double along = 0;
    for (const size_t at : column) {
      std::vector<double> wishes;
      for (const size_t other : items_[at].left) wishes.push_back(items_[other].y);
      for (const size_t other : items_[at].right) wishes.push_back(items_[other].y);
      offset.push_back(along + items_[at].space() / 2);
      along += items_[at].space();
      blocks.push_back({Mean(wishes, items_[at].y) - offset.back(), 1});
      while (blocks.size() > 1 && blocks[blocks.size() - 2].shift() > blocks.back().shift()) {
        blocks[blocks.size() - 2].sum += blocks.back().sum;
        blocks[blocks.size() - 2].count += blocks.back().count;
        blocks.pop_back();
      }
    }
    size_t k = 0;
    for (const Block& block : blocks) {
      for (size_t n = 0; n < block.count; ++n, ++k) items_[column[k]].y = offset[k] + block.shift();
    }
  }

  std::vector<Point> Route(const std::vector<size_t>& chain) const {
    std::vector<Point> out;
    out.push_back({X(items_[chain.front()].column) + Sheet::kCardWidth, items_[chain.front()].y});
    for (size_t i = 1; i + 1 < chain.size(); ++i) {
      const Item& way = items_[chain[i]];
      out.push_back({X(way.column), way.y});
      out.push_back({X(way.column) + Sheet::kCardWidth, way.y});
    }
    out.push_back({X(items_[chain.back()].column), items_[chain.back()].y});
    return out;
  }

  // The ends on one side of a card, in the order of where they go, side by side.
  void Spread(Sheet& sheet, bool leaving) const {
    std::map<uint32_t, std::vector<size_t>> ends;
    for (const auto& [edge, route] : sheet.routes) {
      const auto& e = map_.edges[edge].edge;
      ends[leaving ? e.client_service : e.server_service].push_back(edge);
    }
    for (auto& [node, edges] : ends) {
      const auto towards = [&](size_t edge) {
        const auto& route = sheet.routes[edge];
        return leaving ? route[1].y : route[route.size() - 2].y;
      };
      std::ranges::sort(edges, {}, [&](size_t edge) { return std::pair(towards(edge), edge); });
      const auto count = static_cast<double>(edges.size());
      const double step = std::min(kPort, (Sheet::kCardHeight - 10) / count);
      for (size_t i = 0; i < edges.size(); ++i) {
        auto& route = sheet.routes[edges[i]];
        (leaving ? route.front() : route.back()).y +=
            (static_cast<double>(i) - (count - 1) / 2) * step;
      }
    }
  }

  const live::MapView& map_;
  std::map<uint32_t, size_t> column_;
  std::map<uint32_t, std::set<uint32_t>> calls_;
  std::set<uint32_t> called_;
  std::set<uint32_t> done_;
  std::set<uint32_t> path_;
  std::vector<Item> items_;
  std::vector<std::vector<size_t>> columns_;
  std::map<size_t, std::vector<size_t>> chains_;
};

}  // namespace

Sheet LayOut(const live::MapView& map) { return Layout(map).Draw(); }

}  // namespace pano::report
