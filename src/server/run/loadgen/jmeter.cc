// SPDX-License-Identifier: Apache-2.0
// JMeter: JTL as CSV or as XML. Times are milliseconds. Samples inside a sample are parts of it and
// are not counted.
#include <algorithm>
#include <set>

#include "server/run/loadgen/scan.h"

namespace pano::run {
namespace {

struct Columns {
  size_t time = SIZE_MAX, elapsed = SIZE_MAX, success = SIZE_MAX, code = SIZE_MAX, bytes = SIZE_MAX,
         threads = SIZE_MAX;
};

size_t ColumnOf(const std::vector<std::string>& header, std::string_view name) {
  const auto at = std::ranges::find(header, name);
  return at == header.end() ? SIZE_MAX : static_cast<size_t>(at - header.begin());
}

const std::string& FieldAt(const std::vector<std::string>& fields, size_t column) {
  static const std::string kNone;
  return column < fields.size() ? fields[column] : kNone;
}

std::optional<double> NumberOf(std::string_view text) {
  const auto value = TakeNumber(text);
  return value && Trim(text).empty() ? value : std::nullopt;
}

class Samples {
 public:
  Samples(const ReadOptions& options, LoadgenReport& report) : sum_(options), report_(report) {}

  void Add(double time_ms, double elapsed_ms, bool success, const std::string& code, double bytes,
           double threads) {
    const double time = time_ms / 1e3;
    if (!sum_.InWindow(time)) return;
    sum_.Add(elapsed_ms * 1e3, time, time + elapsed_ms / 1e3);
    if (!success) sum_.Error(code.empty() ? "failed" : code);
    bytes_ += bytes;
    users_ = std::max(users_, threads);
  }
  void Finish() {
    sum_.Fill(report_);
    if (bytes_ > 0) report_.bytes = bytes_;
    if (users_ > 0) report_.users = users_;
  }
  uint64_t count() const { return sum_.count(); }

 private:
  SampleSum sum_;
  LoadgenReport& report_;
  double bytes_ = 0;
  double users_ = 0;
};

Status ReadCsv(std::string_view text, Samples& samples) {
  const std::string_view head = text.substr(0, text.find('\n'));
  CsvRecords records(text, head.find('\t') != std::string_view::npos  ? '\t'
                           : head.find(',') == std::string_view::npos ? ';'
                                                                      : ',');
  std::vector<std::string> fields;
  if (!records.Next(fields)) return Fail(Code::kInvalid, "line 1: jmeter: the file is empty");
  const Columns c{ColumnOf(fields, "timeStamp"), ColumnOf(fields, "elapsed"),
                  ColumnOf(fields, "success"),   ColumnOf(fields, "responseCode"),
                  ColumnOf(fields, "bytes"),     ColumnOf(fields, "allThreads")};
  if (c.time == SIZE_MAX || c.elapsed == SIZE_MAX || c.success == SIZE_MAX) {
    return Fail(Code::kInvalid, "line 1: jmeter: timeStamp, elapsed and success are needed");
  }
  while (records.Next(fields)) {
    if (fields.size() == 1 && Trim(fields[0]).empty()) continue;
    const auto time = NumberOf(FieldAt(fields, c.time));
    const auto elapsed = NumberOf(FieldAt(fields, c.elapsed));
    const std::string& success = FieldAt(fields, c.success);
    if (!time || !elapsed || *elapsed < 0 || (success != "true" && success != "false")) {
      return Fail(Code::kInvalid, "line {}: jmeter: not a sample", records.line());
    }
    samples.Add(*time, *elapsed, success == "true", FieldAt(fields, c.code),
                NumberOf(FieldAt(fields, c.bytes)).value_or(0),
                NumberOf(FieldAt(fields, c.threads)).value_or(0));
  }
  if (records.failed())
    return Fail(Code::kInvalid, "line {}: jmeter: a quote never ends", records.line());
  return {};
}

// The value of an attribute of a tag's text; empty when it is not there.
std::string_view AttributeOf(std::string_view tag, std::string_view name) {
  for (size_t at = tag.find(name); at != std::string_view::npos; at = tag.find(name, at + 1)) {
    const size_t end = at + name.size();
    if (at == 0 || tag[at - 1] != ' ' || tag.substr(end, 2) != "=\"") continue;
    const std::string_view value = tag.substr(end + 2);
    return value.substr(0, value.find('"'));
  }
  return {};
}

// Only tags are looked at: their text and entities do not matter here.
Status ReadXml(std::string_view text, Samples& samples) {
  size_t line = 1;
  size_t counted = 0;
  int depth = 0;
  for (size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at + 1)) {
    line += static_cast<size_t>(std::count(text.begin() + static_cast<ptrdiff_t>(counted),
                                           text.begin() + static_cast<ptrdiff_t>(at), '\n'));
    counted = at;
    const std::string_view rest = text.substr(at);
    if (rest.starts_with("</sample>") || rest.starts_with("</httpSample>")) {
      if (--depth < 0) return Fail(Code::kInvalid, "line {}: jmeter: a sample ends twice", line);
      continue;
    }
    if (!rest.starts_with("<sample ") && !rest.starts_with("<httpSample ")) continue;
    const size_t end = rest.find('>');
    if (end == std::string_view::npos)
      return Fail(Code::kInvalid, "line {}: jmeter: a tag never ends", line);
    const std::string_view tag = rest.substr(0, end);
    if (depth == 0) {
      const auto elapsed = NumberOf(AttributeOf(tag, "t"));
      const auto time = NumberOf(AttributeOf(tag, "ts"));
      const std::string_view success = AttributeOf(tag, "s");
      if (!elapsed || *elapsed < 0 || !time || (success != "true" && success != "false")) {
        return Fail(Code::kInvalid, "line {}: jmeter: a sample lacks t, ts or s", line);
      }
      samples.Add(*time, *elapsed, success == "true", std::string(AttributeOf(tag, "rc")),
                  NumberOf(AttributeOf(tag, "by")).value_or(0),
                  NumberOf(AttributeOf(tag, "na")).value_or(0));
    }
    if (!tag.ends_with('/')) ++depth;
  }
  return {};
}

}  // namespace

Status ReadJmeter(std::string_view text, const ReadOptions& options, LoadgenReport& report) {
  Samples samples(options, report);
  const bool xml = Trim(text.substr(0, 4096)).starts_with('<');
  PANO_TRY(xml ? ReadXml(text, samples) : ReadCsv(text, samples));
  if (samples.count() == 0) return Fail(Code::kInvalid, "line 1: jmeter: there is no sample");
  samples.Finish();
  return {};
}

}  // namespace pano::run
