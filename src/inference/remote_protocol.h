// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "inference/model.h"
#include "inference/remote_server.h"
#include "inference/rows.h"
#include "promtally/base/result.h"
#include "promtally/config/remote_model.h"

namespace promtally::inference {

/// A tensor of the Open Inference Protocol as a server describes it; -1 is any length.
struct RemoteTensor {
  std::string name;
  std::string datatype;
  std::vector<std::int64_t> shape;
};

/// What a server says of a model before the model is asked.
struct RemoteDescription {
  std::vector<std::string> versions;
  std::vector<RemoteTensor> inputs;  ///< empty: the server does not say
  std::vector<RemoteTensor> outputs;
  std::size_t columns = 0;  ///< of a row, where it is fixed
  std::vector<std::string> warnings;
};

/// Rows that are to be predicted; nothing is missing in them but under the policies mask and nan.
struct RemoteBatch {
  Rows rows;
  std::vector<bool> mask;  ///< like rows.values; empty: no mask is sent
  std::string id;          ///< equal for equal rows
};

/// One way to talk to a model server. Immutable; any thread. Errors: kInvalidArgument: model and
/// rows do not fit; kNotFound: no such model; kRejected: the server refuses, or the model is not
/// ready; kParse: an answer that cannot be taken; those of RemoteServer.
class RemoteProtocol {
 public:
  virtual ~RemoteProtocol() = default;

  /// Readiness and metadata of the model.
  [[nodiscard]] virtual base::Result<RemoteDescription> Describe(RemoteServer& server) const = 0;
  /// Whether such rows fit what was described; no request is sent.
  [[nodiscard]] virtual base::Status Compare(const RemoteDescription&, const Rows&) const {
    return {};
  }
  [[nodiscard]] virtual std::size_t max_rows() const {
    return std::numeric_limits<std::size_t>::max();
  }
  [[nodiscard]] virtual base::Result<RemoteRequest> Encode(const RemoteDescription& description,
                                                           const RemoteBatch& batch) const = 0;
  /// Takes an answer with a good status: exactly one prediction a row of finite numbers.
  [[nodiscard]] virtual base::Result<std::vector<Prediction>> Decode(
      const RemoteDescription& description, const RemoteAnswer& answer,
      const RemoteBatch& batch) const = 0;
};

[[nodiscard]] std::unique_ptr<RemoteProtocol> MakeOipProtocol(
    const config::RemoteModelSettings& settings);
[[nodiscard]] std::unique_ptr<RemoteProtocol> MakeMlflowProtocol(
    const config::RemoteModelSettings& settings);
[[nodiscard]] std::unique_ptr<RemoteProtocol> MakeKserveProtocol(
    const config::RemoteModelSettings& settings);
[[nodiscard]] std::unique_ptr<RemoteProtocol> MakeTemplateProtocol(
    const config::RemoteModelSettings& settings);
[[nodiscard]] std::unique_ptr<RemoteProtocol> MakeIcosProtocol(
    const config::RemoteModelSettings& settings);

}  // namespace promtally::inference
