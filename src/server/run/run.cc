// SPDX-License-Identifier: Apache-2.0
#include "server/run/run.h"

namespace pano::run {

std::string_view Name(RunState state) {
  switch (state) {
    case RunState::kRunning:
      return "running";
    case RunState::kDone:
      return "done";
    case RunState::kAborted:
      return "aborted";
  }
  return "";
}

std::string_view Name(Origin origin) { return origin == Origin::kManual ? "manual" : "recognised"; }

std::string_view Name(StepReason reason) {
  switch (reason) {
    case StepReason::kBegin:
      return "begin";
    case StepReason::kLoad:
      return "load";
    case StepReason::kScale:
      return "scale";
    case StepReason::kMark:
      return "mark";
  }
  return "";
}

}  // namespace pano::run
