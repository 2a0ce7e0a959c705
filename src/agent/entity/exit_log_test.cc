// SPDX-License-Identifier: Apache-2.0
#include "agent/entity/exit_log.h"

#include <gtest/gtest.h>

namespace pano::entity {
namespace {

TEST(ExitLog, KnowsWhoHasEndedUntilTheNumberIsTakenAgain) {
  ExitLog log;
  EXPECT_FALSE(log.Has(7));
  log.OnExit(7);
  log.OnExit(7);
  EXPECT_TRUE(log.Has(7));
  log.OnExec(7);
  EXPECT_FALSE(log.Has(7));
  log.OnExec(7);
  log.OnExit(7);
  EXPECT_TRUE(log.Has(7));
}

TEST(ExitLog, ForgetsTheOldest) {
  ExitLog log;
  for (uint32_t tgid = 1; tgid <= 5000; ++tgid) log.OnExit(tgid);
  EXPECT_FALSE(log.Has(1));
  EXPECT_FALSE(log.Has(904));
  EXPECT_TRUE(log.Has(905));
  EXPECT_TRUE(log.Has(5000));
}

}  // namespace
}  // namespace pano::entity
