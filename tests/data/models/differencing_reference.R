# Makes differencing.jsonl: what urca::ur.kpss (lags as forecast::ndiffs), forecast:::seas.heuristic, ndiffs and nsdiffs say.
#   Rscript differencing_reference.R OUT.jsonl        (R 4.2.2, forecast 8.20)
suppressMessages(library(forecast)); out <- file(commandArgs(TRUE)[1], "w")
arr <- function(x) paste0("[", paste(ifelse(is.na(x), "null", formatC(as.numeric(x), digits = 12, format = "g", width = 1)), collapse = ","), "]")
kpss <- function(x) urca::ur.kpss(x, type = "mu", use.lag = trunc(3 * sqrt(length(x)) / 13))@teststat
one <- function(id, x) {
  s <- frequency(x); seasonal <- s > 1 && length(x) > 2 * s
  strength <- if (seasonal) forecast:::seas.heuristic(x) else 0
  D <- if (seasonal) nsdiffs(x) else 0
  dx <- if (D > 0) diff(x, lag = s) else x
  cat(sprintf('{"id":"%s","period":%d,"y":%s,"kpss":%.10g,"strength":%.10g,"d":%d,"D":%d}\n', id, s, arr(x), kpss(as.numeric(x)), strength, ndiffs(dx), D), file = out)
}
one("nile", Nile); one("lynx", log10(lynx)); one("lakehuron", LakeHuron); one("airpassengers", log(AirPassengers)); one("air-raw", AirPassengers)
one("accidents", USAccDeaths); one("gas", log(UKgas)); one("co2", co2); one("nottem", nottem); one("sunspots-year", sunspot.year)
one("johnson", JohnsonJohnson); one("lh", lh); one("ukdriver", UKDriverDeaths); one("presidents", na.omit(as.numeric(presidents))); one("wwwusage", WWWusage)
set.seed(11); one("noise-12", ts(rnorm(60), frequency = 12)); one("weak-7", ts(rnorm(100) + 0.8 * sin(2 * pi * (1:100) / 7), frequency = 7))
one("twice", cumsum(cumsum(rnorm(200)))); one("short-4", ts(rnorm(9) + c(0, 3, 0, -3, 0, 3, 0, -3, 0), frequency = 4)); one("hour-24", ts(rnorm(100) + 3 * cos(2 * pi * (1:100) / 24), frequency = 24))
close(out)
