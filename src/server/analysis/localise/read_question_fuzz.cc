// SPDX-License-Identifier: Apache-2.0
// Whatever a file holds, it is read or refused with a reason; what was read is answered.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "server/analysis/localise/localise.h"
#include "server/analysis/localise/read_question.h"
#include "server/analysis/localise/write_answer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto question = pano::analysis::ReadQuestion(text);
  if (!question) {
    if (question.error().text.empty()) std::abort();
    return 0;
  }
  const auto answer = pano::analysis::Localise(*question);
  for (const auto& cause : answer.causes) {
    if (!(cause.score >= 0 && cause.score <= 1)) std::abort();
    if (!(cause.confidence >= 0 && cause.confidence <= 1)) std::abort();
    if (cause.path.empty() || cause.path.back() != cause.node) std::abort();
  }
  if (pano::analysis::WriteAnswerJson(*question, answer).empty()) std::abort();
  return 0;
}
