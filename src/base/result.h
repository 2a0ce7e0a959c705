// SPDX-License-Identifier: Apache-2.0
// Errors off the hot path: a code for machines, a text for people. Hot paths use flat enums.
#pragma once

#include <fmt/format.h>

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace pano {

enum class Code {
  kInvalid,      // the caller's input is wrong
  kNotFound,     // what was named does not exist
  kDenied,       // rights are missing
  kUnavailable,  // a peer or a component is not there now; trying again may work
  kUnsupported,  // this kernel or this build cannot do it
  kExhausted,    // a bound was reached: memory, disk, queue
  kTimeout,
  kInternal,  // a broken invariant
};

std::string_view CodeName(Code code);

struct [[nodiscard]] Error {
  Code code = Code::kInternal;
  std::string text;
  std::string hint;  // what to do about it; may be empty

  std::string ToString() const;
};

template <typename T>
using Result = std::expected<T, Error>;
using Status = std::expected<void, Error>;

template <typename... Args>
std::unexpected<Error> Fail(Code code, fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(Error{code, fmt::format(format, std::forward<Args>(args)...), {}});
}

// "strerror" text of an errno value, thread safe.
std::string ErrnoText(int error);

}  // namespace pano

// Returns the error of `expr` to the caller.
#define PANO_TRY(expr)                                         \
  do {                                                         \
    if (auto pano_status_ = (expr); !pano_status_)             \
      return std::unexpected(std::move(pano_status_).error()); \
  } while (false)

#define PANO_CONCAT_(a, b) a##b
#define PANO_CONCAT(a, b) PANO_CONCAT_(a, b)
// PANO_ASSIGN(auto value, Compute()); returns the error of Compute() to the caller.
// NOLINTBEGIN(bugprone-macro-parentheses): a name and a declaration take none
#define PANO_ASSIGN(decl, expr) PANO_ASSIGN_(PANO_CONCAT(pano_result_, __LINE__), decl, expr)
#define PANO_ASSIGN_(tmp, decl, expr)                       \
  auto tmp = (expr);                                        \
  if (!tmp) return std::unexpected(std::move(tmp).error()); \
  decl = std::move(*tmp)
// NOLINTEND(bugprone-macro-parentheses)
