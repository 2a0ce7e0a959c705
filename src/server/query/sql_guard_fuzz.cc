// SPDX-License-Identifier: Apache-2.0
// What is let through stays what it was when read again, and no statement hides behind another.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "server/query/sql_guard.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto first =
      pano::query::GuardSql(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!first) return 0;
  const auto second = pano::query::GuardSql(*first);
  if (!second || !first->starts_with(*second)) std::abort();
  return 0;
}
