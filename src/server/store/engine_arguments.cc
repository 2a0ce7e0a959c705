// SPDX-License-Identifier: Apache-2.0
#include "server/store/engine_arguments.h"

#include <charconv>
#include <string_view>

namespace pano::store {
namespace {

template <typename Number>
bool ParseNumber(std::string_view text, Number& into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::vector<std::string> EngineArguments::ToWords() const {
  return {"--data",    data_dir,
          "--fd",      std::to_string(fd),
          "--lib",     library,
          "--name",    database,
          "--parent",  std::to_string(parent),
          "--memory",  std::to_string(max_memory_bytes),
          "--threads", std::to_string(max_threads)};
}

Result<EngineArguments> EngineArguments::Parse(int argc, char** argv) {
  EngineArguments out;
  bool good = true;
  // The words before the first option name the program and its command.
  int at = 1;
  while (at < argc && std::string_view(argv[at]).substr(0, 2) != "--") ++at;
  for (; at + 1 < argc; at += 2) {
    const std::string_view name = argv[at];
    const std::string_view value = argv[at + 1];
    if (name == "--data")
      out.data_dir = value;
    else if (name == "--lib")
      out.library = value;
    else if (name == "--name")
      out.database = value;
    else if (name == "--fd")
      good = good && ParseNumber(value, out.fd);
    else if (name == "--parent")
      good = good && ParseNumber(value, out.parent);
    else if (name == "--memory")
      good = good && ParseNumber(value, out.max_memory_bytes);
    else if (name == "--threads")
      good = good && ParseNumber(value, out.max_threads);
    else
      good = false;
  }
  if (!good || out.data_dir.empty() || out.library.empty() || out.database.empty() || out.fd < 0) {
    return Fail(Code::kInvalid, "store-engine is started by panoscope itself");
  }
  return out;
}

}  // namespace pano::store
