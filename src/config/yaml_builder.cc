// SPDX-License-Identifier: Apache-2.0
#include "config/yaml_builder.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <unordered_map>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "config/yaml_scalar.h"

namespace promtally::config {
namespace {

constexpr std::size_t kMostDepth = 32;
// Nodes that aliases may add to a walk: far more than any real file, far less than a bomb.
constexpr std::size_t kVisitBudget = 100'000;

// Ends the parsing after a problem that has been reported.
struct Stop {};

Place PlaceOf(const YAML::Mark& mark) {
  if (mark.is_null()) {
    return {};
  }
  return {static_cast<std::size_t>(mark.line) + 1, static_cast<std::size_t>(mark.column) + 1};
}

// Two keys are one when they are the same text, or the same unquoted word: in a map of numbers 0
// and '0' are two.
using Identity = std::pair<bool, std::string_view>;
Identity IdentityOf(const Node& key) { return {IsText(key), std::string_view(key.text)}; }

bool IsMergeKey(const Node& key) {
  return key.kind == NodeKind::kScalar && !key.quoted && key.text == "<<";
}

// Turns the parser's events into nodes.
class Builder : public YAML::EventHandler {
 public:
  Builder(Aliases aliases, Problems& problems) : aliases_(aliases), problems_(problems) {}

  YamlDocument Take() { return std::move(document_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      problems_.Error(PlaceOf(mark), "a file has one document only",
                      "put what follows into a file of its own");
      throw Stop{};
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node& node = Make(NodeKind::kNull, mark, anchor);
    if (!frames_.empty() && frames_.back().key != nullptr) {
      node.place = frames_.back().key->place;
    }
    Attach(node);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node& node = Make(NodeKind::kScalar, mark, anchor);
    node.text = value;
    node.quoted = tag != "?";
    CheckTag(node, tag);
    Attach(node);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    Open(Make(NodeKind::kSequence, mark, anchor), tag, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    Open(Make(NodeKind::kMap, mark, anchor), tag, anchor);
  }
  void OnSequenceEnd() override { Attach(Close()); }
  void OnMapEnd() override {
    CheckDuplicates(*frames_.back().node);
    ResolveMergeKey(*frames_.back().node);
    Attach(Close());
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const Place place = PlaceOf(mark);
    const bool open = std::any_of(frames_.begin(), frames_.end(),
                                  [anchor](const Frame& frame) { return frame.anchor == anchor; });
    if (aliases_ == Aliases::kRefused) {
      problems_.Error(place, "an alias is not allowed in this file", "write the value out");
    } else if (open) {
      problems_.Error(place, "the alias stands inside the value that it stands for");
    } else {
      const Node& target = *anchors_.at(anchor);
      aliased_ += target.weight;
      if (aliased_ > kVisitBudget) {
        problems_.Error(place, "aliases repeat too much: more than " +
                                   std::to_string(kVisitBudget) + " values in all");
        throw Stop{};
      }
      CheckDepth(frames_.size() + target.height, place);
      Attach(target);
      return;
    }
    Attach(Make(NodeKind::kInvalid, mark, 0));
  }

 private:
  struct Frame {
    Node* node;
    YAML::anchor_t anchor;
    const Node* key;  // of a map, while its value is awaited
    bool is_sequence;
  };

  Node& Make(NodeKind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    Node& node = document_.nodes.emplace_back();
    node.kind = kind;
    node.place = PlaceOf(mark);
    if (anchor != 0) {
      anchors_[anchor] = &node;
    }
    return node;
  }

  void CheckTag(Node& node, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!") {
      problems_.Error(node.place, "a tag (" + Quoted(tag) + ") is not allowed", "remove the tag");
      node.kind = NodeKind::kInvalid;
    }
  }

  void CheckDepth(std::size_t depth, Place place) {
    if (depth > kMostDepth) {
      problems_.Error(place, "more than " + std::to_string(kMostDepth) + " levels of nesting");
      throw Stop{};
    }
  }

  void Open(Node& node, const std::string& tag, YAML::anchor_t anchor) {
    const bool sequence = node.kind == NodeKind::kSequence;  // CheckTag may change the kind
    CheckDepth(frames_.size() + 1, node.place);
    CheckTag(node, tag);
    frames_.push_back({&node, anchor, nullptr, sequence});
  }

  Node& Close() {
    Node& node = *frames_.back().node;
    frames_.pop_back();
    return node;
  }

  void Attach(const Node& child) {
    if (frames_.empty()) {
      document_.root = &child;
      return;
    }
    Frame& frame = frames_.back();
    frame.node->weight += child.weight;
    frame.node->height = std::max(frame.node->height, child.height + 1);
    if (frame.is_sequence) {
      frame.node->items.push_back(&child);
    } else if (frame.key == nullptr) {
      frame.key = &child;
    } else {
      frame.node->entries.push_back({frame.key, &child});
      frame.key = nullptr;
    }
  }

  void CheckDuplicates(Node& map);
  void ResolveMergeKey(Node& map);
  std::vector<const Node*> MergedMaps(const Node& value);

  Aliases aliases_;
  Problems& problems_;
  YamlDocument document_;
  std::vector<Frame> frames_;
  std::unordered_map<YAML::anchor_t, const Node*> anchors_;
  std::size_t documents_ = 0;
  std::size_t aliased_ = 0;
};

// Leaves the first of equal keys, so that a reader does not report the mistake once more.
void Builder::CheckDuplicates(Node& map) {
  std::map<Identity, Place> seen;
  std::erase_if(map.entries, [this, &seen](const Entry& entry) {
    const Node& key = *entry.key;
    if (key.kind != NodeKind::kScalar) {
      if (key.kind != NodeKind::kInvalid) {
        problems_.Error(key.place, "a key must be a word or a number");
      }
      return true;
    }
    const auto [first, is_new] = seen.emplace(IdentityOf(key), key.place);
    if (!is_new) {
      problems_.Error(key.place, "duplicate key " + Quoted(key.text) + ", first given at " +
                                     problems_.ToText(first->second));
    }
    return !is_new;
  });
}

// The maps that a merge key names; empty after a problem.
std::vector<const Node*> Builder::MergedMaps(const Node& value) {
  const auto is_map = [](const Node* node) { return node->kind == NodeKind::kMap; };
  if (is_map(&value)) {
    return {&value};
  }
  if (value.kind == NodeKind::kSequence &&
      std::all_of(value.items.begin(), value.items.end(), is_map)) {
    return value.items;
  }
  if (value.kind != NodeKind::kInvalid) {
    problems_.Error(value.place, "\"<<\" takes a map or a list of maps");
  }
  return {};
}

// What a map says itself wins over what it merges, an earlier merged map over a later one.
void Builder::ResolveMergeKey(Node& map) {
  const auto merge = std::find_if(map.entries.begin(), map.entries.end(),
                                  [](const Entry& entry) { return IsMergeKey(*entry.key); });
  if (merge == map.entries.end()) {
    return;
  }
  const Entry merged = *merge;
  std::erase_if(map.entries, [](const Entry& entry) { return IsMergeKey(*entry.key); });
  if (aliases_ == Aliases::kRefused) {
    problems_.Error(merged.key->place, "a merge key is not allowed in this file",
                    "write the keys out");
    return;
  }
  std::set<Identity> known;
  for (const Entry& entry : map.entries) {
    known.insert(IdentityOf(*entry.key));
  }
  std::vector<Entry> entries;
  for (const Node* const source : MergedMaps(*merged.value)) {
    for (const Entry& entry : source->entries) {
      if (known.insert(IdentityOf(*entry.key)).second) {
        entries.push_back(entry);
      }
    }
  }
  entries.insert(entries.end(), map.entries.begin(), map.entries.end());
  map.entries = std::move(entries);
}

// The parser ends a quoted text silently where the file ends, so the last one is looked at again.
bool IsClosed(std::string_view text) {
  while (text.starts_with('&') || text.starts_with('!')) {
    text.remove_prefix(std::min(text.find_first_of(" \t\r\n"), text.size()));
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  }
  if (!text.starts_with('"') && !text.starts_with('\'')) {
    return true;
  }
  const char quote = text.front();
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '\\' && quote == '"') {
      ++at;
    } else if (text[at] == quote) {
      if (quote == '"' || at + 1 == text.size() || text[at + 1] != quote) {
        return true;
      }
      ++at;
    }
  }
  return false;
}

void CheckLastQuotedText(std::string_view bytes, const YamlDocument& document, Problems& problems) {
  const auto last = std::find_if(document.nodes.rbegin(), document.nodes.rend(), [](const Node& n) {
    return n.kind == NodeKind::kScalar && n.quoted;
  });
  if (last == document.nodes.rend()) {
    return;
  }
  const std::string_view line = problems.Line(last->place.line);
  const auto start = static_cast<std::size_t>(line.data() - bytes.data()) + last->place.column - 1;
  if (!line.empty() && start < bytes.size() && !IsClosed(bytes.substr(start))) {
    problems.Error(last->place, "the quoted text is not closed");
  }
}

}  // namespace

YamlDocument BuildDocument(std::string_view bytes, Aliases aliases, Problems& problems) {
  Builder builder(aliases, problems);
  try {
    std::istringstream stream{std::string(bytes)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop&) {
    // reported where it was found
  } catch (const YAML::Exception& exception) {
    problems.Error(PlaceOf(exception.mark), "not valid YAML: " + exception.msg);
  }
  YamlDocument document = builder.Take();
  CheckLastQuotedText(bytes, document, problems);
  return document;
}

}  // namespace promtally::config
