// SPDX-License-Identifier: Apache-2.0
#include "web/landing_page.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace promtally::web {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Body(const LandingPage& page) { return *LandingResponse(page).body.front(); }

TEST(LandingPage, ShowsReadinessMetricsAndJobs) {
  LandingPage page;
  page.is_ready = true;
  page.metrics = 3;
  page.series = 17;
  page.jobs = {{"default", 24, 1, 2, base::Instant(std::chrono::hours(24))}, {"new", 0, 0, 0, {}}};
  const std::string html = Body(page);
  EXPECT_THAT(html, HasSubstr("Ready, 3 metrics made over HTTP with 17 series."));
  EXPECT_THAT(html, HasSubstr("default</th><td class=\"n\">24</td><td class=\"n\">1</td>"
                              "<td class=\"n\">2</td><td>1970-01-02T00:00:00"));
  EXPECT_THAT(html, HasSubstr("<td>-</td>"));
}

TEST(LandingPage, SaysWhereNothingIsCollected) {
  const std::string html = Body({});
  EXPECT_THAT(html, HasSubstr("Not ready"));
  EXPECT_THAT(html, HasSubstr("No jobs: nothing is collected."));
  EXPECT_THAT(html, Not(HasSubstr("<table>")));
}

TEST(LandingPage, EscapesTextsAndHasThePrefixInItsLinks) {
  LandingPage page;
  page.version = "<v>";
  page.prefix = "/x\"y";
  page.telemetry_path = "/m&m";
  page.jobs = {{"<script>'", 0, 0, 0, {}}};
  const std::string html = Body(page);
  EXPECT_THAT(html, HasSubstr("&lt;v&gt;"));
  EXPECT_THAT(html, HasSubstr("href=\"/x&quot;y/m&amp;m\""));
  EXPECT_THAT(html, HasSubstr("href=\"/x&quot;y/docs\""));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;&#39;"));
  EXPECT_THAT(html, HasSubstr("#e6522c"));
  EXPECT_THAT(html, Not(HasSubstr("<script>")));
}

}  // namespace
}  // namespace promtally::web
