// SPDX-License-Identifier: Apache-2.0
#include "inference/remote_model.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "inference/remote_rows.h"

namespace promtally::inference {
namespace {

constexpr int kTooLarge = 413;

std::unique_ptr<RemoteProtocol> MakeProtocol(const config::RemoteModelSettings& settings) {
  switch (settings.type) {
    case config::RemoteModelType::kMlflow:
      return MakeMlflowProtocol(settings);
    case config::RemoteModelType::kKserveV1:
      return MakeKserveProtocol(settings);
    case config::RemoteModelType::kTemplate:
      return MakeTemplateProtocol(settings);
    case config::RemoteModelType::kIcos:
      return MakeIcosProtocol(settings);
    case config::RemoteModelType::kOipV2:
    case config::RemoteModelType::kOipV2Binary:
      break;
  }
  return MakeOipProtocol(settings);
}

}  // namespace

RemoteModel::RemoteModel(config::RemoteModelSettings settings, RemoteServer::Waiting waiting)
    : settings_(std::move(settings)),
      type_(config::ToText(settings_.type)),
      protocol_(MakeProtocol(settings_)),
      server_(std::make_unique<RemoteServer>(settings_, std::move(waiting))),
      batch_rows_(settings_.max_batch_rows) {}

/// `remote model "lags" (http://host:8080): what`
base::Error RemoteModel::Named(const base::Error& error) const {
  const bool placed = error.message.starts_with(settings_.url);
  return {error.code, "remote model \"" + settings_.name + "\"" +
                          (placed ? ": " : " (" + settings_.url + "): ") + error.message};
}

base::Result<RemoteDescription> RemoteModel::Describe() const {
  base::Result<RemoteDescription> description = protocol_->Describe(*server_);
  const std::lock_guard lock(mutex_);
  if (!description) {
    known_.reset();
    return tl::unexpected(Named(description.error()));
  }
  known_ = *description;
  columns_ = description->columns;
  return description;
}

base::Result<RemoteDescription> RemoteModel::Known() const {
  {
    const std::lock_guard lock(mutex_);
    if (known_) {
      return *known_;
    }
  }
  return Describe();
}

base::Result<std::vector<Prediction>> RemoteModel::Predict(const Rows& rows,
                                                           const PredictOptions& options) const {
  if (options.contributions) {
    return base::Fail(base::ErrorCode::kInvalidArgument,
                      "a remote model says nothing of contributions");
  }
  SentRows sent = ApplyMissingPolicy(rows, settings_.missing);
  std::vector<Prediction> all(rows.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].reason = std::move(sent.reasons[i]);
  }
  if (sent.places.empty()) {
    return all;
  }
  base::Result<std::vector<Prediction>> predicted = PredictKept(sent.kept);
  if (!predicted) {
    return tl::unexpected(predicted.error());
  }
  for (std::size_t i = 0; i < predicted->size(); ++i) {
    all[sent.places[i]] = std::move((*predicted)[i]);
  }
  return all;
}

base::Result<std::vector<Prediction>> RemoteModel::PredictKept(const RemoteBatch& kept) const {
  const base::Result<RemoteDescription> description = Known();
  if (!description) {
    return tl::unexpected(description.error());
  }
  if (const base::Status fits = protocol_->Compare(*description, kept.rows); !fits) {
    return tl::unexpected(Named(fits.error()));
  }
  std::vector<Prediction> all;
  all.reserve(kept.rows.size());
  while (all.size() < kept.rows.size()) {
    const std::size_t count =
        std::min({kept.rows.size() - all.size(), batch_rows_.load(), protocol_->max_rows()});
    const RemoteBatch batch = Slice(kept, all.size(), count);
    const base::Result<RemoteAnswer> answer = Ask(*description, batch);
    if (!answer) {
      return tl::unexpected(Named(answer.error()));
    }
    if (answer->status == kTooLarge && count > 1) {
      batch_rows_ = (count + 1) / 2;
      continue;
    }
    if (!answer->Succeeded()) {
      return tl::unexpected(Named({base::ErrorCode::kRejected, FailureText(*answer)}));
    }
    base::Result<std::vector<Prediction>> part = protocol_->Decode(*description, *answer, batch);
    if (!part) {
      return tl::unexpected(Named(part.error()));
    }
    std::move(part->begin(), part->end(), std::back_inserter(all));
  }
  return all;
}

base::Result<RemoteAnswer> RemoteModel::Ask(const RemoteDescription& description,
                                            const RemoteBatch& batch) const {
  const base::Result<RemoteRequest> request = protocol_->Encode(description, batch);
  if (!request) {
    return tl::unexpected(request.error());
  }
  base::Result<RemoteAnswer> answer = server_->Call(*request);
  if (!answer || (!answer->Succeeded() && answer->status != kTooLarge)) {
    // The model may have been replaced: it is looked at again before the next rows.
    const std::lock_guard lock(mutex_);
    known_.reset();
  }
  return answer;
}

}  // namespace promtally::inference
