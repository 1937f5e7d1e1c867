// SPDX-License-Identifier: Apache-2.0
#include "web/model_routes.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "inference/model_store.h"
#include "promtally/base/labels.h"
#include "web/body_value.h"
#include "web/model_body.h"
#include "web/parameters.h"

namespace promtally::web {
namespace {

namespace asio = boost::asio;
using collector::CycleFailure;

constexpr std::size_t kDepth = 64;

std::string Quoted(std::string_view text) {
  std::string json;
  AppendJsonText(json, text);
  return json;
}

Response Message(std::string_view text) {
  return JsonResponse(200, "{\"message\":" + Quoted(text) + "}");
}

/// The service wrapped an inner 400 once more, so that the code is part of the text.
Response Wrapped(const std::string& text) {
  return ErrorResponse(ErrorStyle::kDetail, 400, "400: " + text);
}

/// The service's own texts; what it was in particular is in the log.
std::string TextOf(const CycleFailure& failure) {
  switch (failure.kind) {
    case CycleFailure::Kind::kNoData:
      return "Telemetry metric not found or returned null results.";
    case CycleFailure::Kind::kModel:
      return "Intelligence API error or endpoint does not exist.";
    case CycleFailure::Kind::kOther:
      break;
  }
  return failure.message;
}

/// What the store would refuse later is refused before models are asked.
std::string ProblemOf(const PredictionMetric& metric, const exposition::MetricStore& store) {
  if (metric.name.empty()) {
    return "metric_name is required.";
  }
  if (!base::IsMetricName(metric.name)) {
    return "Invalid metric name: " + metric.name;
  }
  for (const auto& label : metric.labels) {
    if (!base::IsLabelName(label.first)) {
      return "Invalid label metric name: " + label.first;
    }
    if (label.first.starts_with("__")) {
      return "Reserved label metric name: " + label.first;
    }
  }
  if (metric.type == IcosType::kEnum) {
    std::vector<std::string> states = metric.states;
    std::sort(states.begin(), states.end());
    if (states.empty() || std::adjacent_find(states.begin(), states.end()) != states.end()) {
      return "model_states must name each state of an Enum once.";
    }
  }
  const exposition::MetricDefinition* const known = store.DefinitionOf(metric.name);
  constexpr const char* kOther =
      "Metric name matches an already registered metric with different type.";
  const auto fits = [&](exposition::MetricType type) {
    return known == nullptr || known->type == type;
  };
  switch (metric.type) {
    case IcosType::kCounter:
      return fits(exposition::MetricType::kCounter) ? "" : kOther;
    case IcosType::kInfo:
      return fits(exposition::MetricType::kInfo) ? "" : kOther;
    case IcosType::kEnum:
      return fits(exposition::MetricType::kStateSet) ? "" : kOther;
    case IcosType::kGauge:
      break;
  }
  return fits(exposition::MetricType::kGauge) ? "" : kOther;
}

/// Models of ours that `model` means, as name and version.
std::vector<inference::ModelRecord> Ours(collector::ModelService& models,
                                         const std::string& model) {
  auto listing = models.store().List();
  std::vector<inference::ModelRecord> ours;
  for (inference::ModelRecord& record :
       listing ? listing->models : std::vector<inference::ModelRecord>()) {
    if (model == "all" || model == record.name) {
      ours.push_back(std::move(record));
    }
  }
  return ours;
}

/// `"lags:3":"lags"`: versions alone would not tell the models of several names apart.
std::string ListText(const std::vector<inference::ModelRecord>& ours) {
  std::string list;
  for (const inference::ModelRecord& record : ours) {
    list += (list.empty() ? "" : ",") + Quoted(record.name + ":" + std::to_string(record.version)) +
            ":" + Quoted(record.name);
  }
  return list;
}

Response Upstream(const inference::RemoteAnswer& answer) {
  Response response;
  response.status = answer.status;
  const std::string* const type = answer.Header("content-type");
  response.content_type = type == nullptr ? "application/json" : *type;
  response.body.push_back(std::make_shared<const std::string>(answer.body));
  return response;
}

Response Unreachable(const base::Error& error) {
  return ErrorResponse(ErrorStyle::kDetail, error.code == base::ErrorCode::kTimeout ? 504 : 502,
                       error.message);
}

/// Our models beside those of the other server, where its answer is such a list.
Response Merged(const inference::RemoteAnswer& answer,
                const std::vector<inference::ModelRecord>& ours) {
  const auto body = ParseJson(answer.body, kDepth);
  const BodyValue* const list = body && body->IsObject() ? body->Find("models_list") : nullptr;
  if (ours.empty() || !answer.Succeeded() || list == nullptr || !list->IsObject()) {
    return Upstream(answer);
  }
  std::string theirs;
  AppendJson(theirs, *list);
  const std::string inner = theirs.substr(1, theirs.size() - 2);
  return JsonResponse(answer.status,
                      "{\"models_count\":" + std::to_string(list->members.size() + ours.size()) +
                          ",\"models_list\":{" + inner + (inner.empty() ? "" : ",") +
                          ListText(ours) + "}}");
}

Response ShowModelsNow(collector::ModelService& models, const std::string& model) {
  const std::vector<inference::ModelRecord> ours = Ours(models, model);
  const auto answer = models.AskIntelligence("/show_models", "{\"model\":" + Quoted(model) + "}");
  if (!answer) {
    return JsonResponse(200, "{\"models_count\":" + std::to_string(ours.size()) +
                                 ",\"models_list\":{" + ListText(ours) + "}}");
  }
  return *answer ? Merged(**answer, ours) : Unreachable((*answer).error());
}

Response RemoveModelNow(collector::ModelService& models, const std::string& tag) {
  if (const auto reference = inference::ParseModelReference(tag)) {
    const auto record = models.store().Get(*reference);
    if (record) {
      const inference::ModelReference exactly{record->name, record->version};
      const auto removed = models.store().Remove(exactly, inference::ModelStore::Removal::kVersion);
      if (!removed) {
        return ErrorResponse(ErrorStyle::kDetail, 503, removed.error().message);
      }
      return JsonResponse(200, "{\"Removed_model\":{\"name\":" + Quoted(record->name) +
                                   ",\"version\":\"" + std::to_string(record->version) + "\"}}");
    }
  }
  const auto answer =
      models.AskIntelligence("/remove_model", "{\"model_tag\":" + Quoted(tag) + "}");
  if (!answer) {
    return ErrorResponse(ErrorStyle::kDetail, 404, "there is no model " + tag);
  }
  return *answer ? Upstream(**answer) : Unreachable((*answer).error());
}

}  // namespace

/// Requests that read the store of models or ask another server.
struct ModelRoutes::Work {
  asio::thread_pool pool{2};
};

ModelRoutes::ModelRoutes(Parts parts)
    : parts_(std::move(parts)),
      interval_seconds_(
          std::max<std::int64_t>(1, parts_.models->settings().interval / base::Milliseconds(1000))),
      work_(std::make_shared<Work>()),
      loops_({parts_.loop, parts_.store, parts_.models, parts_.log, parts_.clock,
              parts_.ledger_path + ".predictions", parts_.models->settings().max_loops,
              parts_.changed}),
      jobs_({parts_.loop, parts_.models, parts_.log, parts_.models->settings().training_queue,
             parts_.ledger_path + ".trainings",
             [this](const collector::TrainingRequest& request,
                    const collector::TrainingResult& result) { Trained(request, result); }}),
      nodes_({parts_.loop, &loops_, parts_.log, parts_.models->settings().aggregator,
              interval_seconds_}),
      remotes_(parts_.models->settings().remote, parts_.log) {}

base::Status ModelRoutes::Load() {
  base::Status loaded = loops_.Load();
  if (const base::Status jobs = jobs_.Load(); !jobs) {
    parts_.log->Error("Trainings of the last run", {{"err", jobs.error().message}});
  }
  nodes_.Start();
  return loaded;
}

ModelRoutes::~ModelRoutes() {
  Stop();
  work_->pool.join();
}

void ModelRoutes::Stop() {
  remotes_.Stop();
  nodes_.Stop();
  jobs_.Stop();
  loops_.Stop();
}

Response ModelRoutes::Later(std::function<Response()> work) {
  Response promise;
  promise.later = std::make_shared<Deferral>();
  asio::post(work_->pool, [loop = parts_.loop, later = promise.later, work = std::move(work)] {
    Response response = ErrorResponse(ErrorStyle::kDetail, 500, "Internal Server Error");
    try {
      response = work();
    } catch (const std::exception&) {
      // This request fails, the service goes on.
    }
    asio::post(*loop, [later, response = std::move(response)] { later->Resolve(response); });
  });
  return promise;
}

Response ModelRoutes::CreateModelMetric(const Request& request) {
  auto loop = ReadModelMetric(request, parts_.json_depth, interval_seconds_);
  if (!loop) {
    return loop.error();
  }
  if (const std::string problem = ProblemOf(loop->metric, *parts_.store); !problem.empty()) {
    return Wrapped(problem);
  }
  Response promise;
  promise.later = std::make_shared<Deferral>();
  loops_.Create(*std::move(loop), [later = promise.later](
                                      const tl::expected<void, CycleFailure>& outcome) {
    later->Resolve(outcome ? Message("First cycle completed successfully. Metric creation started.")
                           : Wrapped(TextOf(outcome.error())));
  });
  return promise;
}

Response ModelRoutes::StopModelMetrics(const Request& request) {
  const auto names = ReadStoppedMetrics(request, parts_.json_depth);
  if (!names) {
    return names.error();
  }
  loops_.Remove(*names);
  return Message("Metric creation(s) stopped successfully.");
}

Response ModelRoutes::TrainModelMetric(const Request& request) {
  auto training = ReadTraining(request, parts_.json_depth, interval_seconds_);
  if (!training) {
    return training.error();
  }
  if (!inference::IsModelName(training->model_name)) {
    return ErrorResponse(ErrorStyle::kDetail, 400,
                         "model_name: letters, digits, _, - and ., no dot first.");
  }
  const auto added = jobs_.Add(*std::move(training));
  if (!added) {
    Response response = ErrorResponse(ErrorStyle::kDetail, 429,
                                      "models.training_queue trainings are waiting already.");
    response.headers.emplace_back("Retry-After", "60");
    return response;
  }
  return Later([added] {
    added->keep();  // who has the answer finds the job, whatever happens
    return JsonResponse(
        200, R"({"message":"Dataset created, model training started successfully.","job_id":)" +
                 Quoted(added->id) + "}");
  });
}

/// The service made a gauge of each trained model, with these labels.
void ModelRoutes::Trained(const collector::TrainingRequest& request,
                          const collector::TrainingResult& result) {
  PredictionLoop loop;
  std::string name = request.model_name;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '-' || c == '.'; }, '_');
  loop.metric.name = base::IsMetricName(name) ? name : "_" + name;
  loop.key = loop.metric.name;
  loop.metric.help = loop.metric.name + " info";
  loop.metric.labels = request.labels;
  const bool arima = request.type == collector::TrainedType::kArima;
  for (const auto& [label, value] :
       {std::pair<const char*, std::string>{"model_name", request.model_name},
        {"model_type", arima ? "Arima" : "XGB"},
        {"sequence_size", std::to_string(request.steps_back)},
        {"step_in_seconds", std::to_string(request.step_seconds)}}) {
    loop.metric.labels.emplace_back(label, value);
  }
  loop.metric.labels = base::MakeLabelSet(std::move(loop.metric.labels));
  loop.request.model_tag = result.model_tag;
  loop.request.queries = request.queries;
  loop.request.steps_back = request.steps_back;
  loop.step_seconds = request.step_seconds;
  if (const std::string problem = ProblemOf(loop.metric, *parts_.store); !problem.empty()) {
    parts_.log->Warn("A prediction was not started",
                     {{"metric", loop.metric.name}, {"err", problem}});
    return;
  }
  loops_.Create(std::move(loop), [](const tl::expected<void, CycleFailure>&) {});
}

Response ModelRoutes::ShowModels(const Request& request) {
  const auto model = ReadShownModel(request, parts_.json_depth);
  if (!model) {
    return model.error();
  }
  return Later([models = parts_.models, model = *model] { return ShowModelsNow(*models, model); });
}

Response ModelRoutes::RemoveModel(const Request& request) {
  const auto tag = ReadRemovedModel(request, parts_.json_depth);
  if (!tag) {
    return tag.error();
  }
  return Later([models = parts_.models, tag = *tag] { return RemoveModelNow(*models, tag); });
}

Response ModelRoutes::Predictions(const Call& call) const {
  const Parameters parameters(call.request, {});
  if (!parameters.IsSound()) {
    return parameters.Refusal();
  }
  std::string json;
  for (const PredictionLoop* const loop : loops_.List()) {
    json += (json.empty() ? "" : ",") + LoopJson(*loop);
  }
  return JsonResponse(200, "[" + json + "]");
}

Response ModelRoutes::Job(const Call& call) const {
  const Parameters parameters(call.request, {});
  if (!parameters.IsSound()) {
    return parameters.Refusal();
  }
  const std::string& id = call.path.at("id");
  const std::optional<std::string> json = jobs_.JobJson(id);
  return json ? JsonResponse(200, *json)
              : ProblemResponse(404, "there is no job " + exposition::InQuotes(id));
}

}  // namespace promtally::web
