// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <system_error>

namespace pano {

std::string_view CodeName(Code code) {
  switch (code) {
    case Code::kInvalid:
      return "invalid";
    case Code::kNotFound:
      return "not_found";
    case Code::kDenied:
      return "denied";
    case Code::kUnavailable:
      return "unavailable";
    case Code::kUnsupported:
      return "unsupported";
    case Code::kExhausted:
      return "exhausted";
    case Code::kTimeout:
      return "timeout";
    case Code::kInternal:
      return "internal";
  }
  return "internal";
}

std::string Error::ToString() const {
  std::string out = fmt::format("{} ({})", text, CodeName(code));
  if (!hint.empty()) out += "\n  " + hint;
  return out;
}

std::string ErrnoText(int error) { return std::generic_category().message(error); }

}  // namespace pano
