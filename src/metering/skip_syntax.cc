// SPDX-License-Identifier: Apache-2.0
#include "metering/skip_syntax.h"

#include <array>
#include <cctype>
#include <initializer_list>
#include <utility>

namespace promtally::metering {

namespace {

using Node = SkipExpression::Node;
using NodePtr = std::shared_ptr<const Node>;

constexpr std::size_t kMostBytes = 4096;
constexpr int kMostDepth = 64;

struct SyntaxError {
  std::size_t position;
  std::string message;
};

bool IsWordCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// A recursive descent over Python's expression grammar, as far as it is supported. Errors are
/// thrown and end in ParseSkipSyntax.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  NodePtr Parse() {
    NodePtr root = ParseOr();
    SkipBlanks();
    if (at_ != text_.size()) {
      Fail("unexpected \"" + std::string(text_.substr(at_, 16)) + "\"");
    }
    return root;
  }

 private:
  [[noreturn]] void Fail(std::string message) const { FailAt(at_, std::move(message)); }
  [[noreturn]] static void FailAt(std::size_t position, std::string message) {
    throw SyntaxError{position, std::move(message)};
  }

  void SkipBlanks() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) {
      ++at_;
    }
  }

  bool TakeSymbol(std::string_view symbol) {
    SkipBlanks();
    if (text_.substr(at_, symbol.size()) != symbol) {
      return false;
    }
    at_ += symbol.size();
    return true;
  }

  void Expect(std::string_view symbol) {
    if (!TakeSymbol(symbol)) {
      Fail("expected \"" + std::string(symbol) + "\"");
    }
  }

  [[nodiscard]] std::string_view PeekWord() {
    SkipBlanks();
    std::size_t end = at_;
    while (end < text_.size() && IsWordCharacter(text_[end])) {
      ++end;
    }
    return text_.substr(at_, end - at_);
  }

  bool TakeWord(std::string_view word) {
    if (PeekWord() != word) {
      return false;
    }
    at_ += word.size();
    return true;
  }

  static NodePtr Make(NodeKind kind, std::vector<NodePtr> children = {}) {
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->children = std::move(children);
    return node;
  }

  /// One level deeper for as long as it lives.
  class Level {
   public:
    explicit Level(Parser* parser) : parser_(parser) {
      if (++parser_->depth_ > kMostDepth) {
        parser_->Fail("nested deeper than " + std::to_string(kMostDepth) + " levels");
      }
    }
    ~Level() { --parser_->depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Parser* parser_;
  };

  // NOLINTBEGIN(misc-no-recursion): Level bounds the depth
  NodePtr ParseOr() {
    std::vector<NodePtr> operands{ParseAnd()};
    while (TakeWord("or")) {
      operands.push_back(ParseAnd());
    }
    return operands.size() == 1 ? operands.front() : Make(NodeKind::kOr, std::move(operands));
  }

  NodePtr ParseAnd() {
    std::vector<NodePtr> operands{ParseNot()};
    while (TakeWord("and")) {
      operands.push_back(ParseNot());
    }
    return operands.size() == 1 ? operands.front() : Make(NodeKind::kAnd, std::move(operands));
  }

  NodePtr ParseNot() {
    if (TakeWord("not")) {
      const Level level(this);
      return Make(NodeKind::kNot, {ParseNot()});
    }
    return ParseComparison();
  }

  NodePtr ParseComparison() {
    auto node = std::make_shared<Node>();
    node->kind = NodeKind::kComparison;
    node->children.push_back(ParsePostfix());
    Comparison comparison{};
    while (TakeComparison(&comparison)) {
      node->comparisons.push_back(comparison);
      node->children.push_back(ParsePostfix());
    }
    return node->comparisons.empty() ? node->children.front() : node;
  }

  bool TakeComparison(Comparison* comparison) {
    static constexpr std::array<std::pair<std::string_view, Comparison>, 6> kSymbols{{
        {"==", Comparison::kEqual},
        {"!=", Comparison::kNotEqual},
        {"<=", Comparison::kLessOrEqual},
        {">=", Comparison::kGreaterOrEqual},
        {"<", Comparison::kLess},
        {">", Comparison::kGreater},
    }};
    for (const auto& [symbol, value] : kSymbols) {
      if (TakeSymbol(symbol)) {
        *comparison = value;
        return true;
      }
    }
    if (TakeWord("in")) {
      *comparison = Comparison::kIn;
      return true;
    }
    const std::size_t before = at_;
    if (TakeWord("not") && TakeWord("in")) {
      *comparison = Comparison::kNotIn;
      return true;
    }
    at_ = before;
    return false;
  }

  NodePtr ParsePostfix() {
    NodePtr node = ParsePrimary();
    while (true) {
      if (TakeSymbol(".")) {
        if (!TakeWord("get")) {
          Fail("only .get(key) and [key] are supported");
        }
        Expect("(");
        std::vector<NodePtr> children{node, ParseKey(*node)};
        if (TakeSymbol(",")) {
          children.push_back(ParseOr());
        }
        Expect(")");
        node = Make(NodeKind::kGet, std::move(children));
      } else if (TakeSymbol("[")) {
        NodePtr key = ParseKey(*node);
        Expect("]");
        node = Make(NodeKind::kSubscript, {node, std::move(key)});
      } else {
        return node;
      }
    }
  }

  /// A key; those of the data point itself and of `vol` are known and checked here.
  NodePtr ParseKey(const Node& container) {
    SkipBlanks();
    const std::size_t begin = at_;
    NodePtr key = ParseOr();
    const bool root = container.kind == NodeKind::kDatapoint;
    const bool vol = (container.kind == NodeKind::kGet || container.kind == NodeKind::kSubscript) &&
                     container.children[0]->kind == NodeKind::kDatapoint &&
                     container.children[1]->text == "vol";
    if (root) {
      CheckKey(begin, *key, {"vol", "groupby", "metadata"});
    } else if (vol) {
      CheckKey(begin, *key, {"qty", "unit"});
    }
    return key;
  }

  static void CheckKey(std::size_t position, const Node& key,
                       std::initializer_list<std::string_view> known) {
    std::string names;
    for (const std::string_view name : known) {
      if (key.kind == NodeKind::kText && key.text == name) {
        return;
      }
      names += names.empty() ? "" : ", ";
      names += name;
    }
    if (key.kind == NodeKind::kText && (key.text == "rating" || key.text == "price")) {
      FailAt(position,
             "\"" + key.text + "\" is not known here: usage is metered before it is rated");
    }
    FailAt(position, "the key must be one of " + names);
  }

  NodePtr ParsePrimary() {
    const Level level(this);
    SkipBlanks();
    if (at_ == text_.size()) {
      Fail("unexpected end of the expression");
    }
    const char c = text_[at_];
    if (c == '(' || c == '[') {
      return ParseBracket();
    }
    if (c == '{') {
      ++at_;
      Expect("}");
      return Make(NodeKind::kEmptyDictionary);
    }
    if (c == '"' || c == '\'') {
      return ParseText();
    }
    if (c == '-' || c == '+' || c == '.' || std::isdigit(static_cast<unsigned char>(c)) != 0) {
      return ParseNumber();
    }
    return ParseWord();
  }

  /// `(expression)`, `(a, b)`, `()`, `[a, b]`, `[]`
  NodePtr ParseBracket() {
    const bool list = text_[at_++] == '[';
    const std::string_view close = list ? "]" : ")";
    std::vector<NodePtr> items;
    bool comma = list;
    while (!TakeSymbol(close)) {
      items.push_back(ParseOr());
      if (!TakeSymbol(",")) {
        Expect(close);
        break;
      }
      comma = true;
    }
    if (!comma && items.size() == 1) {
      return items.front();
    }
    return Make(NodeKind::kList, std::move(items));
  }

  NodePtr ParseText() {
    const std::size_t begin = at_;
    const char quote = text_[at_++];
    auto node = std::make_shared<Node>();
    node->kind = NodeKind::kText;
    while (at_ < text_.size() && text_[at_] != quote) {
      char c = text_[at_++];
      if (c == '\\') {
        c = at_ < text_.size() ? text_[at_++] : '\0';
        if (c == 'n') {
          c = '\n';
        } else if (c == 't') {
          c = '\t';
        } else if (c != '\\' && c != '"' && c != '\'') {
          FailAt(at_ - 1, "only \\\\, \\\", \\', \\n and \\t are supported in text");
        }
      }
      node->text.push_back(c);
    }
    if (at_ == text_.size()) {
      FailAt(begin, "the text has no closing quote");
    }
    ++at_;
    return node;
  }

  NodePtr ParseNumber() {
    const std::size_t begin = at_;
    if (text_[at_] == '-' || text_[at_] == '+') {
      ++at_;
    }
    while (at_ < text_.size() && (IsWordCharacter(text_[at_]) || text_[at_] == '.' ||
                                  ((text_[at_] == '-' || text_[at_] == '+') &&
                                   (text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E')))) {
      ++at_;
    }
    const auto number = base::Decimal::Parse(text_.substr(begin, at_ - begin));
    if (!number) {
      FailAt(begin, number.error().message);
    }
    auto node = std::make_shared<Node>();
    node->kind = NodeKind::kNumber;
    node->number = *number;
    return node;
  }

  NodePtr ParseWord() {
    if (TakeWord("datapoint")) {
      return Make(NodeKind::kDatapoint);
    }
    if (TakeWord("None")) {
      return Make(NodeKind::kNone);
    }
    for (const bool truth : {true, false}) {
      if (TakeWord(truth ? "True" : "False")) {
        auto node = std::make_shared<Node>();
        node->kind = NodeKind::kBool;
        node->truth = truth;
        return node;
      }
    }
    const std::string_view word = PeekWord();
    Fail(word.empty() ? "unexpected \"" + std::string(text_.substr(at_, 1)) + "\""
                      : "unknown name \"" + std::string(word.substr(0, 32)) +
                            "\" (only datapoint, literals and operators are supported)");
  }
  // NOLINTEND(misc-no-recursion)

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

base::Result<std::shared_ptr<const SkipExpression::Node>> ParseSkipSyntax(std::string_view text) {
  if (text.size() > kMostBytes) {
    return base::Fail(base::ErrorCode::kParse,
                      "longer than " + std::to_string(kMostBytes) + " bytes");
  }
  try {
    return Parser(text).Parse();
  } catch (const SyntaxError& error) {
    return base::Fail(base::ErrorCode::kParse,
                      "column " + std::to_string(error.position + 1) + ": " + error.message);
  }
}

}  // namespace promtally::metering
