// SPDX-License-Identifier: Apache-2.0
#include "exposition/negotiation.h"

#include <gtest/gtest.h>

namespace promtally::exposition {
namespace {

constexpr const char* kText004 = "text/plain; version=0.0.4; charset=utf-8";
constexpr const char* kOpenMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";

struct Row {
  const char* accept;
  const char* content_type;
  Format format;
  Escaping escaping;
};

class NegotiationRows : public testing::TestWithParam<Row> {};

TEST_P(NegotiationRows, GivesTheContentTypeOfTheContract) {
  const Row& row = GetParam();
  const Negotiated negotiated = NegotiateFormat(row.accept);
  EXPECT_EQ(negotiated.content_type, row.content_type) << row.accept;
  EXPECT_EQ(negotiated.style, (PageStyle{row.format, row.escaping})) << row.accept;
}

INSTANTIATE_TEST_SUITE_P(
    Negotiation, NegotiationRows,
    testing::Values(
        Row{"", kText004, Format::kText, Escaping::kUnderscores},
        Row{"*/*", kText004, Format::kText, Escaping::kUnderscores},
        Row{"text/plain", kText004, Format::kText, Escaping::kUnderscores},
        Row{"text/html, application/json", kText004, Format::kText, Escaping::kUnderscores},
        Row{"text/plain; version=1.0.0",
            "text/plain; version=1.0.0; charset=utf-8; escaping=underscores", Format::kText,
            Escaping::kUnderscores},
        Row{"text/plain;version=1.0.0;escaping=allow-utf-8",
            "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8", Format::kText,
            Escaping::kAllowUtf8},
        Row{"text/plain;version=1.0.0;escaping=allow-utf8",
            "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8", Format::kText,
            Escaping::kAllowUtf8},
        Row{"text/plain;version=1.0.0;escaping=nonsense",
            "text/plain; version=1.0.0; charset=utf-8; escaping=underscores", Format::kText,
            Escaping::kUnderscores},
        Row{"application/openmetrics-text", kOpenMetrics, Format::kOpenMetrics,
            Escaping::kUnderscores},
        Row{"Application/OpenMetrics-Text ; Version=\"1.0.0\"",
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores",
            Format::kOpenMetrics, Escaping::kUnderscores},
        Row{"application/openmetrics-text;version=0.0.1", kText004, Format::kText,
            Escaping::kUnderscores},
        Row{"application/openmetrics-text;version=9\r\nX: y", kText004, Format::kText,
            Escaping::kUnderscores},
        Row{"application/openmetrics-text;version=2.0.0;escaping=dots",
            "application/openmetrics-text; version=2.0.0; charset=utf-8; escaping=dots",
            Format::kOpenMetrics, Escaping::kDots},
        Row{"text/plain;q=0.1,application/openmetrics-text;version=1.0.0",
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores",
            Format::kOpenMetrics, Escaping::kUnderscores},
        Row{"application/openmetrics-text;q=0.5,text/plain;q=0.9", kText004, Format::kText,
            Escaping::kUnderscores},
        Row{"application/openmetrics-text;q=0", kText004, Format::kText, Escaping::kUnderscores},
        Row{"*/*,application/openmetrics-text", kOpenMetrics, Format::kOpenMetrics,
            Escaping::kUnderscores},
        // Prometheus 2.42.
        Row{"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
            "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores",
            Format::kOpenMetrics, Escaping::kUnderscores},
        // Prometheus 3.
        Row{"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/"
            "openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;"
            "q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
            Format::kOpenMetrics, Escaping::kAllowUtf8}));

TEST(Negotiation, CompressesOnlyForThoseWhoTakeIt) {
  for (const char* header : {"gzip", "gzip, deflate", "br;q=1.0, GZIP;q=0.8", "*", "x-gzip"}) {
    EXPECT_TRUE(AcceptsGzip(header)) << header;
  }
  for (const char* header : {"", "identity", "deflate", "gzip;q=0", "gzip;q=0.000, *", "*;q=0",
                             "notgzip", "gzip;q=nonsense"}) {
    EXPECT_FALSE(AcceptsGzip(header)) << header;
  }
}

}  // namespace
}  // namespace promtally::exposition
