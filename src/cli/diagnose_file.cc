// SPDX-License-Identifier: Apache-2.0
#include "cli/diagnose_file.h"

#include <fstream>
#include <iostream>
#include <istream>
#include <system_error>

#include "base/result.h"
#include "cli/command.h"
#include "server/analysis/localise/localise.h"
#include "server/analysis/localise/read_question.h"
#include "server/analysis/localise/write_answer.h"

namespace pano::cli {
namespace {

constexpr size_t kMaxFileBytes = size_t{1} << 30;

Result<std::string> ReadAll(std::istream& in) {
  std::string text;
  std::string chunk(size_t{1} << 20, '\0');
  while (in.read(chunk.data(), static_cast<std::streamsize>(chunk.size())), in.gcount() > 0) {
    if (text.size() + static_cast<size_t>(in.gcount()) > kMaxFileBytes) {
      return Fail(Code::kExhausted, "larger than {} MiB", kMaxFileBytes >> 20);
    }
    text.append(chunk, 0, static_cast<size_t>(in.gcount()));
  }
  return text;
}

Result<std::string> ReadFile(const std::string& path) {
  if (path == "-") return ReadAll(std::cin);
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) return Fail(Code::kNotFound, "{}", ErrnoText(errno));
  auto text = ReadAll(in);
  if (text && in.bad()) return Fail(Code::kUnavailable, "{}", ErrnoText(errno));
  if (text && text->empty()) return Fail(Code::kInvalid, "nothing in it");
  return text;
}

int PrintFileError(const std::string& path, const Error& error) {
  std::cerr << "panoscope: " << path << ": " << error.text << "\n";
  return kExitUsage;
}

}  // namespace

int DiagnoseFile(const std::string& path, bool as_json) {
  const auto text = ReadFile(path);
  if (!text) return PrintFileError(path, text.error());
  const auto question = analysis::ReadQuestion(*text);
  if (!question) return PrintFileError(path, question.error());
  const analysis::Localisation answer = analysis::Localise(*question);
  if (as_json) {
    std::cout << analysis::WriteAnswerJson(*question, answer) << "\n";
  } else {
    std::cout << analysis::WriteAnswerText(*question, answer);
  }
  return answer.verdict == analysis::Verdict::kNone ? kExitOk : kExitOverLimit;
}

}  // namespace pano::cli
