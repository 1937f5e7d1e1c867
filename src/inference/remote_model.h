// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "inference/model.h"
#include "inference/remote_protocol.h"
#include "inference/remote_server.h"
#include "promtally/base/result.h"
#include "promtally/config/remote_model.h"

namespace promtally::inference {

/// A model on a server of somebody else's. Before the first rows go out, readiness and metadata are
/// read and compared with them; all rows go in one request up to max_batch_rows, which is halved
/// where the server answers 413. Rows with gaps follow the model's policy. An answer is taken whole
/// or not at all.
///
/// Errors: kUnavailable, kTimeout: the server gave no answer after the retries; all others are an
/// answer's or ours, the message names both sides. Predict waits; any thread.
class RemoteModel : public Model {
 public:
  explicit RemoteModel(config::RemoteModelSettings settings, RemoteServer::Waiting waiting = {});

  [[nodiscard]] const std::string& type() const override { return type_; }
  [[nodiscard]] const std::vector<std::string>& features() const override { return no_names_; }
  [[nodiscard]] std::size_t columns() const override { return columns_; }
  [[nodiscard]] base::Result<std::vector<Prediction>> Predict(
      const Rows& rows, const PredictOptions& options) const override;

  /// Asks the server now, whatever was known before.
  [[nodiscard]] base::Result<RemoteDescription> Describe() const;

  [[nodiscard]] const config::RemoteModelSettings& settings() const { return settings_; }
  /// Ends waits of predictions that are under way.
  void Stop() const { server_->Stop(); }

 private:
  [[nodiscard]] base::Result<RemoteDescription> Known() const;
  [[nodiscard]] base::Result<std::vector<Prediction>> PredictKept(const RemoteBatch& kept) const;
  [[nodiscard]] base::Result<RemoteAnswer> Ask(const RemoteDescription& description,
                                               const RemoteBatch& batch) const;
  [[nodiscard]] base::Error Named(const base::Error& error) const;

  // Fixed after construction.
  const config::RemoteModelSettings settings_;
  const std::string type_;
  const std::vector<std::string> no_names_;
  const std::unique_ptr<RemoteProtocol> protocol_;
  const std::unique_ptr<RemoteServer> server_;

  // Any thread.
  mutable std::mutex mutex_;
  mutable std::optional<RemoteDescription> known_;
  mutable std::atomic<std::size_t> columns_ = 0;
  mutable std::atomic<std::size_t> batch_rows_;
};

}  // namespace promtally::inference
