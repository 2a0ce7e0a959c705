// SPDX-License-Identifier: Apache-2.0
// in: a map's nodes and calls  out: places on a sheet and routes that pass beside, not behind,
// cards Layers by longest path, a way through every layer a call skips, order by its neighbours'
// mean, heights as near to the neighbours as the order allows. Pure: the same map, the same sheet.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "server/live/map_view.h"

namespace pano::report {

struct Point {
  double x = 0;
  double y = 0;
};

struct Sheet {
  static constexpr double kCardWidth = 158;
  static constexpr double kCardHeight = 46;

  double width = 0;
  double height = 0;
  std::map<uint32_t, Point> cards;  // by node id: left, middle
  // Of an edge, by its index in the map: from card to card; straight between points 1-2, 3-4, ...
  std::map<size_t, std::vector<Point>> routes;
};

Sheet LayOut(const live::MapView& map);

}  // namespace pano::report
