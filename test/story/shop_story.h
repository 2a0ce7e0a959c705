// SPDX-License-Identifier: Apache-2.0
// Batches of a shop that is load-tested and scaled out of trouble: what an agent would deliver.
// For tests of the server and the page only; no part of the product links it.
#pragma once

#include <cstdint>

#include "wire/batch.h"

namespace pano::story {

enum class Phase : uint8_t { kCatalogX1, kCatalogX2, kCatalogX3, kCartX2 };
inline constexpr int kPhases = 4;

// One second of the story. `first`: the batch that announces every instance again.
wire::Batch Second(Phase phase, uint64_t second, bool first);

}  // namespace pano::story
