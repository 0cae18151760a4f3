#include "proxy/http/pace.h"

#include <doctest/doctest.h>

#include <functional>
#include <limits>

using namespace lp;

namespace {

constexpr PaceTerms kUsual{60'000, 100, 60'000};
constexpr std::int64_t kForEver = 3'600'000;

// After how long a peer that has moved `total(t)` bytes by then is too slow; kForEver: it never is.
std::int64_t lasts_ms(const PaceTerms& terms, const std::function<std::int64_t(std::int64_t)>& total) {
  Pace pace;
  std::int64_t now = 0;
  for (std::int64_t step = Pace::look_ms(terms); now < kForEver;) {
    pace.moved(static_cast<std::size_t>(total(now + step) - total(now)));
    now += step;
    const auto next = pace.look(terms, step);
    if (!next) return now;
    step = *next;
  }
  return kForEver;
}

std::int64_t steady(const PaceTerms& terms, std::int64_t bytes_per_s) {
  return lasts_ms(terms, [&](std::int64_t t) { return t * bytes_per_s / 1000; });
}

}  // namespace

TEST_CASE("who is silent has the time of a silence, from the beginning or from the last byte") {
  CHECK(lasts_ms(kUsual, [](std::int64_t) { return 0; }) == 60'000);
  const auto end = lasts_ms(kUsual, [](std::int64_t t) { return t < 70'000 ? t : 70'000; });
  CHECK(end >= 130'000);
  CHECK(end <= 145'000);
}

TEST_CASE("a byte now and then buys nothing but the window") {
  CHECK(lasts_ms(kUsual, [](std::int64_t t) { return t / 59'000; }) <= 75'000);
  CHECK(steady(kUsual, 1) <= 75'000);
  CHECK(steady(kUsual, 1) >= 60'000);
  CHECK(steady(kUsual, 50) >= 120'000);
  CHECK(steady(kUsual, 50) <= 150'000);
}

TEST_CASE("who keeps the rate may go on for ever") {
  CHECK(steady(kUsual, 100) == kForEver);
  CHECK(steady(kUsual, 1'000'000) == kForEver);
}

TEST_CASE("a slow line with long silences is no attack") {
  // The slowest coding of GPRS, of which half is lost, and a minute in a tunnel in each three.
  CHECK(lasts_ms(kUsual, [](std::int64_t t) {
          const std::int64_t around = t / 180'000;
          const std::int64_t in_it = t % 180'000;
          return (around * 125'000 + (in_it < 125'000 ? in_it : 125'000)) / 2;
        }) == kForEver);
}

TEST_CASE("a fast beginning is no credit for later") {
  CHECK(lasts_ms(kUsual, [](std::int64_t t) { return t > 0 ? 1'000'000'000 + t / 59'000 : 0; }) <= 90'000);
}

TEST_CASE("without a rate only silence counts") {
  const PaceTerms terms{60'000, 0, 0};
  CHECK(lasts_ms(terms, [](std::int64_t t) { return t / 30'000; }) == kForEver);
  CHECK(lasts_ms(terms, [](std::int64_t) { return 0; }) == 60'000);
}

TEST_CASE("nothing overflows") {
  Pace pace;
  pace.moved(std::numeric_limits<std::size_t>::max());
  CHECK(pace.look(kUsual, 15'000) == 15'000);
  pace.moved(1);
  CHECK(pace.look(kUsual, 15'000) == 15'000);
}

TEST_CASE("which answers owe no rate: it is their app that is slow") {
  struct Row {
    const char* type;
    BodyFraming::Kind kind;
    bool is_slow;
  };
  constexpr Row kRows[] = {
      {"text/event-stream", BodyFraming::Kind::chunked, true},
      {"Text/Event-Stream;charset=utf-8", BodyFraming::Kind::until_close, true},
      {"application/grpc", BodyFraming::Kind::chunked, true},
      {"application/grpc-web+proto", BodyFraming::Kind::chunked, true},
      {"text/event-stream", BodyFraming::Kind::length, false},
      {"application/octet-stream", BodyFraming::Kind::chunked, false},
      {"application/grpcx", BodyFraming::Kind::chunked, false},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.type);
    Fields fields;
    fields.add("content-type", row.type);
    CHECK(is_slow_by_nature({row.kind, 0}, fields) == row.is_slow);
  }
}

TEST_CASE("it begins anew") {
  Pace pace;
  CHECK(pace.look(kUsual, 45'000));
  pace.begin();
  CHECK(pace.look(kUsual, 45'000));
  CHECK_FALSE(pace.look(kUsual, 15'000));
}
