// SPDX-License-Identifier: Apache-2.0
// in: an edge from a consumer to its log  out: the same as calls the log makes, if they pile up
// A consumer asks for records and is answered at once, however many wait for it: its latency says
// nothing. What says something is how many wait, and (Little's law) how long: lag / rate. Seen as a
// call from the log to the consumer, the walk needs to know nothing else of queues.
#pragma once

#include <optional>

#include "server/analysis/input.h"
#include "server/analysis/limits.h"

namespace pano::analysis {

struct Lag {
  double records = 0;  // that wait, newest third of the window
  double rate = 0;     // 1/s consumed
  double time_us = 0;  // how long they wait; at least, where nothing is consumed
  double growth = 0;   // 1/s, over the window
};

// Nothing where no consumer of a log is seen, or it keeps up: by its latency limit, or because what
// waits does not become more.
std::optional<Lag> FallsBehind(const Edge& edge, const LimitSet& limits);

// From the log to the consumer, with records for requests and the lag for those in flight.
Edge CallOfConsumer(const Edge& edge);

}  // namespace pano::analysis
