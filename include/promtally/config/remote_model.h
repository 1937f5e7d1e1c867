// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "promtally/base/time.h"
#include "promtally/config/http_client_settings.h"

namespace promtally::config {

/// What a model server speaks.
enum class RemoteModelType {
  kOipV2,        ///< Open Inference Protocol v2, JSON tensors
  kOipV2Binary,  ///< the same with binary tensors
  kMlflow,       ///< MLflow's scoring server, `/invocations`
  kKserveV1,     ///< KServe and TensorFlow Serving, `:predict`
  kTemplate,     ///< any JSON over HTTP: a request template, and a JSON Pointer into the answer
  kIcos,         ///< ICOS Intelligence API, `/predict`
};

/// What becomes of a row with a missing value. None of them is ever sent as a plain 0.
enum class MissingPolicy {
  kRefuse,  ///< the row is not predicted, and that is an error
  kDrop,    ///< the row is not predicted
  kHold,    ///< the value before it in the row is repeated
  kMask,    ///< sent as 0 beside a second tensor that says what is missing
  kNan,     ///< sent as NaN; binary tensors only
};

/// One entry of `models.remote`. Immutable once loaded.
struct RemoteModelSettings {
  std::string name;  ///< unique, and a NAME of `promtally models`
  RemoteModelType type = RemoteModelType::kOipV2;
  std::string url;      ///< base URL; the protocol's paths are added to it
  std::string model;    ///< as the server names it
  std::string version;  ///< empty: the server chooses
  std::string input;    ///< tensor; empty: the model's only one
  std::string output;   ///< tensor or column; empty: the only one
  MissingPolicy missing = MissingPolicy::kRefuse;
  base::Milliseconds timeout{5000};  ///< of one request, > 0
  int retries = 2;                   ///< further tries of one request, 0..10
  std::size_t max_batch_rows = 100'000;

  // kTemplate only.
  std::string path;      ///< added to the URL
  std::string request;   ///< JSON text; the texts "$rows", "$row", … in it are replaced
  std::string response;  ///< JSON Pointer to the predictions
  std::string ready;     ///< path that answers 2xx when the model is ready; empty: not asked for

  HttpClientSettings http;
};

/// The words of `type` and `missing`.
[[nodiscard]] const char* ToText(RemoteModelType type);
[[nodiscard]] const char* ToText(MissingPolicy policy);

}  // namespace promtally::config
