// SPDX-License-Identifier: Apache-2.0
#include "web/icos_body.h"

#include "web/icos_fields.h"

namespace promtally::web {

std::string IcosFamilyName(std::string name, IcosType type) {
  const std::string_view suffix = type == IcosType::kCounter ? "_total"
                                  : type == IcosType::kInfo  ? "_info"
                                                             : "";
  if (name.size() > suffix.size() && name.ends_with(suffix)) {
    name.resize(name.size() - suffix.size());
  }
  return name;
}

tl::expected<IcosMetric, Response> ReadIcosMetric(const Request& request, std::size_t max_depth) {
  const auto body = ReadIcosObject(request, max_depth);
  if (!body) {
    return tl::unexpected(body.error());
  }
  IcosFieldReader reader(*body);
  IcosMetric metric;
  metric.type = reader.Type();
  metric.name = reader.Name();
  metric.info = reader.Info();
  reader.Value(metric);
  reader.Labels(metric.labels_are_null, metric.labels);
  reader.States("states", metric.states);
  if (!reader.findings().empty()) {
    return tl::unexpected(reader.findings().ToResponse());
  }
  return metric;
}

tl::expected<IcosUnregister, Response> ReadIcosUnregister(const Request& request,
                                                          std::size_t max_depth) {
  const auto body = ReadIcosObject(request, max_depth);
  if (!body) {
    return tl::unexpected(body.error());
  }
  IcosFieldReader reader(*body);
  IcosUnregister unregister;
  unregister.type = reader.Type();
  unregister.name = reader.Name();
  if (!reader.findings().empty()) {
    return tl::unexpected(reader.findings().ToResponse());
  }
  return unregister;
}

}  // namespace promtally::web
