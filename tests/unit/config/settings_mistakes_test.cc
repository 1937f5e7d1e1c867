// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "promtally/config/settings.h"
#include "unit/config/config_testing.h"

namespace promtally::config {
namespace {

std::string Diagnose(const std::string& yaml) {
  const Environment empty = [](const std::string&) { return std::nullopt; };
  return Rendered(ReadSettings(yaml, "p.yml", empty).diagnostics);
}

class SettingsMistake : public testing::TestWithParam<RenderedCase> {};

TEST_P(SettingsMistake, IsReportedWithPlaceCaretAndHint) {
  EXPECT_EQ(Diagnose(GetParam().yaml), GetParam().expected);
}

const RenderedCase kMistakes[] = {
    {"UnknownKey", "collect:\n  - intervall: 1h\nsources: [{url: 'http://h'}]\n",
     "p.yml:2:5: error: unknown key \"intervall\" in collect[]\n"
     "  - intervall: 1h\n"
     "    ^\n"
     "hint: known keys: job, source, metrics_file, period, wait_periods, settle, scope_key, "
     "scopes, "
     "start, rounding, on_bad_series, empty_after, limits, min_coverage, evaluation, window_edges, "
     "audit, checkpoint_retention\n"},
    {"MisspeltSection", "ledgr: {path: x}\n",
     "p.yml:1:1: error: unknown key \"ledgr\"\n"
     "ledgr: {path: x}\n"
     "^\n"
     "hint: did you mean \"ledger\"?\n"},
    {"LaterKeys", "web: {external_url: x}\n",
     "p.yml:1:7: error: \"external_url\" in web is not supported by this version\n"
     "web: {external_url: x}\n"
     "      ^\n"},
    {"LaterSourceType", "sources: [{url: 'http://h', type: json_api}]\n",
     "p.yml:1:35: error: \"type\" in sources[] has the type \"json_api\", which this version does "
     "not "
     "support\n"
     "sources: [{url: 'http://h', type: json_api}]\n"
     "                                  ^\n"
     "hint: allowed: prometheus, grafana\n"},
    {"GrafanaWithoutDataSource", "sources: [{url: 'http://h', type: grafana}]\n",
     "p.yml:1:11: error: the source has no \"datasource_uid\", which grafana needs\n"
     "sources: [{url: 'http://h', type: grafana}]\n"
     "          ^\n"
     "hint: Grafana shows it in the address of the data source\n"},
    {"SourceWithoutUrl", "sources:\n  - name: a\n",
     "p.yml:2:5: error: the source has no \"url\"\n"
     "  - name: a\n"
     "    ^\n"
     "hint: such as url: http://localhost:9090\n"},
    {"UrlWithoutScheme", "sources: [{url: localhost:9090}]\n",
     "p.yml:1:17: error: \"url\" in sources[] must start with http:// or https://\n"
     "sources: [{url: localhost:9090}]\n"
     "                ^\n"
     "hint: such as http://localhost:9090\n"},
    {"UrlWithoutHost", "sources: [{url: 'http:///x'}]\n",
     "p.yml:1:17: error: \"url\" in sources[] has no host\n"
     "sources: [{url: 'http:///x'}]\n"
     "                ^\n"
     "hint: such as http://localhost:9090\n"},
    {"UrlWithBadPort", "sources: [{url: 'http://h:99999'}]\n",
     "p.yml:1:17: error: \"url\" in sources[] must have a port from 1 to 65535\n"
     "sources: [{url: 'http://h:99999'}]\n"
     "                ^\n"},
    {"UrlWithQuery", "sources: [{url: 'http://h?a=b'}]\n",
     "p.yml:1:17: error: \"url\" in sources[] must not have a query or a fragment\n"
     "sources: [{url: 'http://h?a=b'}]\n"
     "                ^\n"
     "hint: give the base URL, without /api/v1\n"},
    {"UrlWithUser", "sources: [{url: 'http://u@h'}]\n",
     "p.yml:1:17: error: \"url\" in sources[] must not hold a user or a password\n"
     "sources: [{url: **************\n"
     "                ^\n"
     "hint: use \"basic_auth\"\n"},
    {"QuotedNumber", "sources: [{url: 'http://h', concurrency: \"4\"}]\n",
     "p.yml:1:42: error: \"concurrency\" in sources[] must be a whole number from 1 to 64, not "
     "text\n"
     "sources: [{url: 'http://h', concurrency: \"4\"}]\n"
     "                                         ^\n"
     "hint: remove the quotes\n"},
    {"OctalNumber", "sources: [{url: 'http://h', concurrency: 010}]\n",
     "p.yml:1:42: error: \"concurrency\" in sources[] must be a whole number from 1 to 64\n"
     "sources: [{url: 'http://h', concurrency: 010}]\n"
     "                                         ^\n"
     "hint: write it in decimal, without a leading zero\n"},
    {"TooLargeNumber", "sources: [{url: 'http://h', concurrency: 65}]\n",
     "p.yml:1:42: error: \"concurrency\" in sources[] must be a whole number from 1 to 64\n"
     "sources: [{url: 'http://h', concurrency: 65}]\n"
     "                                         ^\n"},
    {"SmallLimit", "sources: [{url: 'http://h', limits: {answer_bytes: 1}}]\n",
     "p.yml:1:52: error: \"answer_bytes\" in sources[].limits must be a whole number from 1024 to "
     "4294967296\n"
     "sources: [{url: 'http://h', limits: {answer_bytes: 1}}]\n"
     "                                                   ^\n"},
    {"YesAsBool", "sources: [{url: 'http://h', follow_redirects: yes}]\n",
     "p.yml:1:47: error: \"follow_redirects\" in sources[] must be true or false\n"
     "sources: [{url: 'http://h', follow_redirects: yes}]\n"
     "                                              ^\n"
     "hint: write true or false, without quotes\n"},
    {"TrueAsName", "sources: [{url: 'http://h', name: true}]\n",
     "p.yml:1:35: error: \"name\" in sources[] must be text, not a bool\n"
     "sources: [{url: 'http://h', name: true}]\n"
     "                                  ^\n"
     "hint: put it in quotes: 'true'\n"},
    {"ZeroTimeout", "sources: [{url: 'http://h', timeout: 0s}]\n",
     "p.yml:1:38: error: \"timeout\" in sources[] must be more than 0s\n"
     "sources: [{url: 'http://h', timeout: 0s}]\n"
     "                                     ^\n"},
    {"DurationWithoutUnit", "sources: [{url: 'http://h', timeout: 60}]\n",
     "p.yml:1:38: error: \"timeout\" in sources[] must be a duration such as 90s, 5m or 1h30m\n"
     "sources: [{url: 'http://h', timeout: 60}]\n"
     "                                     ^\n"
     "hint: with a unit: 60s\n"},
    {"TwoAuthentications",
     "sources:\n  - url: http://h\n    basic_auth: {username: u}\n"
     "    authorization: {credentials_file: f}\n",
     "p.yml:4:5: error: at most one of basic_auth, oauth2 & authorization must be configured\n"
     "    authorization: {credentials_file: f}\n"
     "    ^\n"},
    {"TwoPasswords",
     "sources:\n  - url: http://h\n"
     "    basic_auth: {username: u, password: '${X:-p}', password_file: f}\n",
     "p.yml:3:52: error: at most one of basic_auth password & password_file must be configured\n"
     "    basic_auth: {username: u, password: ****************************\n"
     "                                                   ^\n"},
    {"BasicAsAuthorization",
     "sources: [{url: 'http://h', authorization: {type: Basic, credentials_file: f}}]\n",
     "p.yml:1:51: error: \"type\" in authorization must not be \"basic\"\n"
     "sources: [{url: 'http://h', authorization: {type: Basic, credentials_file: f}}]\n"
     "                                                  ^\n"
     "hint: use \"basic_auth\" instead\n"},
    {"CertificateWithoutKey", "sources: [{url: 'http://h', tls_config: {cert_file: c}}]\n",
     "p.yml:1:42: error: cert_file and key_file must be configured together\n"
     "sources: [{url: 'http://h', tls_config: {cert_file: c}}]\n"
     "                                         ^\n"},
    {"AuthorizationAsHeader", "sources: [{url: 'http://h', headers: {authorization: x}}]\n",
     "p.yml:1:39: error: \"headers\" in sources[] must not set \"authorization\"\n"
     "sources: [{url: 'http://h', headers: {authorization: x}}]\n"
     "                                      ^\n"
     "hint: use \"authorization\" or \"basic_auth\"\n"},
    {"HeaderWithLineBreak", "sources: [{url: 'http://h', headers: {X-A: \"x\\r\\nHost: y\"}}]\n",
     "p.yml:1:44: error: \"headers\" in sources[] has a control character, or bytes that are not "
     "UTF-8\n"
     "sources: [{url: 'http://h', headers: {X-A: \"x\\r\\nHost: y\"}}]\n"
     "                                           ^\n"},
    {"NoProxyAlone", "sources: [{url: 'http://h', no_proxy: x}]\n",
     "p.yml:1:29: error: if no_proxy is configured, proxy_url must also be configured\n"
     "sources: [{url: 'http://h', no_proxy: x}]\n"
     "                            ^\n"},
    {"EqualSourceNames", "sources:\n  - url: http://a\n  - url: http://b\n",
     "p.yml:3:5: error: two sources have the name \"prometheus\"\n"
     "  - url: http://b\n"
     "    ^\n"
     "hint: give each source a \"name\" of its own\n"},
    {"EqualJobNames", "sources: [{url: 'http://h'}]\ncollect: [{job: a}, {job: a}]\n",
     "p.yml:2:27: error: two jobs have the name \"a\"\n"
     "collect: [{job: a}, {job: a}]\n"
     "                          ^\n"
     "hint: give each entry of collect a \"job\" of its own\n"},
    {"CollectWithoutSources", "collect: [{job: a}]\n",
     "p.yml:1:1: error: \"collect\" needs \"sources\"\n"
     "collect: [{job: a}]\n"
     "^\n"
     "hint: add a source with its url\n"},
    {"UnknownSource", "sources: [{url: 'http://h', name: main}]\ncollect: [{source: mian}]\n",
     "p.yml:2:20: error: there is no source \"mian\"\n"
     "collect: [{source: mian}]\n"
     "                   ^\n"
     "hint: did you mean \"main\"?\n"},
    {"AmbiguousSource",
     "sources: [{url: 'http://h', name: a}, {url: 'http://h', name: b}]\ncollect: [{job: x}]\n",
     "p.yml:2:11: error: the job has no \"source\", and there are several\n"
     "collect: [{job: x}]\n"
     "          ^\n"
     "hint: known sources: a, b\n"},
    {"PeriodOfSevenMinutes", "sources: [{url: 'http://h'}]\ncollect: [{period: 7m}]\n",
     "p.yml:2:20: error: \"period\" in collect[] must be whole seconds that divide a day\n"
     "collect: [{period: 7m}]\n"
     "                   ^\n"
     "hint: such as 1m, 5m, 15m, 1h, 6h or 24h\n"},
    {"UnalignedStart",
     "sources: [{url: 'http://h'}]\ncollect: [{start: 2026-01-01T00:30:00Z, period: 1h}]\n",
     "p.yml:2:19: error: \"start\" in collect[] is not aligned to the period of 1h\n"
     "collect: [{start: 2026-01-01T00:30:00Z, period: 1h}]\n"
     "                  ^\n"
     "hint: the nearest aligned times are 2026-01-01T00:00:00Z and 2026-01-01T01:00:00Z\n"},
    {"StartThatIsNoTime", "sources: [{url: 'http://h'}]\ncollect: [{start: yesterday}]\n",
     "p.yml:2:19: error: \"start\" in collect[] must be a time such as 2026-01-01T00:00:00Z\n"
     "collect: [{start: yesterday}]\n"
     "                  ^\n"},
    {"NoWaitPeriod", "sources: [{url: 'http://h'}]\ncollect: [{wait_periods: 0}]\n",
     "p.yml:2:26: error: \"wait_periods\" in collect[] must be a whole number from 1 to 10000\n"
     "collect: [{wait_periods: 0}]\n"
     "                         ^\n"},
    {"NegativeSettle", "sources: [{url: 'http://h'}]\ncollect: [{settle: -5m}]\n",
     "p.yml:2:20: error: \"settle\" in collect[] must be a duration such as 90s, 5m or 1h30m\n"
     "collect: [{settle: -5m}]\n"
     "                   ^\n"},
    {"ScopeKeyThatIsNoLabel", "sources: [{url: 'http://h'}]\ncollect: [{scope_key: a-b}]\n",
     "p.yml:2:23: error: \"scope_key\" in collect[] must be a label name, which \"a-b\" is not\n"
     "collect: [{scope_key: a-b}]\n"
     "                      ^\n"
     "hint: letters, digits and _, not a digit first\n"},
    {"ScopesWithoutScopeKey", "sources: [{url: 'http://h'}]\ncollect: [{scopes: {include: [a]}}]\n",
     "p.yml:2:12: error: \"scopes\" in collect[] needs \"scope_key\"\n"
     "collect: [{scopes: {include: [a]}}]\n"
     "           ^\n"
     "hint: name the label that tells scopes apart\n"},
    {"Rounding", "sources: [{url: 'http://h'}]\ncollect: [{rounding: exakt}]\n",
     "p.yml:2:22: error: \"exakt\" is not allowed as \"rounding\" in collect[]\n"
     "collect: [{rounding: exakt}]\n"
     "                     ^\n"
     "hint: allowed: exact, cloudkitty\n"},
    {"ListenWithoutPort", "web: {listen: localhost}\n",
     "p.yml:1:15: error: \"listen\" in web must be host:port, which \"localhost\" is not\n"
     "web: {listen: localhost}\n"
     "              ^\n"
     "hint: such as localhost:9899, 0.0.0.0:9899 or '[::1]:9899'\n"},
    {"TelemetryPath", "web: {telemetry_path: metrics}\n",
     "p.yml:1:23: error: \"telemetry_path\" in web must be a path that starts with /, without ?, "
     "#, "
     "braces and blanks, and is no other route\n"
     "web: {telemetry_path: metrics}\n"
     "                      ^\n"
     "hint: such as /metrics\n"},
    {"ExportPrefix", "export: {prefix: 9_}\n",
     "p.yml:1:18: error: \"prefix\" in export must be the beginning of a metric name\n"
     "export: {prefix: 9_}\n"
     "                 ^\n"
     "hint: letters, digits, _ and :, not a digit first\n"},
    {"LedgerType", "ledger: {type: postgres}\n",
     "p.yml:1:16: error: \"type\" in ledger has the type \"postgres\", which this version does not "
     "support\n"
     "ledger: {type: postgres}\n"
     "               ^\n"
     "hint: allowed: sqlite\n"},
    {"EmptySection", "log:\n",
     "p.yml:1:1: error: \"log\" has no value\n"
     "log:\n"
     "^\n"
     "hint: give it keys, or remove it\n"},
    {"Alias", "ledger: &l {path: x}\nlog: *l\n",
     "p.yml:2:6: error: an alias is not allowed in this file\n"
     "log: *l\n"
     "     ^\n"
     "hint: write the value out\n"},
    {"MissingVariable", "ledger: {path: '${PROMTALLY_NOWHERE}'}\n",
     "p.yml:1:16: error: \"path\" in ledger cannot be read: environment variable "
     "\"PROMTALLY_NOWHERE\" is not set\n"
     "ledger: {path: '${PROMTALLY_NOWHERE}'}\n"
     "               ^\n"
     "hint: set it, or give a default: ${NAME:-default}\n"},
    {"NestedVariable", "ledger: {path: '${A:-${B}}'}\n",
     "p.yml:1:16: error: \"path\" in ledger cannot be read: \"${\" inside \"${\" is not allowed\n"
     "ledger: {path: '${A:-${B}}'}\n"
     "               ^\n"},
    {"UnclosedVariable", "ledger:\n  path: ${A\n",
     "p.yml:2:9: error: \"path\" in ledger cannot be read: \"${\" is not closed\n"
     "  path: ${A\n"
     "        ^\n"},
    {"BadVariableName", "ledger: {path: '${A B}'}\n",
     "p.yml:1:16: error: \"path\" in ledger cannot be read: \"A B\" is no name of an environment "
     "variable\n"
     "ledger: {path: '${A B}'}\n"
     "               ^\n"},
};

INSTANTIATE_TEST_SUITE_P(Mistakes, SettingsMistake, testing::ValuesIn(kMistakes), CaseName);

TEST(SettingsMistakes, AreReportedAllAtOnce) {
  const std::string text = Diagnose(
      "sources:\n  - url: x\n    timeout: 5\ncollect:\n  - period: 7m\n    wait_periods: 0\n"
      "web: {listen: 1}\nlog: {level: loud}\n");
  for (const std::string place :
       {"p.yml:2:10:", "p.yml:3:14:", "p.yml:5:13:", "p.yml:6:19:", "p.yml:7:15:", "p.yml:8:14:"}) {
    EXPECT_THAT(text, testing::HasSubstr(place));
  }
}

TEST(SettingsMistakes, ABadScopeExpressionIsReportedAtItsPlace) {
  EXPECT_THAT(Diagnose("sources: [{url: 'http://h'}]\n"
                       "collect: [{scope_key: p, scopes: {include: [a, '/(/']}}]\n"),
              testing::HasSubstr("p.yml:2:48: error: \"include\" in collect[].scopes has a bad "
                                 "expression: "));
}

}  // namespace
}  // namespace promtally::config
