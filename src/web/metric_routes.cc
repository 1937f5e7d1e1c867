// SPDX-License-Identifier: Apache-2.0
#include "web/metric_routes.h"

#include <optional>
#include <utility>

#include "web/body_value.h"
#include "web/metric_body.h"
#include "web/metric_json.h"
#include "web/parameters.h"

namespace promtally::web {
namespace {

using Checked = std::vector<exposition::CheckedChange>;

// Bodies above are read on a thread of their own; below it a request costs less than the way there.
constexpr std::size_t kLargeBody = std::size_t{64} << 10;

int StatusOf(base::ErrorCode code) {
  switch (code) {
    case base::ErrorCode::kNotFound:
      return 404;
    case base::ErrorCode::kConflict:
      return 409;
    case base::ErrorCode::kRejected:
      return 429;
    case base::ErrorCode::kUnavailable:
      return 503;
    default:
      return 400;
  }
}

Response Failed(const base::Error& error) {
  return ProblemResponse(StatusOf(error.code), error.message);
}

Response NotFound(const std::string& name) {
  return ProblemResponse(404, "there is no metric " + name);
}

Response Unreadable(const BodyProblems& problems) {
  return ProblemResponse(400, problems.front(), problems);
}

Response NoContent() {
  Response response;
  response.status = 204;
  return response;
}

void AppendNext(std::string& json, const std::optional<std::string>& next) {
  json += ",\"next\":";
  if (next) {
    AppendJsonText(json, *next);
  } else {
    json += "null";
  }
}

Response Applied(std::size_t samples) {
  return JsonResponse(200, "{\"applied\":" + std::to_string(samples) + "}");
}

Response Busy() {
  Response response = ProblemResponse(503, "too many large bodies wait to be read");
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

const std::string& NameOf(const Call& call) { return call.path.at("name"); }

}  // namespace

Response MetricRoutes::Create(const Call& call) {
  const Parameters parameters(call.request, {});
  if (!parameters.IsSound()) {
    return parameters.Refusal();
  }
  const auto definition = ReadDefinition(NameOf(call), call.request.body.text(), json_depth_);
  if (!definition) {
    return Unreadable(definition.error());
  }
  const auto made = store_.Create(*definition, clock_());
  if (!made) {
    return Failed(made.error());
  }
  const auto metric = store_.Find(NameOf(call));
  std::string json;
  if (metric) {
    AppendMetric(json, *metric);
    json += '}';
  }
  return JsonResponse(*made ? 201 : 200, std::move(json));
}

Response MetricRoutes::Change(const Call& call) {
  const Parameters parameters(call.request, {});
  if (!parameters.IsSound()) {
    return parameters.Refusal();
  }
  const auto metric = store_.Find(NameOf(call));
  if (!metric || metric->definition.name != store_.ResolveFamily(NameOf(call))) {
    return NotFound(NameOf(call));
  }
  const std::string& body = call.request.body.text();
  if (bodies_ != nullptr && body.size() > kLargeBody) {
    return ChangeMany(call, metric->definition.name);
  }
  const auto changes = ReadSamples(metric->definition.type, body, json_depth_);
  if (!changes) {
    return Unreadable(changes.error());
  }
  const auto applied = store_.Apply(metric->definition.name, *changes, clock_());
  if (!applied) {
    return Failed(applied.error());
  }
  return Applied(*applied);
}

/// A body of 64 MiB takes a second to read and to check, in which the loop would answer nobody.
/// What is left for the loop is to take the changes into journal and store, as a whole; only that
/// may use `this`, which goes before the thread does.
Response MetricRoutes::ChangeMany(const Call& call, const std::string& family) {
  const auto read = [this, checker = *store_.CheckerOf(family), body = call.request.body,
                     depth = json_depth_]() -> BodyThread::Then {
    const auto changes = ReadSamples(checker.definition().type, body.text(), depth);
    if (!changes) {
      return [problems = changes.error()] { return Unreadable(problems); };
    }
    auto checked = checker.Check(*changes);
    if (!checked) {
      return [error = checked.error()] { return Failed(error); };
    }
    return [this, checker, many = std::make_shared<const Checked>(*std::move(checked))] {
      const auto applied = store_.Apply(checker, *many, clock_());
      return applied ? Applied(*applied) : Failed(applied.error());
    };
  };
  auto promise = bodies_->Run(read);
  return promise ? *std::move(promise) : Busy();
}

Response MetricRoutes::List(const Call& call) const {
  Parameters parameters(call.request, {"type", "prefix", "limit", "after"});
  std::optional<exposition::MetricType> type;
  if (const auto name = parameters.Text("type")) {
    type = TypeNamed(*name);
    if (!type) {
      parameters.Add("type is counter, gauge, info, stateset, histogram or summary");
    }
  }
  const std::string prefix = parameters.Text("prefix").value_or("");
  const std::string after = parameters.Text("after").value_or("");
  const std::size_t limit = parameters.Limit();
  if (!parameters.IsSound()) {
    return parameters.Refusal();
  }
  const auto page = store_.List(prefix, type, after, limit);
  std::string json = "{\"metrics\":[";
  for (const exposition::MetricView& metric : page.metrics) {
    json += json.back() == '[' ? "" : ",";
    AppendMetric(json, metric);
    json += '}';
  }
  json += ']';
  AppendNext(json, page.next);
  return JsonResponse(200, json + "}");
}

Response MetricRoutes::Show(const Call& call) const {
  Parameters parameters(call.request, {"limit", "after"});
  const std::string after = parameters.Text("after").value_or("");
  const std::size_t limit = parameters.Limit();
  if (!parameters.IsSound()) {
    return parameters.Refusal();
  }
  const auto metric = store_.Find(NameOf(call));
  if (!metric) {
    return NotFound(NameOf(call));
  }
  const auto page = store_.Series(metric->definition.name, after, limit, clock_());
  if (!page) {
    return Failed(page.error());
  }
  std::string json;
  AppendMetric(json, *metric);
  json += ",\"samples\":[";
  for (const exposition::SeriesView& series : page->series) {
    json += json.back() == '[' ? "" : ",";
    AppendSample(json, metric->definition.type, series);
  }
  json += ']';
  AppendNext(json, page->next);
  return JsonResponse(200, json + "}");
}

Response MetricRoutes::Remove(const Call& call) {
  const Parameters parameters(call.request, {});
  if (!parameters.IsSound()) {
    return parameters.Refusal();
  }
  const auto removed = store_.Remove(NameOf(call));
  return removed ? NoContent() : Failed(removed.error());
}

Response MetricRoutes::RemoveSeries(const Call& call) {
  Parameters parameters(call.request, {"labels"});
  const auto text = parameters.Text("labels");
  if (!text) {
    parameters.Add("labels is missing: the exact label set as a JSON object");
  }
  if (!parameters.IsSound()) {
    return parameters.Refusal();
  }
  const auto labels = ReadLabels(*text, json_depth_);
  if (!labels) {
    return Unreadable(labels.error());
  }
  const auto removed = store_.RemoveSeries(NameOf(call), *labels);
  return removed ? NoContent() : Failed(removed.error());
}

}  // namespace promtally::web
