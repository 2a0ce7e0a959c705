// SPDX-License-Identifier: Apache-2.0
#include "server/report/svg_layout.h"

#include <gtest/gtest.h>

#include <cmath>

#include "server/report/svg.h"

namespace pano::report {
namespace {

live::MapView MapOf(uint32_t nodes, const std::vector<std::pair<uint32_t, uint32_t>>& calls) {
  live::MapView map;
  for (uint32_t id = 1; id <= nodes; ++id) {
    live::MapNode node;
    node.id = id;
    node.name = "service-" + std::to_string(id);
    map.nodes.push_back(node);
  }
  for (const auto& [client, server] : calls) {
    live::MapEdge edge;
    edge.edge.client_service = client;
    edge.edge.server_service = server;
    map.edges.push_back(edge);
  }
  return map;
}

// The demo shop: calls that skip layers, fan-out, a shared callee.
live::MapView Shop() {
  return MapOf(14, {{1, 2},
                    {2, 3},
                    {2, 4},
                    {2, 5},
                    {2, 6},
                    {2, 7},
                    {2, 8},
                    {4, 7},
                    {7, 9},
                    {9, 10},
                    {5, 11},
                    {6, 8},
                    {6, 12},
                    {6, 13},
                    {6, 7},
                    {12, 14},
                    {6, 5}});
}

TEST(LayOut, CallersStandLeftOfWhomTheyCall) {
  const live::MapView map = Shop();
  const Sheet sheet = LayOut(map);
  ASSERT_EQ(sheet.cards.size(), map.nodes.size());
  ASSERT_EQ(sheet.routes.size(), map.edges.size());
  for (const auto& [i, route] : sheet.routes) {
    const auto& e = map.edges[i].edge;
    EXPECT_LT(sheet.cards.at(e.client_service).x, sheet.cards.at(e.server_service).x);
    EXPECT_GE(route.size(), 2u);
    EXPECT_EQ(route.size() % 2, 0u);
  }
}

TEST(LayOut, CardsDoNotMeetAndStayOnTheSheet) {
  const Sheet sheet = LayOut(Shop());
  for (const auto& [id, at] : sheet.cards) {
    EXPECT_GE(at.x, 0);
    EXPECT_GE(at.y - Sheet::kCardHeight / 2, 0);
    EXPECT_LE(at.x + Sheet::kCardWidth, sheet.width);
    EXPECT_LE(at.y + Sheet::kCardHeight / 2, sheet.height);
    for (const auto& [other, there] : sheet.cards) {
      if (other == id || there.x != at.x) continue;
      EXPECT_GE(std::abs(there.y - at.y), Sheet::kCardHeight) << id << " on " << other;
    }
  }
}

// Between its ends a route runs straight through the layers it skips: never behind a card there.
TEST(LayOut, NoRoutePassesBehindACard) {
  const Sheet sheet = LayOut(Shop());
  size_t straight = 0;
  for (const auto& [edge, route] : sheet.routes) {
    for (size_t k = 1; k + 2 < route.size(); k += 2) {
      ++straight;
      EXPECT_EQ(route[k].y, route[k + 1].y);
      for (const auto& [id, at] : sheet.cards) {
        if (at.x != route[k].x) continue;
        EXPECT_GT(std::abs(at.y - route[k].y), Sheet::kCardHeight / 2) << edge << " behind " << id;
      }
    }
  }
  EXPECT_GT(straight, 0u);
}

TEST(LayOut, EndsOnCyclesSelfCallsAndStrangers) {
  const Sheet sheet = LayOut(MapOf(3, {{1, 2}, {2, 3}, {3, 1}, {2, 2}, {2, 99}}));
  EXPECT_EQ(sheet.cards.size(), 3u);
  EXPECT_EQ(sheet.routes.size(), 3u);
  EXPECT_TRUE(LayOut(MapOf(0, {})).cards.empty());
}

TEST(MapSvg, EscapesNamesAndSaysWhatItLeavesOut) {
  live::MapView map = MapOf(70, {{1, 2}});
  map.nodes[0].name = "<script>alert('&')</script>";
  map.nodes[0].role = analysis::Role::kOrigin;
  const std::string svg = MapSvg(map);
  EXPECT_EQ(svg.find("<script"), std::string::npos);
  EXPECT_NE(svg.find("&lt;script"), std::string::npos);
  EXPECT_NE(svg.find("10 less busy services"), std::string::npos);
}

}  // namespace
}  // namespace pano::report
