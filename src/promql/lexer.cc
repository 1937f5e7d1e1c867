// SPDX-License-Identifier: Apache-2.0
#include "promql/lexer.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "promql/characters.h"
#include "promql/string_literal.h"

namespace promtally::promql {

namespace {

using Kind = TokenKind;

struct Spelling {
  std::string_view text;
  TokenKind kind;
};

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";

constexpr std::array<Spelling, 39> kKeywords{{
    {"and", Kind::kAnd},
    {"or", Kind::kOr},
    {"unless", Kind::kUnless},
    {"atan2", Kind::kAtan2},
    {"sum", Kind::kAggregator},
    {"avg", Kind::kAggregator},
    {"count", Kind::kAggregator},
    {"min", Kind::kAggregator},
    {"max", Kind::kAggregator},
    {"group", Kind::kAggregator},
    {"stddev", Kind::kAggregator},
    {"stdvar", Kind::kAggregator},
    {"topk", Kind::kAggregator},
    {"bottomk", Kind::kAggregator},
    {"count_values", Kind::kAggregator},
    {"quantile", Kind::kAggregator},
    {"limitk", Kind::kAggregator},
    {"limit_ratio", Kind::kAggregator},
    {"offset", Kind::kOffset},
    {"smoothed", Kind::kSmoothed},
    {"anchored", Kind::kAnchored},
    {"by", Kind::kBy},
    {"without", Kind::kWithout},
    {"on", Kind::kOn},
    {"ignoring", Kind::kIgnoring},
    {"group_left", Kind::kGroupLeft},
    {"group_right", Kind::kGroupRight},
    {"fill", Kind::kFill},
    {"fill_left", Kind::kFill},
    {"fill_right", Kind::kFill},
    {"bool", Kind::kBool},
    {"start", Kind::kStart},
    {"end", Kind::kEndOfRange},
    {"step", Kind::kStep},
    {"range", Kind::kRange},
    {"max_of", Kind::kMaxOrMinOf},
    {"min_of", Kind::kMaxOrMinOf},
    {"inf", Kind::kNumber},
    {"nan", Kind::kNumber},
}};

/// Longest first, so that the first match is the right one.
constexpr std::array<Spelling, 24> kSymbols{{
    {"==", Kind::kEqual},
    {"!=", Kind::kNotEqual},
    {"<=", Kind::kLessOrEqual},
    {">=", Kind::kGreaterOrEqual},
    {"</", Kind::kTrimUpper},
    {">/", Kind::kTrimLower},
    {"<", Kind::kLess},
    {">", Kind::kGreater},
    {"=", Kind::kAssign},
    {"+", Kind::kAdd},
    {"-", Kind::kSubtract},
    {"*", Kind::kMultiply},
    {"/", Kind::kDivide},
    {"%", Kind::kModulo},
    {"^", Kind::kPower},
    {"@", Kind::kAt},
    {",", Kind::kComma},
    {"(", Kind::kLeftParenthesis},
    {")", Kind::kRightParenthesis},
    {"{", Kind::kLeftBrace},
    {"[", Kind::kLeftBracket},
    {"]", Kind::kRightBracket},
    {"}", Kind::kRightBrace},
    {":", Kind::kColon},
}};

constexpr std::array<Spelling, 6> kBraceSymbols{{
    {"=~", Kind::kRegexMatch},
    {"!~", Kind::kRegexDiffer},
    {"!=", Kind::kNotEqual},
    {"=", Kind::kAssign},
    {",", Kind::kComma},
    {"}", Kind::kRightBrace},
}};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Tokens Run() {
    while (!is_done_) {
      start_ = at_;
      Next();
    }
    return std::move(result_);
  }

 private:
  [[nodiscard]] char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  /// True when the next character is one of `set`; never at the end.
  [[nodiscard]] bool Sees(std::string_view set) const {
    return at_ < text_.size() && set.find(text_[at_]) != std::string_view::npos;
  }
  bool Accept(std::string_view set) {
    const bool is_one = Sees(set);
    at_ += is_one ? 1 : 0;
    return is_one;
  }
  void AcceptAll(std::string_view set) {
    while (Accept(set)) {
    }
  }

  void Emit(Kind kind) {
    result_.tokens.push_back({kind, text_.substr(start_, at_ - start_), start_});
    is_done_ = kind == Kind::kEnd || kind == Kind::kError;
  }
  void Fail(std::string message) {
    result_.error = std::move(message);
    Emit(Kind::kError);
  }
  void FailAtCharacter(std::string_view where) {
    const CodePoint point = DecodeCodePoint(text_.substr(at_));
    Fail("unexpected character " + QuoteCanonical(text_.substr(at_, point.size)) +
         std::string(where));
  }

  void Next();
  void LexOutsideBraces();
  void LexInsideBraces();
  void LexString();
  void LexNumberOrDuration();
  bool ScanNumber();
  bool ScanNumberTail(std::string_view digits);
  bool ScanDuration();
  void LexWord();
  void LexBracketWord();
  [[nodiscard]] bool IsBeforeParenthesis() const;
  bool LexSymbol(std::span<const Spelling> symbols);

  std::string_view text_;
  std::size_t start_ = 0;
  std::size_t at_ = 0;
  bool in_braces_ = false;
  bool in_brackets_ = false;
  /// Between `[` and the first number Prometheus takes no comment.
  bool refuses_comments_ = false;
  bool is_done_ = false;
  Tokens result_;
};

void Lexer::Next() {
  const char c = Peek();
  if (at_ >= text_.size()) {
    Emit(Kind::kEnd);
  } else if (IsBlank(c)) {
    ++at_;
  } else if (c == '#' && !refuses_comments_) {
    while (at_ < text_.size() && Peek() != '\n' && Peek() != '\r') {
      ++at_;
    }
  } else if (c == '"' || c == '\'' || c == '`') {
    LexString();
  } else if (in_braces_) {
    LexInsideBraces();
  } else {
    LexOutsideBraces();
  }
}

void Lexer::LexInsideBraces() {
  if (IsNameStart(Peek())) {
    while (IsNameCharacter(Peek())) {
      ++at_;
    }
    Emit(Kind::kIdentifier);
  } else if (!LexSymbol(kBraceSymbols)) {
    FailAtCharacter(" inside braces");
  }
}

void Lexer::LexOutsideBraces() {
  const char c = Peek();
  const bool is_fraction = c == '.' && at_ + 1 < text_.size() && IsDigit(text_[at_ + 1]);
  if (IsDigit(c) || is_fraction) {
    LexNumberOrDuration();
  } else if (in_brackets_ && IsNameStart(c)) {
    LexBracketWord();
  } else if (IsNameStart(c) || (c == ':' && !in_brackets_)) {
    LexWord();
  } else if (!LexSymbol(kSymbols)) {
    FailAtCharacter("");
  }
}

void Lexer::LexString() {
  const StringScan scan = ScanString(text_.substr(at_));
  if (!scan.error.empty()) {
    start_ = at_ += scan.error_offset;
    Fail(scan.error);
    return;
  }
  at_ += scan.size;
  Emit(Kind::kString);
}

void Lexer::LexNumberOrDuration() {
  refuses_comments_ = false;
  if (ScanNumber()) {
    Emit(Kind::kNumber);
  } else if (ScanDuration()) {
    Emit(Kind::kDuration);
  } else {
    while (IsNameCharacter(Peek()) || Peek() == '.') {
      ++at_;
    }
    Fail("bad number or duration " + QuoteCanonical(text_.substr(start_, at_ - start_)));
  }
}

/// Takes what may be a number; whether it is one is for the parser to say. False leaves the
/// position where a duration's unit may follow.
bool Lexer::ScanNumber() {
  if (Accept("0") && Accept("xX")) {
    Accept("_");
    return ScanNumberTail(kHexDigits);
  }
  return ScanNumberTail(kDigits);
}

bool Lexer::ScanNumberTail(std::string_view digits) {
  bool has_dot = false;
  bool has_exponent = false;
  Accept(".");
  Accept(digits);
  while (Sees(digits) || Sees("._eE")) {
    if ((Sees(".") && has_dot) || (Sees("eE") && has_exponent)) {
      ++at_;
      return false;
    }
    if (Accept(".")) {
      has_dot = true;
      // There are no fractions in base 16.
      if (Accept("_.") || digits.size() > kDigits.size()) {
        return false;
      }
    } else if (Accept("eE")) {
      has_exponent = true;
      Accept("+-");
      if (Accept("._eE") || at_ >= text_.size()) {
        return false;
      }
    } else if (Accept("_")) {
      if (Accept("._eE") || at_ >= text_.size()) {
        return false;
      }
    } else {
      AcceptAll(digits);
    }
  }
  return at_ > start_ && !IsNameCharacter(Peek());
}

/// The units of a duration whose first number has been taken. Their order is for the parser to
/// check.
bool Lexer::ScanDuration() {
  if (!Accept("smhdwy")) {
    return false;
  }
  Accept("s");
  while (Accept(kDigits)) {
    AcceptAll(kDigits);
    if (!Accept("smhdw")) {
      return false;
    }
    Accept("s");
  }
  return !IsNameCharacter(Peek());
}

void Lexer::LexWord() {
  while (IsNameCharacter(Peek()) || Peek() == ':') {
    ++at_;
  }
  const std::string_view word = text_.substr(start_, at_ - start_);
  Kind kind = KindOfWord(word);
  if (kind == Kind::kFill && !IsBeforeParenthesis()) {
    kind = Kind::kIdentifier;
  }
  Emit(word.find(':') == std::string_view::npos ? kind : Kind::kMetricIdentifier);
}

bool Lexer::IsBeforeParenthesis() const {
  std::size_t next = at_;
  while (next < text_.size() && IsBlank(text_[next])) {
    ++next;
  }
  return next < text_.size() && text_[next] == '(';
}

/// Of words, a range holds `step`, `range`, `max_of` and `min_of` only.
void Lexer::LexBracketWord() {
  while (IsNameStart(Peek())) {
    ++at_;
  }
  const Kind kind = KindOfWord(text_.substr(start_, at_ - start_));
  if (kind == Kind::kStep || kind == Kind::kRange || kind == Kind::kMaxOrMinOf) {
    Emit(kind);
    return;
  }
  Fail("unexpected " + QuoteCanonical(text_.substr(start_, at_ - start_)) +
       " in a range, expected a duration");
}

bool Lexer::LexSymbol(std::span<const Spelling> symbols) {
  const auto found = std::find_if(symbols.begin(), symbols.end(), [this](const Spelling& symbol) {
    return text_.substr(at_, symbol.text.size()) == symbol.text;
  });
  if (found == symbols.end()) {
    return false;
  }
  at_ += found->text.size();
  if (found->kind == Kind::kLeftBrace || found->kind == Kind::kRightBrace) {
    in_braces_ = found->kind == Kind::kLeftBrace;
  } else if (found->kind == Kind::kLeftBracket || found->kind == Kind::kRightBracket) {
    in_brackets_ = refuses_comments_ = found->kind == Kind::kLeftBracket;
  }
  Emit(found->kind);
  return true;
}

}  // namespace

TokenKind KindOfWord(std::string_view word) {
  const std::string lower = Lower(word);
  const auto* const found = std::find_if(kKeywords.begin(), kKeywords.end(),
                                         [&](const Spelling& k) { return k.text == lower; });
  return found == kKeywords.end() ? Kind::kIdentifier : found->kind;
}

Tokens SplitIntoTokens(std::string_view text) { return Lexer(text).Run(); }

}  // namespace promtally::promql
