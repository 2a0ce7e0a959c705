// SPDX-License-Identifier: Apache-2.0
// Recorded cases: files of docs/diagnose.md with two more fields
// (bench/diagnose/recorded/README.md).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "bench/diagnose/make_case.h"

namespace pano::bench {

struct RecordedCase {
  Case asked;
  std::string fault;      // as the file says; "healthy" without truth
  std::string group;      // "view" of the file; may be empty
  bool is_tuned = false;  // belongs to the half that thresholds may be set on
};

// All *.json and *.json.gz of a folder, by name. An error names the file.
Result<std::vector<RecordedCase>> ReadRecorded(const std::string& folder);

}  // namespace pano::bench
