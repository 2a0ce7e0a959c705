// SPDX-License-Identifier: Apache-2.0
// in: RunInfo, RunSummary  out: JSON, in files and in the API, and back
// What is read may come from anybody: every field is checked, lists and texts are cut at the bounds
// of run.h. Throws nothing.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/run/json_at.h"
#include "server/run/run.h"
#include "server/run/run_keeper.h"

namespace pano::run {

nlohmann::json LabelsJson(const std::vector<std::pair<std::string, std::string>>& labels);
nlohmann::json LimitsJson(const analysis::Limits& limits);
nlohmann::json StepJson(const Step& step);
nlohmann::json MarkJson(const Mark& mark);
nlohmann::json EventJson(const RunEvent& event);
nlohmann::json VerdictJson(const VerdictSpan& span);
nlohmann::json ReportJson(const LoadgenReport& report);
nlohmann::json SummaryJson(const RunSummary& summary);

// {"defaults":{…},"overrides":[…]}; what is not named has no limit. kInvalid names the place.
Result<analysis::Limits> LimitsFromJson(const nlohmann::json& document);
// {"k":"v"}; with `removals`, null becomes an empty value.
Result<std::vector<std::pair<std::string, std::string>>> LabelsFromJson(
    const nlohmann::json& document, bool removals);
Result<LoadgenReport> ReportFromJson(const nlohmann::json& document);

// Whole, for the file.
nlohmann::json InfoJson(const RunInfo& info);
Result<RunInfo> InfoFromJson(const nlohmann::json& document);
Result<RunSummary> SummaryFromJson(const nlohmann::json& document);

bool ValidId(std::string_view id);

}  // namespace pano::run
