// SPDX-License-Identifier: Apache-2.0
#include "collector/local_answers.h"

#include <utility>

#include "collector/raw_answers.h"
#include "promtally/metering/local_usage.h"

namespace promtally::collector {

void ComputeLocally(const metering::ConversionContext& context, const LocalWindow& window,
                    const source::ServerIdentity& server, FetchResult* fetched) {
  if (fetched->failure || fetched->samples.empty()) {
    return;
  }
  metering::LocalRequest request;
  request.spec = context.spec;
  request.scope_key = context.scope_key;
  request.period = window.period;
  request.without_begin = window.is_half_open && server.closed_edges == true;
  request.options.semantics = server.closed_edges == true ? metering::PromqlSemantics::kPrometheus2
                                                          : metering::PromqlSemantics::kPrometheus3;
  base::Result<metering::Answer> answer = metering::Answer();
  {
    const RawAnswers raw(fetched);
    answer = metering::EvaluateRawAnswers(request, raw.answers(), server.kind == "victoriametrics");
  }
  fetched->answers.clear();
  fetched->samples.clear();
  if (!answer) {
    source::QueryFailure failure;
    failure.disposition = source::Disposition::kPermanent;
    failure.reason = "query_error";
    failure.detail = answer.error().message;
    fetched->failure = std::move(failure);
    return;
  }
  metering::ScopedAnswer scoped;
  scoped.answer = *std::move(answer);
  fetched->answers.push_back(std::move(scoped));
}

}  // namespace promtally::collector
