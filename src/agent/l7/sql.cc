// SPDX-License-Identifier: Apache-2.0
#include "agent/l7/sql.h"

#include <array>

namespace pano::l7 {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || IsDigit(c) || c == '_' || c == '$' ||
         (c & 0x80) != 0;
}
char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

bool SameWord(std::string_view word, std::string_view upper) {
  if (word.size() != upper.size()) return false;
  for (size_t i = 0; i < word.size(); ++i) {
    if (Upper(word[i]) != upper[i]) return false;
  }
  return true;
}

class Scanner {
 public:
  Scanner(std::string_view sql, bool double_quotes_are_text)
      : sql_(sql), double_text_(double_quotes_are_text) {}

  void Run() {
    while (at_ < sql_.size() && !full()) Next();
  }

  std::string_view shown() const { return {out_.data(), size_}; }
  std::string_view verb() const { return verb_; }
  std::string_view table() const { return table_; }

 private:
  bool full() const { return size_ == out_.size(); }
  char Peek(size_t ahead) const { return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0'; }

  void Put(std::string_view text) {
    if (space_due_ && size_ > 0 && !full()) out_[size_++] = ' ';
    space_due_ = false;
    for (const char c : text) {
      if (full()) return;
      out_[size_++] = c;
    }
  }

  void Next() {
    const char c = sql_[at_];
    if (IsSpace(c)) {
      space_due_ = true;
      ++at_;
    } else if ((c == '-' && Peek(1) == '-') || (c == '#' && double_text_)) {
      at_ = std::min(sql_.find('\n', at_), sql_.size());
    } else if (c == '/' && Peek(1) == '*') {
      const size_t end = sql_.find("*/", at_ + 2);
      at_ = end == std::string_view::npos ? sql_.size() : end + 2;
      space_due_ = true;
    } else if (c == '\'' || (c == '"' && double_text_)) {
      SkipQuoted(c);
      Put("?");
    } else if (c == '"' || c == '`') {
      const size_t start = at_;
      SkipQuoted(c);
      Word(sql_.substr(start, at_ - start));
    } else if (c == '$' && (Peek(1) == '$' || (IsWord(Peek(1)) && !IsDigit(Peek(1))))) {
      SkipDollarQuoted();
      Put("?");
    } else if (IsDigit(c)) {
      while (at_ < sql_.size() && (IsWord(sql_[at_]) || sql_[at_] == '.')) ++at_;
      Put("?");
    } else if (IsWord(c)) {
      const size_t start = at_;
      while (at_ < sql_.size() && (IsWord(sql_[at_]) || sql_[at_] == '.')) ++at_;
      Word(sql_.substr(start, at_ - start));
    } else {
      Put(sql_.substr(at_, 1));
      ++at_;
    }
  }

  void SkipQuoted(char quote) {
    for (++at_; at_ < sql_.size(); ++at_) {
      if (sql_[at_] == '\\' && quote != '`' && (double_text_ || quote == '\'')) {
        ++at_;
      } else if (sql_[at_] == quote) {
        ++at_;
        if (at_ >= sql_.size() || sql_[at_] != quote) return;  // a doubled quote goes on
      }
    }
    at_ = std::min(at_, sql_.size());
  }

  void SkipDollarQuoted() {
    const size_t tag_end = sql_.find('$', at_ + 1);
    if (tag_end == std::string_view::npos) {
      at_ = sql_.size();
      return;
    }
    const std::string_view tag = sql_.substr(at_, tag_end + 1 - at_);
    const size_t end = sql_.find(tag, tag_end + 1);
    at_ = end == std::string_view::npos ? sql_.size() : end + tag.size();
  }

  void Word(std::string_view word) {
    Put(word);
    if (verb_.empty()) verb_ = word;
    if (expect_table_ && table_.empty()) {
      constexpr std::array<std::string_view, 5> kBetween{"IF", "NOT", "EXISTS", "ONLY", "SELECT"};
      for (const std::string_view skip : kBetween) {
        if (SameWord(word, skip)) return;
      }
      table_ = word;
    }
    expect_table_ = SameWord(word, "FROM") || SameWord(word, "INTO") || SameWord(word, "UPDATE") ||
                    SameWord(word, "TABLE") || SameWord(word, "COPY");
  }

  std::string_view sql_;
  bool double_text_;
  size_t at_ = 0;
  bool space_due_ = false;
  bool expect_table_ = false;
  std::string_view verb_;
  std::string_view table_;
  size_t size_ = 0;
  std::array<char, kMaxText> out_;
};

}  // namespace

SqlText DescribeSql(std::string_view sql, bool double_quotes_are_text, Message& m) {
  Scanner scanner(sql, double_quotes_are_text);
  scanner.Run();
  std::array<char, 24> verb{};
  const size_t size = std::min(scanner.verb().size(), verb.size());
  for (size_t i = 0; i < size; ++i) verb[i] = Upper(scanner.verb()[i]);
  SqlText text;
  text.verb = m.Keep({verb.data(), size});
  text.endpoint = m.Join(text.verb, scanner.table().empty() ? "" : " ", scanner.table());
  text.shown = m.Keep(scanner.shown());
  return text;
}

}  // namespace pano::l7
