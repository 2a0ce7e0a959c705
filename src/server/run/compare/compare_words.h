// SPDX-License-Identifier: Apache-2.0
// A change in words, for people.
#pragma once

#include <string>

#include "server/run/compare/compare.h"

namespace pano::run {

std::string SubjectName(const Compared& c);  // "a > b", "b"
std::string SayMetric(CompareMetric m);
std::string SayValue(CompareMetric m, double value);
std::string SayChange(CompareMetric m, const Delta& d);

}  // namespace pano::run
