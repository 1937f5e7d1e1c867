// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "config/problems.h"

namespace promtally::config {

enum class NodeKind {
  kNull,
  kScalar,
  kSequence,
  kMap,
  kInvalid,  ///< already reported; readers pass over it in silence
};

struct Node;

struct Entry {
  const Node* key;
  const Node* value;
};

/// One value of a YAML file with its place. Aliases point to the node they stand for, so a tree may
/// share nodes; it never has a cycle, is at most 32 deep, and a walk visits a bounded number of
/// nodes. A null that is the value of a key has the key's place: there may be nothing to point at.
struct Node {
  NodeKind kind = NodeKind::kNull;
  Place place;
  std::string text;     ///< of a scalar
  bool quoted = false;  ///< a scalar in quotes or a block is text, whatever it looks like
  std::vector<const Node*> items;
  std::vector<Entry> entries;  ///< merged ones first, then the map's own in the file's order
  std::size_t weight = 1;      ///< nodes that a walk from here visits
  std::size_t height = 1;
};

enum class Aliases { kAllowed, kRefused };

/// The one document of a file. `root` is nullptr when the file is empty, has only comments, or
/// could not be read at all (then there is an error). Owns its nodes; immutable.
struct YamlDocument {
  std::deque<Node> nodes;
  const Node* root = nullptr;
};

/// Parses with the strictness that the library lacks: size, UTF-8, control characters, depth, tags,
/// duplicate keys, unclosed quotes, further documents, and aliases and merge keys within a budget
/// (`kRefused`: not at all). What can be read is read, so that a reader finds its own problems too.
[[nodiscard]] YamlDocument ReadYaml(std::string_view bytes, Aliases aliases, Problems& problems);

/// The bytes without a byte order mark; what Problems and ReadYaml are given.
[[nodiscard]] std::string_view WithoutByteOrderMark(std::string_view bytes);

/// The value of a text key, or nullptr.
[[nodiscard]] const Node* Find(const Node& map, std::string_view key);
/// The key's own node, or nullptr.
[[nodiscard]] const Node* FindKey(const Node& map, std::string_view key);
/// True for a key or value that is text by YAML 1.1's rules (in quotes, or not a number, a bool,
/// …).
[[nodiscard]] bool IsText(const Node& node);

}  // namespace promtally::config
