// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "server/run/loadgen/report_reader.h"

// The first byte chooses the tool, or none.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto tools = pano::run::LoadgenTools();
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  pano::run::ReadOptions options;
  if (data[0] % (tools.size() + 1) < tools.size())
    options.tool = tools[data[0] % (tools.size() + 1)];
  const auto report = pano::run::ReadReport(text, options);
  if (!report && report.error().text.empty()) std::abort();
  return 0;
}
