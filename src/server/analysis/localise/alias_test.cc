// SPDX-License-Identifier: Apache-2.0
#include "server/analysis/localise/alias.h"

#include <gtest/gtest.h>

#include "server/analysis/localise/question_for_test.h"

namespace pano::analysis {
namespace {

std::string AliasOf(const Question& q, std::string_view name) {
  const System system = BuildSystem(q, {0, q.incident.times.size()});
  const std::vector<uint32_t> aliases = FindAliases(system);
  for (uint32_t i = 0; i < q.nodes.size(); ++i) {
    if (q.nodes[i] == name) return aliases[i] == kNoNode ? "" : q.nodes[aliases[i]];
  }
  return "?";
}

TEST(Alias, StemsLeaveOutWhatOnlyTellsTheKind) {
  EXPECT_EQ(ServiceStem("Cart_client"), "cart");
  EXPECT_EQ(ServiceStem("cart_AWS::Lambda::Function"), "cart");
  EXPECT_EQ(ServiceStem("cart:8080"), "cart");
  EXPECT_EQ(ServiceStem("cart-db"), "cartdb");
}

TEST(Alias, AViewOfAServiceIsFoundByItsName) {
  QuestionBuilder b;
  b.Target("front", TargetMetric::kLatency);
  b.Calls("front", "cart_remote").Calls("front", "cart").Calls("cart", "cart-db");
  b.Calls("front", "paymen-173.lb.example.com_remote").Calls("front", "payment-service");
  const Question q = b.Make();
  EXPECT_EQ(AliasOf(q, "cart_remote"), "cart");
  EXPECT_EQ(AliasOf(q, "paymen-173.lb.example.com_remote"), "payment-service");
  // Another service, though its name begins alike.
  EXPECT_EQ(AliasOf(q, "cart-db"), "");
  EXPECT_EQ(AliasOf(q, "cart"), "");
}

TEST(Alias, HostsThatCutNamesShortAreFound) {
  QuestionBuilder b;
  b.Target("Site", TargetMetric::kLatency);
  b.Calls("Site", "PetSearch_AWS::ECS::Fargate").Calls("Site", "NotificationService_AWS::SNS");
  b.Calls("Site", "servi-searc.west.elb.example.com_remote")
      .Calls("PetSearch_client", "PetSearch_AWS::ECS::Fargate");
  EXPECT_EQ(AliasOf(b.Make(), "servi-searc.west.elb.example.com_remote"),
            "PetSearch_AWS::ECS::Fargate");
}

TEST(Alias, WhatFitsTwoServicesIsTheViewOfNeither) {
  QuestionBuilder b;
  b.Target("front", TargetMetric::kLatency);
  b.Calls("front", "order-api").Calls("front", "order-worker").Calls("front", "order.x.y_remote");
  EXPECT_EQ(AliasOf(b.Make(), "order.x.y_remote"), "");
}

}  // namespace
}  // namespace pano::analysis
