// SPDX-License-Identifier: Apache-2.0
#include "promtally/metering/usage_record.h"

namespace promtally::metering {

std::string RecordId(const RecordKey& key) {
  base::FieldHasher hasher;
  hasher.Add(key.job).Add(key.name).Add(ToText(key.kind));
  if (key.scope) {
    hasher.Add(*key.scope);
  } else {
    hasher.AddAbsent();
  }
  hasher.Add(base::ToHex(key.series));
  hasher.Add(base::ToText(key.period.begin)).Add(base::ToText(key.period.end)).Add(key.revision);
  return base::ToHex(hasher.Finish());
}

std::string_view ToText(UsageKind kind) {
  return kind == UsageKind::kMeasured ? "measured" : "predicted";
}

}  // namespace promtally::metering
