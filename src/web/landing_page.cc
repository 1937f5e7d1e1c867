// SPDX-License-Identifier: Apache-2.0
#include "web/landing_page.h"

#include <string_view>

namespace promtally::web {
namespace {

std::string Escaped(std::string_view text) {
  std::string html;
  for (const char c : text) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

void AppendLink(std::string& html, std::string_view path, std::string_view what) {
  html.append("<li><a href=\"").append(Escaped(path)).append("\">").append(Escaped(path));
  html.append("</a> ").append(what).append("</li>\n");
}

}  // namespace

Response LandingResponse(const LandingPage& page) {
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<title>promtally</title>\n<style>body{font-family:sans-serif;margin:0}"
      "header{background:#e6522c;color:#fff;padding:1px 1rem}main{padding:0 1rem}</style>\n"
      "</head>\n<body>\n<header><h1>promtally</h1></header>\n<main>\n"
      "<p>Metering collector: Prometheus data in, a ledger of usage out.</p>\n";
  html.append("<p>Version: ").append(Escaped(page.version)).append("</p>\n<ul>\n");
  AppendLink(html, page.prefix + page.telemetry_path, "usage and self metrics");
  AppendLink(html, page.prefix + "/-/healthy", "is the process alive");
  AppendLink(html, page.prefix + "/-/ready", "does it collect and serve");
  AppendLink(html, page.prefix + "/api/v1/status/config", "the configuration in force");
  AppendLink(html, page.prefix + "/api/v1/status/flags", "the flags it was started with");
  AppendLink(html, page.prefix + "/api/v1/status/buildinfo", "what it was built from");
  AppendLink(html, page.prefix + "/api/v1/status/runtimeinfo", "since when it runs");
  html += "</ul>\n</main>\n</body>\n</html>\n";

  Response response = TextResponse(200, std::move(html));
  response.content_type = "text/html; charset=utf-8";
  response.headers.emplace_back("Content-Security-Policy",
                                "default-src 'none'; style-src 'unsafe-inline'");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  return response;
}

}  // namespace promtally::web
