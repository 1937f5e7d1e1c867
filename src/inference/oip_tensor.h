// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inference/remote_protocol.h"
#include "promtally/base/result.h"

namespace promtally::inference {

/// `[-1,12]`
[[nodiscard]] std::string ShapeText(const std::vector<std::int64_t>& shape);

/// The shape that `rows` rows of `columns` values have for a tensor that is described so: the first
/// dimension counts rows, the others together the values of a row (one of them may be -1). A tensor
/// of one dimension takes one row, or rows of one value. kInvalidArgument names both sides.
[[nodiscard]] base::Result<std::vector<std::int64_t>> ShapeFor(const RemoteTensor& tensor,
                                                               std::size_t rows,
                                                               std::size_t columns);

/// Bytes of one element; nullopt for BYTES and unknown words.
[[nodiscard]] std::optional<std::size_t> ElementBytes(std::string_view datatype);
/// Whether rows of numbers can be sent as this datatype: FP16, FP32, FP64.
[[nodiscard]] bool IsFloating(std::string_view datatype);

/// Little-endian elements, row-major. kInvalidArgument: a value that does not fit.
[[nodiscard]] base::Result<std::string> ToElements(const std::vector<double>& values,
                                                   std::string_view datatype);
/// The numbers of such bytes; kParse: BOOL and BYTES are no numbers, or a part is left over.
[[nodiscard]] base::Result<std::vector<double>> FromElements(std::string_view bytes,
                                                             std::string_view datatype);

}  // namespace promtally::inference
