// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "inference/document_cursor.h"
#include "inference/xgboost_document.h"

namespace promtally::inference {

/// A whole number that the document has as a text ("39"); 0 and a failure otherwise.
[[nodiscard]] std::int64_t ReadNumberText(DocumentCursor& cursor);
/// A list of whole numbers of 32 bits.
[[nodiscard]] std::vector<std::int32_t> ReadIntegers(DocumentCursor& cursor);
[[nodiscard]] std::vector<float> ReadFloats(DocumentCursor& cursor);

/// A tree and what can only be compared once the rest of the document has been read.
struct TreeRead {
  XgboostTree tree;
  std::int64_t num_feature = 0;  ///< as the tree states it
  std::int32_t feature_end = 0;  ///< one more than the greatest that it uses
  std::size_t nodes = 0;         ///< of the file, deleted ones included
  /// XGBoost keeps a split's categories as bits up to the greatest: words of 32 bits.
  std::size_t category_words = 0;
};

/// One element of `trees`, checked in itself.
[[nodiscard]] TreeRead ReadTree(DocumentCursor& cursor);

}  // namespace promtally::inference
