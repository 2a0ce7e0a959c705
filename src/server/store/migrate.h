// SPDX-License-Identifier: Apache-2.0
// Brings the store's tables to the schema this binary knows: makes missing tables, adds missing
// columns, widens enums, sets the retention, and records the schema version. Never drops anything;
// refuses a store written by a newer schema. Safe to run again at any time, also after half a run.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "server/store/ddl.h"
#include "server/store/store.h"

namespace pano::store {

inline constexpr uint32_t kSchemaVersion = 2;
inline constexpr uint32_t kOldestSchema =
    2;  // what is older cannot be read (histograms of scale 3)

Status Migrate(Store& store, const Retention& retention);

// A server killed in the middle of an insert can leave rows in a 1 s table that its roll-up never
// got. Makes the minutes of the last quarter of an hour stored again where the two differ. Only
// while nothing writes.
Status RepairRollups(Store& store);

}  // namespace pano::store
