// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "inference/remote_protocol.h"
#include "inference/remote_server.h"
#include "promtally/base/result.h"
#include "promtally/config/remote_model.h"

namespace promtally::inference {

/// `/v2/models/NAME[/versions/V]`, percent-encoded.
[[nodiscard]] std::string OipPath(const config::RemoteModelSettings& settings);

/// Asks for readiness and metadata, and for the server's extensions where tensors are binary.
[[nodiscard]] base::Result<RemoteDescription> DescribeOip(
    const config::RemoteModelSettings& settings, RemoteServer& server);

/// The input that rows are sent as; without metadata FP64 of any shape.
[[nodiscard]] base::Result<RemoteTensor> OipInput(const config::RemoteModelSettings& settings,
                                                  const RemoteDescription& description);
/// Compares the settings with the metadata: input, mask, output, datatypes.
[[nodiscard]] base::Status CheckOipTensors(const config::RemoteModelSettings& settings,
                                           const RemoteDescription& description);
[[nodiscard]] const RemoteTensor* FindTensor(const std::vector<RemoteTensor>& tensors,
                                             std::string_view name);

}  // namespace promtally::inference
