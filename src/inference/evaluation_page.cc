// SPDX-License-Identifier: Apache-2.0
#include "inference/evaluation_page.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "inference/evaluation_charts.h"
#include "inference/svg_chart.h"
#include "promtally/base/html.h"

namespace promtally::inference {
namespace {

using base::EscapedHtml;

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --text: #1d1f23; --page: #fff; --box: #f6f6f7; --line: #d5d7db;
  --soft: #5a5f69; --model: #1c5fa8; --baseline: #b3541e; --good: #1b7340; --bad: #b3261e;
  --test: #8080801f; --bar: #5b86b8; }
@media (prefers-color-scheme: dark) { :root { --text: #e7e8ea; --page: #17181b; --box: #212327;
  --line: #3c3f46; --soft: #a9aeb8; --model: #7db7ff; --baseline: #ff9f6b; --good: #6bd394;
  --bad: #ff8a80; --test: #ffffff14; --bar: #6f9bd1; } }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page);
  overflow-wrap: anywhere; }
header { background: #b93a17; color: #fff; padding: .9rem 0; }
header > *, main { max-width: 66rem; margin: 0 auto !important; padding: 0 1rem; }
h1 { font-size: 1.6rem; line-height: 1.25; }
h2 { margin: 2.2rem 0 .4rem; font-size: 1.25rem; border-bottom: 2px solid var(--line); }
p { margin: .5rem 0; } .soft { color: var(--soft); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .8rem;
  margin: 1.2rem 0; }
.tile { background: var(--box); border: 1px solid var(--line); border-radius: 8px;
  padding: .6rem .9rem; }
.tile b { display: block; font-size: 1.5rem; line-height: 1.3; font-variant-numeric: tabular-nums; }
.good { color: var(--good); } .bad { color: var(--bad); }
.note { border-left: 4px solid var(--baseline); background: var(--box); padding: .5rem .9rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 0 1.2rem; }
figure { margin: .8rem 0; } figcaption { color: var(--soft); font-size: .9rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; min-width: 24rem; }
th, td { text-align: left; padding: .3rem 1.2rem .3rem 0; border-bottom: 1px solid var(--line);
  overflow-wrap: normal; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
thead th { color: var(--soft); font-size: .9rem; }
td.best { font-weight: 700; }
figure { overflow-x: auto; } svg { width: 100%; min-width: 40rem; height: auto; display: block; }
.pair svg { min-width: 24rem; }
svg text { fill: var(--soft); font: 13px system-ui, sans-serif; }
svg .label { fill: var(--text); font-size: 14px; }
svg path { fill: none; stroke-width: 1.6; stroke-linejoin: round; stroke-linecap: round; }
svg .grid { stroke: var(--line); stroke-width: 1; } svg .axis { stroke: var(--soft); }
svg .bound { stroke: var(--baseline); stroke-dasharray: 5 4; stroke-width: 1.5; }
svg path.actual { stroke: var(--text); } svg path.model { stroke: var(--model); stroke-width: 2.2; }
svg path.ahead { stroke-dasharray: 7 4; }
svg path.baseline { stroke: var(--baseline); stroke-dasharray: 3 4; stroke-width: 1.8; }
svg path.residual { stroke: var(--model); stroke-width: 1.2; }
svg circle.model { fill: var(--model); } svg .bar { fill: var(--bar); } svg .test { fill: var(--test); }
svg .wide { fill: var(--model); opacity: .16; } svg .narrow { fill: var(--model); opacity: .24; }
.legend { list-style: none; padding: 0; margin: .4rem 0; display: flex; flex-wrap: wrap;
  gap: .2rem 1.4rem; font-size: .95rem; }
.legend li::before { content: ""; display: inline-block; width: 1.6rem; height: 0; margin-right: .5rem;
  vertical-align: middle; border-top: 3px solid var(--text); }
.legend .model::before { border-color: var(--model); }
.legend .ahead::before { border-color: var(--model); border-top-style: dashed; }
.legend .baseline::before { border-color: var(--baseline); border-top-style: dotted; }
.legend .narrow::before, .legend .wide::before, .legend .test::before { height: .9rem; border: 0;
  background: var(--model); opacity: .4; }
.legend .wide::before { opacity: .16; } .legend .test::before { background: var(--test); opacity: 1;
  outline: 1px solid var(--line); }
@media print { header { color: #000; background: none; } }
)";

std::string Tile(std::string_view label, const std::string& value, std::string_view css_class,
                 const std::string& below) {
  return fmt::format(
      R"(<div class="tile">{}<b class="{}">{}</b><span class="soft">{}</span></div>)",
      EscapedHtml(label), css_class, EscapedHtml(value), EscapedHtml(below));
}

/// A number with as many decimals as the others of its column, the largest of which has five
/// digits.
std::string ColumnText(double value, double largest) {
  if (!std::isfinite(value) || largest >= 1e9 || largest < 1e-4) {
    return NumberText(value, 5);
  }
  const int decimals = std::clamp(4 - static_cast<int>(std::floor(std::log10(largest))), 0, 8);
  return fmt::format("{:.{}f}", value, decimals);
}

std::string Percent(double share) {
  return std::isfinite(share) ? fmt::format("{:.1f} %", 100 * share) : "–";
}

const Evaluation::Errors& BestBaselineErrors(const Evaluation& evaluation) {
  for (const Evaluation::Errors& errors : evaluation.errors) {
    if (errors.name == evaluation.baseline_name) {
      return errors;
    }
  }
  return evaluation.errors.front();
}

std::string Tiles(const Evaluation& evaluation) {
  const ErrorMetrics& model = evaluation.errors.front().metrics;
  const Evaluation::Errors& baseline = BestBaselineErrors(evaluation);
  const double gain = 1 - model.mae / baseline.metrics.mae;
  const bool is_beaten = model.mae < baseline.metrics.mae;
  std::string tiles = R"(<div class="tiles">)";
  tiles += Tile("Mean absolute error", NumberText(model.mae, 5), "",
                fmt::format("on {} test values", model.count));
  tiles += Tile(fmt::format("Baseline ({})", baseline.name), NumberText(baseline.metrics.mae, 5),
                "", "mean absolute error");
  tiles += Tile(is_beaten ? "Better than the baseline" : "Not better than the baseline",
                Percent(std::fabs(gain)), is_beaten ? "good" : "bad",
                is_beaten ? "smaller error" : "larger error");
  if (evaluation.coverage) {
    tiles += Tile("Inside the interval", Percent(*evaluation.coverage), "",
                  !evaluation.is_rolling ? "of the test values; 95 % are meant to be"
                                         : "of the test values, the model's own interval");
  }
  return tiles + "</div>\n";
}

std::string ErrorTable(const Evaluation& evaluation) {
  struct Column {
    const char* name;
    double ErrorMetrics::*member;
    bool is_larger_better;
  };
  constexpr Column kColumns[] = {{"MAE", &ErrorMetrics::mae, false},
                                 {"RMSE", &ErrorMetrics::rmse, false},
                                 {"MAPE, %", &ErrorMetrics::mape, false},
                                 {"sMAPE, %", &ErrorMetrics::smape, false},
                                 {"R²", &ErrorMetrics::r2, true}};
  std::string table = "<div class=\"scroll\"><table><thead><tr><th>Forecast</th>";
  for (const Column& column : kColumns) {
    table += fmt::format(R"(<th class="n">{}</th>)", column.name);
  }
  table += "</tr></thead><tbody>\n";
  for (const Evaluation::Errors& errors : evaluation.errors) {
    table += fmt::format(R"(<tr><th scope="row">{}</th>)",
                         EscapedHtml(errors.name == "model" ? "this model" : errors.name));
    for (const Column& column : kColumns) {
      const double own = errors.metrics.*column.member;
      double largest = 0;
      bool is_best = std::isfinite(own);
      for (const Evaluation::Errors& other : evaluation.errors) {
        const double value = other.metrics.*column.member;
        largest = std::max(largest, std::isfinite(value) ? std::fabs(value) : 0);
        is_best = is_best && !(column.is_larger_better ? value > own : value < own);
      }
      table += fmt::format(R"(<td class="n{}">{}</td>)", is_best ? " best" : "",
                           ColumnText(own, largest));
    }
    table += "</tr>\n";
  }
  return table + "</tbody></table></div>\n";
}

std::string Legend(const Evaluation& evaluation) {
  std::string legend =
      "<ul class=\"legend\"><li>measured</li><li class=\"model\">forecast of the "
      "test part</li><li class=\"ahead\">forecast ahead</li>";
  if (evaluation.coverage80) {
    legend += "<li class=\"narrow\">80 % interval</li><li class=\"wide\">95 % interval</li>";
  } else if (evaluation.coverage) {
    legend += "<li class=\"wide\">the model's interval</li>";
  }
  return legend +
         fmt::format("<li class=\"baseline\">{}</li><li class=\"test\">test part</li></ul>\n",
                     EscapedHtml(evaluation.baseline_name));
}

std::string Figure(const std::string& chart, std::string_view caption) {
  return fmt::format("<figure>{}<figcaption>{}</figcaption></figure>\n", chart,
                     EscapedHtml(caption));
}

std::string ValueText(const Json& value) {
  if (value.is_number_float()) {
    return NumberText(value.get<double>());
  }
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// The members of an object in two columns, objects within it one level down.
void AppendRows(const Json& object, const std::string& prefix, std::string& rows) {
  for (const auto& [key, value] : object.items()) {
    if (value.is_object()) {
      AppendRows(value, prefix + key + " ", rows);
    } else if (!value.is_array() || value.size() <= 8) {
      rows += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n",
                          EscapedHtml(prefix + key), EscapedHtml(ValueText(value)));
    }
  }
}

std::string AheadTable(const EvaluationInput& input, const Evaluation& evaluation) {
  std::string table =
      "<div class=\"scroll\"><table><thead><tr><th class=\"n\">Step</th><th "
      "class=\"n\">Forecast</th>"
      "<th class=\"n\">80 % from</th><th class=\"n\">to</th><th class=\"n\">95 % from</th>"
      "<th class=\"n\">to</th></tr></thead><tbody>\n";
  if (!evaluation.coverage80) {
    table =
        "<div class=\"scroll\"><table><thead><tr><th class=\"n\">Step</th>"
        "<th class=\"n\">Forecast</th><th class=\"n\">from</th><th class=\"n\">to</th></tr>"
        "</thead><tbody>\n";
  }
  double largest = 0;
  for (const EvaluatedStep& step : evaluation.ahead) {
    largest = std::max(largest, std::isfinite(step.mean) ? std::fabs(step.mean) : 0);
  }
  for (std::size_t i = 0; i < evaluation.ahead.size(); ++i) {
    const EvaluatedStep& step = evaluation.ahead[i];
    table += fmt::format(R"(<tr><td class="n">{}</td><td class="n">{}</td>)",
                         input.values.size() + i, ColumnText(step.mean, largest));
    if (evaluation.coverage80) {
      table += fmt::format(R"(<td class="n">{}</td><td class="n">{}</td>)",
                           ColumnText(step.lower80, largest), ColumnText(step.upper80, largest));
    }
    table += fmt::format("<td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
                         ColumnText(step.lower, largest), ColumnText(step.upper, largest));
  }
  return table + "</tbody></table></div>\n";
}

std::string Head(const ModelRecord& record, const std::string& series_name) {
  const std::string title = fmt::format("{}:{}", record.name, record.version);
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "style-src 'unsafe-inline'; img-src data:\">\n"
      "<link rel=\"icon\" href=\"data:,\">\n<title>Evaluation of {0}</title>\n"
      "<style>{1}</style>\n</head>\n<body>\n<header><h1>Evaluation of {0}</h1>"
      "<p>{2} model of {3}, trained {4}</p></header>\n<main>\n",
      EscapedHtml(title), kStyle, EscapedHtml(record.type), EscapedHtml(series_name),
      EscapedHtml(base::ToText(record.created)));
}

std::string SeenNote(const ModelRecord& record) {
  if (record.metrics || record.training_digest.empty()) {
    return {};
  }
  return "<p class=\"note\">This model was trained without a test part. If it was trained on this "
         "series, it has seen the values that it is tested on here, and its errors on new values "
         "will be larger.</p>\n";
}

}  // namespace

std::string EvaluationPage(const ModelRecord& record, const std::string& series_name,
                           const EvaluationInput& input, const Evaluation& evaluation) {
  std::string page = Head(record, series_name) + Tiles(evaluation) + SeenNote(record);
  page += "<h2>Forecast</h2>\n";
  page += fmt::format(
      "<p class=\"soft\">{}</p>\n",
      evaluation.is_rolling
          ? fmt::format("Each test value is predicted from what was known {} step(s) before it.",
                        input.lead)
          : fmt::format("The last {} of {} values are forecast from the values before them, all "
                        "from one point.",
                        input.test_steps, input.values.size()));
  page += Legend(evaluation) + Figure(ForecastChart(input, evaluation, series_name), "");
  page += "<h2>Errors</h2>\n" + ErrorTable(evaluation);
  page +=
      "<p class=\"soft\">On the test part, in the unit of the series where there is no %. Bold is "
      "best.</p>\n";
  page +=
      "<h2>Residuals</h2>\n<p class=\"soft\">Measured less predicted one step ahead. Residuals of "
      "a "
      "good model look like noise: no pattern over time, no bar beyond the dashed bounds but one "
      "in twenty.</p>\n";
  page +=
      Figure(ResidualChart(evaluation), fmt::format("Dashed: two standard deviations ({}).",
                                                    NumberText(2 * ResidualSpread(evaluation), 4)));
  page += "<div class=\"pair\">";
  page += Figure(AutocorrelationChart(evaluation), "Autocorrelations of the residuals.");
  page += Figure(ResidualHistogram(evaluation),
                 "How the residuals are spread; dotted: a normal curve as wide.");
  page += "</div>\n<h2>Whole series</h2>\n" + Figure(HistoryChart(input, series_name), "");
  page += "<h2>Ahead</h2>\n" + AheadTable(input, evaluation);
  std::string rows;
  AppendRows(record.parameters, "asked: ", rows);
  AppendRows(record.details, "", rows);
  page +=
      "<h2>Model</h2>\n<div class=\"scroll\"><table><tbody>\n" + rows + "</tbody></table></div>\n";
  return page + "</main>\n</body>\n</html>\n";
}

}  // namespace promtally::inference
