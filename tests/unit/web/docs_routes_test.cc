// SPDX-License-Identifier: Apache-2.0
#include "web/docs_routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "web/base64.h"
#include "web/embedded_files.h"

namespace promtally::web {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(OpenApiDocument, SaysVersionPrefixAndTelemetryPathOfThisProcess) {
  DocumentFacts facts;
  facts.version = "1.2\"3";
  facts.prefix = "/x";
  facts.telemetry_path = "/stats";
  const std::string document = OpenApiDocument(facts);
  EXPECT_THAT(document, HasSubstr("\"version\": \"1.2\\\"3\""));
  EXPECT_THAT(document, HasSubstr("\"servers\": [{\"url\": \"/x\"}]"));
  EXPECT_THAT(document, HasSubstr("\"/stats\": {"));
  EXPECT_THAT(document, Not(HasSubstr("\"/metrics\": {")));
}

TEST(OpenApiDocument, IsTheFileButForTheVersionWhereNothingElseIsConfigured) {
  DocumentFacts facts;
  facts.version = "0.0.0";
  EXPECT_EQ(OpenApiDocument(facts), OpenApiFile());
}

TEST(PolicyOf, AllowsTheScriptAndTheStyleOfThePageAndNothingElse) {
  const std::string policy = PolicyOf("<style>a</style><script>abc</script>");
  EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
  EXPECT_THAT(policy,
              HasSubstr("script-src 'sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0='"));
  EXPECT_THAT(policy, HasSubstr("style-src 'sha256-ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs='"));
  EXPECT_THAT(policy, HasSubstr("connect-src 'self'"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
}

TEST(EncodeBase64, PadsWhatIsLeft) {
  EXPECT_EQ(EncodeBase64(""), "");
  EXPECT_EQ(EncodeBase64("f"), "Zg==");
  EXPECT_EQ(EncodeBase64("fo"), "Zm8=");
  EXPECT_EQ(EncodeBase64("foo"), "Zm9v");
  EXPECT_EQ(EncodeBase64("\xff\xfe\xfd\xfc"), "//79/A==");
}

}  // namespace
}  // namespace promtally::web
