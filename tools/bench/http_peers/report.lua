-- SPDX-License-Identifier: Apache-2.0
-- For wrk: sends what HTTP_BENCH_BODY holds as JSON, or asks with GET, and tells the figures as one line of JSON.
local body = os.getenv("HTTP_BENCH_BODY")
if body then
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.body = body
end

function done(summary, latency, _requests)
  local errors = summary.errors
  io.write(string.format(
    '\nfigures {"requests":%d,"seconds":%f,"p50_ms":%f,"p99_ms":%f,"bytes":%d,"bad_status":%d,"socket_errors":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, summary.bytes,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
