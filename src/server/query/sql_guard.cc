// SPDX-License-Identifier: Apache-2.0
#include "server/query/sql_guard.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

namespace pano::query {
namespace {

enum class Kind : uint8_t { kWord, kQuotedName, kString, kSymbol };

struct Token {
  std::string text;  // words in lower case
  Kind kind = Kind::kSymbol;
};

constexpr std::array<std::string_view, 8> kQuestions{"select",  "with",   "show", "describe",
                                                     "explain", "exists", "from", "desc"};
// Functions that reach outside the database, refused wherever their name stands: `* APPLY(file)`
// calls one as well. Table functions are refused by read-only mode itself.
constexpr std::array<std::string_view, 3> kForbidden{"file", "catboostevaluate", "executable"};

template <size_t N>
bool Contains(const std::array<std::string_view, N>& set, std::string_view text) {
  return std::find(set.begin(), set.end(), text) != set.end();
}

bool IsWordStart(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool IsWordPart(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

class Lexer {
 public:
  explicit Lexer(std::string_view sql) : sql_(sql) {}

  Status Run();
  const std::string& clean() const { return clean_; }
  const std::vector<Token>& tokens() const { return tokens_; }

 private:
  bool At(std::string_view text) const { return sql_.substr(at_).starts_with(text); }
  Status Quoted(char quote);
  Status Comment();
  void Word();

  std::string_view sql_;
  size_t at_ = 0;
  std::string clean_;
  std::vector<Token> tokens_;
};

// As the engine reads them: a backslash takes the next byte along, a doubled quote is one.
Status Lexer::Quoted(char quote) {
  const size_t begin = at_++;
  std::string value;
  for (; at_ < sql_.size(); ++at_) {
    if (sql_[at_] == '\\' && at_ + 1 < sql_.size()) {
      if (quote != '\'') return Fail(Code::kInvalid, "a quoted name with a backslash");
      value += sql_[++at_];
    } else if (sql_[at_] == quote) {
      if (at_ + 1 >= sql_.size() || sql_[at_ + 1] != quote) break;
      value += sql_[++at_];
    } else {
      value += static_cast<char>(std::tolower(static_cast<unsigned char>(sql_[at_])));
    }
  }
  if (at_ >= sql_.size()) return Fail(Code::kInvalid, "a quote is not closed");
  ++at_;
  clean_ += sql_.substr(begin, at_ - begin);
  tokens_.push_back({std::move(value), quote == '\'' ? Kind::kString : Kind::kQuotedName});
  return {};
}

Status Lexer::Comment() {
  const bool line = At("--");
  const size_t end = line ? sql_.find('\n', at_) : sql_.find("*/", at_ + 2);
  if (end == std::string_view::npos && !line) {
    return Fail(Code::kInvalid, "a comment is not closed");
  }
  at_ = end == std::string_view::npos ? sql_.size() : end + (line ? 1 : 2);
  clean_ += ' ';
  return {};
}

void Lexer::Word() {
  Token token{.text = {}, .kind = Kind::kWord};
  for (; at_ < sql_.size() && IsWordPart(sql_[at_]); ++at_) {
    clean_ += sql_[at_];
    token.text += static_cast<char>(std::tolower(static_cast<unsigned char>(sql_[at_])));
  }
  tokens_.push_back(std::move(token));
}

Status Lexer::Run() {
  while (at_ < sql_.size()) {
    const char c = sql_[at_];
    if (c == '\'' || c == '"' || c == '`') {
      PANO_TRY(Quoted(c));
    } else if (At("--") || At("/*")) {
      PANO_TRY(Comment());
    } else if (IsWordStart(c)) {
      Word();
    } else if (c == '#' || c == '$' || static_cast<unsigned char>(c) >= 0x80 || c == '\0') {
      // Other comments, here-documents and typographic quotes: other readings of what follows.
      return Fail(Code::kInvalid, "byte 0x{:02x} is not allowed outside quotes",
                  static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      if (std::isspace(static_cast<unsigned char>(c)) == 0)
        tokens_.push_back({std::string(1, c), Kind::kSymbol});
      clean_ += c;
      ++at_;
    }
  }
  return {};
}

bool IsWord(const Token& token, std::string_view text) {
  return token.kind == Kind::kWord && token.text == text;
}

Status CheckTokens(const std::vector<Token>& tokens) {
  size_t first = 0;
  while (first < tokens.size() && tokens[first].text == "(") ++first;
  if (first == tokens.size()) return Fail(Code::kInvalid, "the statement is empty");
  if (tokens[first].kind != Kind::kWord || !Contains(kQuestions, tokens[first].text)) {
    return Fail(Code::kDenied, "only SELECT, SHOW, DESCRIBE, EXISTS and EXPLAIN are allowed");
  }
  for (const Token& token : tokens) {
    if (token.kind == Kind::kSymbol && token.text == ";") {
      return Fail(Code::kDenied, "one statement at a time, please");
    }
    if (IsWord(token, "outfile")) return Fail(Code::kDenied, "INTO OUTFILE is not allowed");
    const bool name = token.kind == Kind::kWord || token.kind == Kind::kQuotedName;
    if (name && Contains(kForbidden, token.text)) {
      return Fail(Code::kDenied, "the name {} is not allowed", token.text);
    }
  }
  if (tokens.size() >= 2 && IsWord(tokens[tokens.size() - 2], "format") &&
      tokens.back().kind == Kind::kWord) {
    return Fail(Code::kDenied, "the format is the request's to choose, not the statement's");
  }
  return {};
}

}  // namespace

Result<std::string> GuardSql(std::string_view sql) {
  const size_t end = sql.find_last_not_of(" \t\r\n;");
  Lexer lexer(sql.substr(0, end == std::string_view::npos ? 0 : end + 1));
  PANO_TRY(lexer.Run());
  PANO_TRY(CheckTokens(lexer.tokens()));
  return lexer.clean();
}

}  // namespace pano::query
