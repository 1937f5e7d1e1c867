// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/http_client.h"
#include "promtally/base/result.h"
#include "source/source.h"

namespace promtally::source {

/// Keeps a short body as it comes.
class TextSink : public net::BodySink {
 public:
  [[nodiscard]] bool Write(std::string_view bytes) override {
    text_ += bytes;
    return true;
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// Reads the body of Thanos' `/api/v1/stores`: `data` maps a kind of store to a list of them. What
/// has another shape is an error, never a list without it.
[[nodiscard]] base::Result<std::vector<Store>> DecodeStores(std::string_view body);

/// What a response to that request says. A list that cannot be had is a failure that another try
/// may mend: nobody knows then whether an answer is whole. `now` as in Classify().
[[nodiscard]] StoreList JudgeStores(const net::HttpResponse& response, const std::string& body,
                                    base::Instant now);

}  // namespace promtally::source
