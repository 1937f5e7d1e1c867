// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <random>
#include <sstream>

#include <gtest/gtest.h>

#include "exposition/page.h"
#include "unit/exposition/page_readers.h"

namespace promtally::exposition {
namespace {

const base::Instant kNow = base::FromUnixSeconds(1748736000);
constexpr int kStores = 60;

/// Texts that end quotes, lines, comments and pages where they are not escaped.
class Hostile {
 public:
  explicit Hostile(std::uint32_t seed) : random_(seed) {}

  std::size_t Below(std::size_t limit) { return random_() % limit; }

  std::string Text(std::size_t pieces) {
    static const std::vector<std::string> kPieces{"\"",
                                                  "\\",
                                                  "\n",
                                                  "\r",
                                                  "{",
                                                  "}",
                                                  ",",
                                                  "=",
                                                  " ",
                                                  " # ",
                                                  "# EOF\n",
                                                  "# EOF",
                                                  "# TYPE x gauge\n",
                                                  "\t",
                                                  "a",
                                                  "_",
                                                  "__",
                                                  "é",
                                                  "😀",
                                                  ".",
                                                  ":",
                                                  "9",
                                                  "\x01",
                                                  "\x7F",
                                                  "\u2028",
                                                  "\u00A0",
                                                  "\u0085",
                                                  "\\n",
                                                  "\\\"",
                                                  "} 1\n",
                                                  "le",
                                                  "U__",
                                                  "_total",
                                                  "_bucket",
                                                  "NaN",
                                                  "1e5",
                                                  "\uFFFD",
                                                  "%",
                                                  "'"};
    std::string text;
    for (std::size_t i = Below(pieces + 1); i > 0; --i) {
      text += kPieces[Below(kPieces.size())];
    }
    return text;
  }

  double Number() {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    const std::vector<double> numbers{
        0,         -0.0,       1,
        -1,        0.1,        1e300,
        -1e300,    5e-324,     123456789012345678.0,
        kInfinity, -kInfinity, std::numeric_limits<double>::quiet_NaN()};
    return numbers[Below(numbers.size())];
  }

  MetricDefinition Definition() {
    MetricDefinition definition;
    definition.name = Text(4);
    definition.type = static_cast<MetricType>(Below(6));
    definition.help = Text(8);
    if (Below(3) == 0) {
      definition.unit = Below(2) == 0 ? "seconds" : Text(1);
    }
    for (std::size_t i = Below(4); i > 0; --i) {
      definition.labels.push_back(Text(3));
    }
    if (definition.type == MetricType::kStateSet) {
      for (std::size_t i = Below(4); i > 0; --i) {
        definition.states.push_back(Text(3));
      }
    }
    if (definition.type == MetricType::kHistogram && Below(2) == 0) {
      definition.buckets = {-1.5, 0, 100000, 1e6, 1e10};
      definition.buckets.erase(definition.buckets.begin(),
                               definition.buckets.begin() + static_cast<std::ptrdiff_t>(Below(3)));
    }
    if (definition.type == MetricType::kSummary) {
      definition.quantiles = {{0, 0.01}, {0.5, 0.05}, {1, 0.01}};
    }
    return definition;
  }

  SampleChange Change(const MetricDefinition& definition) {
    SampleChange change;
    for (const std::string& name : definition.labels) {
      if (Below(4) > 0) {
        change.labels.emplace_back(name, Text(5));
      }
    }
    change.value = Number();
    if (definition.type == MetricType::kInfo) {
      change.value = 0;
      for (std::size_t i = Below(4); i > 0; --i) {
        change.info.emplace_back(Text(3), Text(5));
      }
    }
    if (definition.type == MetricType::kStateSet) {
      change.state = definition.states[Below(definition.states.size())];
    }
    if (Below(3) == 0) {
      change.exemplar = Exemplar{{{Text(2), Text(5)}}, Number(), std::nullopt};
      if (Below(2) == 0) {
        change.exemplar->timestamp = std::abs(Number());
      }
    }
    return change;
  }

 private:
  std::mt19937 random_;
};

void Fill(MetricStore& store, Hostile& hostile) {
  for (int i = 0; i < 40; ++i) {
    const MetricDefinition wanted = hostile.Definition();
    if (!store.Create(wanted, kNow)) {
      continue;
    }
    const MetricDefinition made = store.Find(wanted.name)->definition;
    for (int k = 0; k < 6; ++k) {
      const SampleChange change = hostile.Change(made);
      static_cast<void>(store.Apply(made.name, std::span(&change, 1), kNow));  // may be refused
    }
  }
}

/// What the Python client calls the families of a page.
std::string FamiliesOf(const MetricStore& store, const PageStyle& style) {
  std::vector<std::string> names;
  const bool text = style.format == Format::kText;
  for (const MetricView& view : store.List("", std::nullopt, "", 1000).metrics) {
    const MetricDefinition& definition = view.definition;
    const auto escaped = [&](const std::string& suffix) {
      return EscapedMetricName(definition.name + suffix, style.escaping);
    };
    std::string name = escaped("");
    if (text && definition.type == MetricType::kCounter) {
      name = escaped("_total");
      name.resize(name.size() - 6);  // as that client does it
    } else if (text && definition.type == MetricType::kInfo) {
      name = escaped("_info");
    }
    names.push_back(name);
    const bool has_created = definition.type == MetricType::kCounter ||
                             definition.type == MetricType::kHistogram ||
                             definition.type == MetricType::kSummary;
    if (text && has_created && view.series > 0) {
      names.push_back(escaped("_created"));
    }
  }
  std::sort(names.begin(), names.end());
  std::string line;
  for (const std::string& name : names) {
    line += (line.empty() ? "" : " ") + name;
  }
  return line;
}

std::string PageOf(MetricStore& store, const PageStyle& style) {
  return ReadAll(*ReadPage({nullptr, &store, nullptr}, {style, {}, true, {}}, kNow));
}

class HostilePage : public testing::Test {
 protected:
  HostilePage() { RecordProperty("seed", std::to_string(seed_)); }
  const std::uint32_t seed_ = std::random_device()();
};

TEST_F(HostilePage, IsReadByTheStrictParserWithExactlyTheFamiliesThatWereMade) {
  if (!HasPythonClient()) {
    GTEST_SKIP() << "python3-prometheus-client is not installed";
  }
  SCOPED_TRACE("seed " + std::to_string(seed_));
  Hostile hostile(seed_);
  std::vector<FormattedPage> pages;
  std::vector<std::string> wanted;
  std::size_t series = 0;
  for (int i = 0; i < kStores; ++i) {
    MetricStore store{MetricStore::Options{}};
    Fill(store, hostile);
    series += store.series();
    for (const Format format : {Format::kText, Format::kOpenMetrics}) {
      for (const Escaping escaping : {Escaping::kUnderscores, Escaping::kDots, Escaping::kValues}) {
        const PageStyle style{format, escaping};
        pages.emplace_back(format, PageOf(store, style));
        wanted.push_back(FamiliesOf(store, style));
      }
    }
  }
  EXPECT_GT(series, static_cast<std::size_t>(kStores) * 5);
  const auto read = FamiliesByPython(pages);
  for (std::size_t i = 0; i < pages.size(); ++i) {
    ASSERT_EQ(read[i], wanted[i]) << pages[i].second;
  }
}

TEST_F(HostilePage, IsReadByPromtool) {
  if (!HasPromtool()) {
    GTEST_SKIP() << "promtool is not installed";
  }
  SCOPED_TRACE("seed " + std::to_string(seed_));
  Hostile hostile(seed_);
  for (int i = 0; i < 10; ++i) {
    MetricStore store{MetricStore::Options{}};
    Fill(store, hostile);
    for (const Escaping escaping : {Escaping::kUnderscores, Escaping::kDots, Escaping::kValues}) {
      const std::string page = PageOf(store, {Format::kText, escaping});
      const auto [status, said] = Promtool(page);
      // 3: names that the linter does not like, which is the user's choice.
      ASSERT_TRUE(status == 0 || status == 3) << said << page;
      ASSERT_EQ(said.find("error while linting"), std::string::npos) << said << page;
    }
  }
}

/// The end of a quoted text that begins at `at`; npos: it does not end, or not as it should.
std::size_t SkipQuoted(const std::string& line, std::size_t at) {
  for (++at; at < line.size(); ++at) {
    if (line[at] == '\\') {
      if (++at >= line.size() || std::string("\\\"n").find(line[at]) == std::string::npos) {
        return std::string::npos;
      }
    } else if (line[at] == '"') {
      return at + 1;
    }
  }
  return std::string::npos;
}

/// Whether a line is a sample with names that may be quoted, and perhaps an exemplar.
bool IsSample(const std::string& line) {
  std::size_t at = std::min(line.find('{'), line.find(' '));
  if (line[std::min(at, line.size())] == ' ') {
    const std::size_t exemplar = line.find(" # {");  // nothing else may have labels
    at = exemplar == line.npos ? at : exemplar + 3;
  }
  while (at != std::string::npos && at < line.size() && line[at] == '{') {
    ++at;
    while (at < line.size() && line[at] != '}') {
      if (line[at] == '"') {
        at = SkipQuoted(line, at);
      } else {
        at = line.find_first_of("=}", at);
      }
      if (at != std::string::npos && at < line.size() && line[at] == '=') {
        at = line.compare(at, 2, "=\"") == 0 ? SkipQuoted(line, at + 1) : std::string::npos;
      }
      if (at == std::string::npos || at >= line.size()) {
        return false;
      }
      at += line[at] == ',' ? 1U : 0U;
    }
    const std::size_t next = line.find('{', at);
    if (next == std::string::npos) {
      break;
    }
    at = next;
  }
  return at != std::string::npos &&
         line.find_first_not_of(" }0123456789+-.einfNaI", at) == line.npos;
}

TEST_F(HostilePage, HasOneSampleALineWhereNamesAreQuoted) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  Hostile hostile(seed_);
  for (int i = 0; i < kStores; ++i) {
    MetricStore store{MetricStore::Options{}};
    Fill(store, hostile);
    for (const Format format : {Format::kText, Format::kOpenMetrics}) {
      std::istringstream lines(PageOf(store, {format, Escaping::kAllowUtf8}));
      std::size_t heads = 0;
      for (std::string line; std::getline(lines, line);) {
        heads += line.starts_with("# TYPE ") ? 1U : 0U;
        ASSERT_TRUE(line.starts_with("# HELP ") || line.starts_with("# TYPE ") ||
                    line.starts_with("# UNIT ") || line == "# EOF" || IsSample(line))
            << line;
      }
      if (format == Format::kOpenMetrics) {
        EXPECT_EQ(heads, store.metrics());
      }
    }
  }
}

}  // namespace
}  // namespace promtally::exposition
