// SPDX-License-Identifier: Apache-2.0
// in: Question  out: System: what is known of each node and each call, judged against its normal
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "server/analysis/localise/judge.h"
#include "server/analysis/localise/question.h"

namespace pano::analysis {

// Of a node as it sees itself, or of one caller's calls to it.
struct Signals {
  bool seen = false;  // it has a series of its own in the incident
  Judged latency;     // the mean, or what percentiles say of it
  Judged tail;        // the one of all latency statistics that changed most surely
  Judged failures;    // share of requests, or count where requests are not known
  Judged requests;
  Judged in_flight;
  Judged connect_latency;
  Judged connect_failures;
  Judged retrans_syn;
  Judged cpu;  // per request where requests are known: demand explains the rest
  Judged throttled;
  Judged memory;
  double usual_latency = kNotKnown;  // the mean, even if now there are only percentiles
  double rate = kNotKnown;           // requests per interval now
  double wait = kNotKnown;           // seconds per interval that requests wait more than usual
  double failed = kNotKnown;         // failures per interval more than usual

  // The larger of what its latency statistics say, 0..1.
  double slow() const { return std::max(latency.up(), tail.up()); }
};

struct Call {
  uint32_t caller = 0;
  uint32_t callee = 0;
  bool waits = true;  // false: the callee takes longer than its caller, so nobody waits for it
  double share = 1;   // of the requests to the callee that come over this call
  Signals view;       // the caller's view; may be unseen
  // How far what its caller waits more is waited on the way, not in the callee, or its connects are
  // in trouble, 0..1. Latency tells only where both sides measure it.
  double on_the_way = 0;
  // How far that is the caller's doing, 0..1: its other calls, to it and from it, are held up as
  // well, and the callee's are not.
  double callers_side = 0;
};

// Part of the incident: [begin, end) of its times.
struct Span {
  size_t begin = 0;
  size_t end = 0;
};

struct System {
  const Question* question = nullptr;  // must outlive this
  Span span;
  bool has_baseline = false;
  std::vector<Signals> nodes;  // as question.nodes
  std::vector<Call> calls;     // by caller, callee; edges that only have series are calls too
  std::vector<std::vector<uint32_t>> out;  // per node: its calls
  std::vector<std::vector<uint32_t>> in;   // per node: calls to it
};

System BuildSystem(const Question& question, Span span);

// The part of the incident in which the target is worst: an incident may begin before its trouble.
// The whole of it where the target tells nothing.
Span TroubleSpan(const Question& question);

}  // namespace pano::analysis
