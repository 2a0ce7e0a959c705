// SPDX-License-Identifier: Apache-2.0
// in: JSON text  out: values, one at a time, with the place of what is wrong
// Reads straight into the caller's structures: no tree of a file of millions of numbers. NaN,
// Infinity and -Infinity are taken for numbers (Python writes them). Never throws, never recurses
// deeper than kMaxDepth, allocates no more than the text is long.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pano::analysis {

class JsonReader {
 public:
  static constexpr size_t kMaxDepth = 64;

  // `text` must outlive the reader.
  explicit JsonReader(std::string_view text) : text_(text) {}

  // Calls `field` for each key; `field` reads the value, or calls Skip(). A second value of the
  // same key is the caller's to judge.
  Status ReadObject(const std::function<Status(std::string_view key)>& field);
  // Calls `element` for each element, with its index.
  Status ReadArray(const std::function<Status(size_t index)>& element);
  Result<std::string> ReadString();
  Result<double> ReadNumber();
  // As ReadArray of ReadNumber, null as NaN, into `out`.
  Status ReadNumbers(std::vector<double>& out);
  // True and past it if null comes next.
  bool ReadNull();
  Status Skip();
  // Nothing may follow.
  Status ReadEnd();

  // An error at the present place: "incident.series[3].metric (line 12): ...".
  std::unexpected<Error> FailHere(std::string_view text) const;
  // Same, with the name of a field of the present value added.
  std::unexpected<Error> FailAt(std::string_view field, std::string_view text) const;

 private:
  struct Part {
    std::string key;   // of an object
    size_t index = 0;  // of an array
    bool is_index = false;
  };

  void SkipSpace();
  bool Take(char c);
  bool TakeWord(std::string_view word);
  std::string_view Kind();  // "a string", "a number", ... of what comes next
  std::unexpected<Error> FailExpected(std::string_view wanted);
  Status ReadEscape(std::string& out);
  Result<unsigned> ReadHex4();
  std::string Place() const;
  size_t Line() const;

  std::string_view text_;
  size_t at_ = 0;
  std::vector<Part> path_;
};

}  // namespace pano::analysis
