// SPDX-License-Identifier: Apache-2.0
#include "server/alert/state_machine.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace pano::alert {
namespace {

constexpr uint64_t kStart = 1'700'000'000;

// One letter a second: b bad, g good, u unknown, - left out. Answers one letter per change:
// P pending, D dropped, F fired, R resolved, '.' none.
std::string Play(StateMachine& machine, const std::string& series, uint64_t for_s, uint64_t clear_s,
                 uint64_t start = kStart) {
  std::string out;
  for (size_t i = 0; i < series.size(); ++i) {
    if (series[i] == '-') {
      out += '-';
      continue;
    }
    const Reading reading = series[i] == 'b'   ? Reading::kBad
                            : series[i] == 'g' ? Reading::kGood
                                               : Reading::kUnknown;
    out += ".PDFR"[static_cast<size_t>(machine.Update(start + i, reading, for_s, clear_s))];
  }
  return out;
}

TEST(StateMachine, FiresAfterItsTimeAndClearsAfterItsTime) {
  StateMachine machine;
  EXPECT_EQ(Play(machine, "gbbbbbgggg", 3, 3), ".P.F....R.");
  EXPECT_EQ(machine.phase(), Phase::kResolved);
}

TEST(StateMachine, FiresAtOnceWithoutATime) {
  StateMachine machine;
  EXPECT_EQ(Play(machine, "gbgg", 0, 2), ".F.R");
}

TEST(StateMachine, AGoodSecondDropsWhatIsPending) {
  StateMachine machine;
  EXPECT_EQ(Play(machine, "bbgbbgbbb", 3, 5), "P.DP.DP.F");
}

TEST(StateMachine, ABadSecondBeginsTheClearingAnew) {
  StateMachine machine;
  EXPECT_EQ(Play(machine, "bggbggbgggg", 1, 4), "F.........R");
}

TEST(StateMachine, UnknownNeitherBreaksNorProves) {
  StateMachine machine;
  EXPECT_EQ(Play(machine, "bubub", 5, 3), "P...F");
  // Nobody knows: it clears, but later than 3 s.
  const std::string after = Play(machine, std::string(61, 'u'), 5, 3, kStart + 5);
  EXPECT_EQ(after.find('R'), kUnknownClearSeconds - 1);
}

TEST(StateMachine, AGapBeginsAnew) {
  StateMachine machine;
  EXPECT_EQ(Play(machine, "bb--------------b", 4, 3), "P.--------------P");
  StateMachine firing;
  EXPECT_EQ(Play(firing, "bg--------------ggg", 1, 3), "F.--------------..R");
}

TEST(StateMachine, FlappingIsKeptDown) {
  StateMachine machine;
  std::string series;
  for (int i = 0; i < 120; ++i) series += "bbbbbbbbbbgggggggggggggggggggg";  // 10 s bad, 20 s good
  const std::string out = Play(machine, series, 5, 15);
  const auto fired = std::count(out.begin(), out.end(), 'F');
  EXPECT_LE(fired, 5) << "an hour of flapping";
  EXPECT_TRUE(machine.flapping());
  // Once it is calm it comes to an end all the same.
  const std::string calm = Play(machine, std::string(600, 'g'), 5, 15, kStart + series.size());
  EXPECT_EQ(std::count(calm.begin(), calm.end(), 'R'), 1);
}

TEST(StateMachine, ARestartResumesWhatFired) {
  StateMachine machine;
  machine.Restore(Phase::kFiring, kStart - 100, kStart - 90, kStart);
  EXPECT_EQ(Play(machine, "ggbgggg", 10, 4), "......R");
  EXPECT_EQ(machine.firing_since(), kStart - 90);
}

// Whatever the series: it never fires on fewer bad seconds than asked for, never resolves on fewer
// calm ones, fires and resolves in turns, and an hour holds few of them.
TEST(StateMachine, KeepsItsPromisesOnAnySeries) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    const uint64_t for_s = random() % 20;
    const uint64_t clear_s = 1 + random() % 40;
    const uint32_t bad_share = 5 + random() % 90;
    StateMachine machine;
    uint64_t bad = 0;
    uint64_t calm = 0;
    bool firing = false;
    int fired = 0;
    bool is_bad = false;
    for (uint64_t t = 0; t < 3600; ++t) {
      if (random() % 8 == 0) is_bad = random() % 100 < bad_share;
      const bool unknown = random() % 50 == 0;
      const Reading reading = unknown ? Reading::kUnknown : is_bad ? Reading::kBad : Reading::kGood;
      const Change change = machine.Update(kStart + t, reading, for_s, clear_s);
      if (reading == Reading::kBad) {
        ++bad;
        calm = 0;
      } else {
        ++calm;
        if (!unknown) bad = 0;
      }
      if (change == Change::kFired) {
        ASSERT_FALSE(firing);
        // Unknown seconds in between count with the bad ones, never instead of the last.
        ASSERT_EQ(reading, Reading::kBad);
        ASSERT_GE(bad + for_s / 2 + 1, for_s);
        firing = true;
        ++fired;
      }
      if (change == Change::kResolved) {
        ASSERT_TRUE(firing);
        ASSERT_GE(calm, clear_s);
        firing = false;
      }
      ASSERT_EQ(machine.phase() == Phase::kFiring, firing);
    }
    EXPECT_LE(fired, 2 + static_cast<int>(3600 / (for_s + clear_s + 1)));
    EXPECT_LE(fired, 200);
  }
}

}  // namespace
}  // namespace pano::alert
