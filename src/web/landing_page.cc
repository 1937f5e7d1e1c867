// SPDX-License-Identifier: Apache-2.0
#include "web/landing_page.h"

#include <algorithm>
#include <string_view>

#include "promtally/base/html.h"

namespace promtally::web {
namespace {

constexpr std::string_view kHead =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>promtally</title>\n<style>:root{color-scheme:light dark}"
    "body{font-family:sans-serif;margin:0;line-height:1.5}"
    "header{background:#e6522c;color:#fff;padding:1px 1rem}main{padding:0 1rem;max-width:60rem}"
    "a{color:#b93a17}@media(prefers-color-scheme:dark){a{color:#ff8a65}}"
    "div{overflow-x:auto}table{border-collapse:collapse}"
    "th,td{text-align:left;padding:.2rem 1rem .2rem 0;border-bottom:1px solid #8886}"
    "td.n{text-align:right;font-variant-numeric:tabular-nums}</style>\n"
    "</head>\n<body>\n<header><h1>promtally</h1></header>\n<main>\n"
    "<p>Metering collector: Prometheus data in, a ledger of usage out.</p>\n";

void AppendLink(std::string& html, std::string_view path, std::string_view what) {
  html.append("<li><a href=\"")
      .append(base::EscapedHtml(path))
      .append("\">")
      .append(base::EscapedHtml(path));
  html.append("</a> ").append(what).append("</li>\n");
}

void AppendNumber(std::string& html, std::uint64_t number) {
  html.append("<td class=\"n\">").append(std::to_string(number)).append("</td>");
}

void AppendState(std::string& html, const LandingPage& page) {
  html.append("<h2>State</h2>\n<p>").append(page.is_ready ? "Ready" : "Not ready").append(", ");
  html.append(std::to_string(page.metrics)).append(" metrics made over HTTP with ");
  html.append(std::to_string(page.series)).append(" series.</p>\n");
  if (page.jobs.empty()) {
    html += "<p>No jobs: nothing is collected.</p>\n";
    return;
  }
  html +=
      "<div><table>\n<tr><th scope=\"col\">Job</th><th scope=\"col\">Committed</th>"
      "<th scope=\"col\">Open</th><th scope=\"col\">Failed</th>"
      "<th scope=\"col\">Answered up to</th></tr>\n";
  for (const JobAtAGlance& job : page.jobs) {
    html.append("<tr><th scope=\"row\">").append(base::EscapedHtml(job.name)).append("</th>");
    AppendNumber(html, job.committed);
    AppendNumber(html, job.open);
    AppendNumber(html, job.failed);
    html.append("<td>").append(job.last_period ? base::ToText(*job.last_period) : "-");
    html += "</td></tr>\n";
  }
  html += "</table></div>\n";
}

void AppendLinks(std::string& html, const LandingPage& page) {
  html += "<h2>Links</h2>\n<ul>\n";
  AppendLink(html, page.prefix + page.telemetry_path, "usage, metrics and self metrics");
  AppendLink(html, page.prefix + "/docs", "the HTTP API, to read and to try");
  AppendLink(html, page.prefix + "/openapi.json", "the same for programs");
  AppendLink(html, page.prefix + "/-/healthy", "is the process alive");
  AppendLink(html, page.prefix + "/-/ready", "does it collect and serve");
  AppendLink(html, page.prefix + "/api/v1/metrics", "the metrics made over HTTP");
  AppendLink(html, page.prefix + "/api/v1/status/config", "the configuration in force");
  AppendLink(html, page.prefix + "/api/v1/status/flags", "the flags it was started with");
  AppendLink(html, page.prefix + "/api/v1/status/buildinfo", "what it was built from");
  AppendLink(html, page.prefix + "/api/v1/status/runtimeinfo", "since when it runs");
  html += "</ul>\n";
}

}  // namespace

std::vector<JobAtAGlance> JobsOf(const std::vector<ledger::SpecStatus>& statuses) {
  std::vector<JobAtAGlance> jobs;
  for (const ledger::SpecStatus& status : statuses) {
    if (jobs.empty() || jobs.back().name != status.job) {
      jobs.emplace_back().name = status.job;
    }
    JobAtAGlance& job = jobs.back();
    job.committed += static_cast<std::uint64_t>(status.committed);
    job.open += static_cast<std::uint64_t>(status.open);
    job.failed += static_cast<std::uint64_t>(status.failed);
    job.last_period = std::max(job.last_period, status.last_committed);
  }
  return jobs;
}

Response LandingResponse(const LandingPage& page) {
  std::string html(kHead);
  html.append("<p>Version: ").append(base::EscapedHtml(page.version)).append("</p>\n");
  AppendState(html, page);
  AppendLinks(html, page);
  html += "</main>\n</body>\n</html>\n";

  Response response = TextResponse(200, std::move(html));
  response.content_type = "text/html; charset=utf-8";
  response.headers.emplace_back("Content-Security-Policy",
                                "default-src 'none'; style-src 'unsafe-inline'");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  return response;
}

}  // namespace promtally::web
