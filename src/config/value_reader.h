// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/problems.h"
#include "config/yaml_document.h"
#include "config/yaml_scalar.h"
#include "promtally/base/time.h"
#include "promtally/config/settings.h"

namespace promtally::config {

class ValueReader;

/// One key of a map that is read into a Target. Without `read` it belongs to a later version:
/// known, and refused with that word.
template <typename Target>
struct Field {
  std::string_view key;
  void (*read)(ValueReader& reader, const Node& value, Target& target) = nullptr;
};

template <typename Target>
using Fields = std::span<const Field<Target>>;

/// Which rules decide what an unquoted word is.
enum class ScalarRules {
  kPyYaml,  ///< metrics.yml: as CloudKitty's reader
  kCore,    ///< promtally.yml: YAML 1.2
};

/// A scalar, with the environment put in.
struct Scalar {
  std::string text;
  ScalarKind kind = ScalarKind::kText;
  bool quoted = false;
  bool from_environment = false;
};

/// Reads typed values out of nodes; what is wrong becomes a problem with the value's place and the
/// key's name, and the answer is nullopt. Lives as long as one file is read.
class ValueReader {
 public:
  /// `environment`: nullptr where `${…}` has no meaning.
  ValueReader(Problems& problems, ScalarRules rules, const Environment* environment)
      : problems_(problems), rules_(rules), environment_(environment) {}

  [[nodiscard]] Problems& problems() { return problems_; }

  /// Reads every key of a map by the tables; unknown ones are errors. `where` is the map's name in
  /// messages (`metric "a"`), empty for the file itself.
  template <typename Target>
  void ReadMap(const Node& map, std::string_view where,
               std::initializer_list<Fields<Target>> tables, Target& target);

  /// Any scalar but null; `expected` says in messages what is wanted.
  [[nodiscard]] std::optional<Scalar> AnyScalar(const Node& value, std::string_view expected);
  [[nodiscard]] std::optional<std::string> Text(const Node& value);
  [[nodiscard]] std::optional<std::string> NonEmptyText(const Node& value);
  [[nodiscard]] std::optional<bool> Bool(const Node& value);
  [[nodiscard]] std::optional<std::int64_t> Integer(const Node& value, std::int64_t least,
                                                    std::int64_t most);
  [[nodiscard]] std::optional<base::Milliseconds> Duration(const Node& value);
  /// Text that is one of `words`; the hint of the error lists them.
  [[nodiscard]] std::optional<std::string> OneOf(const Node& value,
                                                 const std::vector<std::string_view>& words);
  /// True for a map (a list); else an error, but for an invalid node.
  [[nodiscard]] bool IsMap(const Node& value);
  [[nodiscard]] bool IsList(const Node& value, std::string_view of);

  /// `"url" in sources[] <what>`
  void Wrong(const Node& value, std::string_view what, std::string hint = {});
  /// `"url" in sources[]`
  [[nodiscard]] std::string Subject() const;

 private:
  struct KnownKeys {
    std::vector<std::string_view> now;
    std::vector<std::string_view> later;  ///< of later versions
  };
  void UnknownKey(const Node& key, const KnownKeys& known);
  void NotText(const Node& value, const Scalar& scalar);

  Problems& problems_;
  ScalarRules rules_;
  const Environment* environment_;
  std::string key_;    // of the value that is being read
  std::string where_;  // the map that it stands in
};

/// `prefix` + key, for each key that the table reads.
template <typename Target>
void AppendKeys(std::string_view prefix, Fields<Target> table, std::vector<std::string>& keys) {
  for (const Field<Target>& field : table) {
    if (field.read != nullptr) {
      keys.push_back(std::string(prefix) + std::string(field.key));
    }
  }
}

template <typename Target>
void ValueReader::ReadMap(const Node& map, std::string_view where,
                          std::initializer_list<Fields<Target>> tables, Target& target) {
  const std::string outer_key = std::exchange(key_, std::string());
  const std::string outer_where = std::exchange(where_, std::string(where));
  KnownKeys known;
  for (const Fields<Target> table : tables) {
    for (const Field<Target>& field : table) {
      (field.read == nullptr ? known.later : known.now).push_back(field.key);
    }
  }
  for (const Entry& entry : map.entries) {
    const Field<Target>* found = nullptr;
    for (const Fields<Target> table : tables) {
      for (const Field<Target>& field : table) {
        found = IsText(*entry.key) && field.key == entry.key->text ? &field : found;
      }
    }
    key_ = entry.key->text;
    if (found == nullptr) {
      UnknownKey(*entry.key, known);
    } else if (found->read == nullptr) {
      Wrong(*entry.key, "is not supported by this version");
    } else {
      found->read(*this, *entry.value, target);
    }
  }
  key_ = outer_key;
  where_ = outer_where;
}

}  // namespace promtally::config
