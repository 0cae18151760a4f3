#pragma once
#include <cstdint>
#include <string>

#include "config/page_language.h"
#include "config/time_zone.h"

// Times and sizes as a person reads them. Pure.
namespace lp {

// "2026-12-09 22:10 UTC": without scripts nobody knows the reader's time zone, so that the one is named.
[[nodiscard]] std::string moment_text(std::int64_t unix_s, const Language& language, const TimeZone& zone = {});
// "2026-12-09T22:10:00Z", for <time datetime>.
[[nodiscard]] std::string moment_for_machines(std::int64_t unix_s);
// The two largest units: "13 days 4 hours"; "less than a minute".
[[nodiscard]] std::string span_text(std::int64_t seconds, const Language& language);
[[nodiscard]] std::string size_text(std::size_t bytes, const Language& language);

}  // namespace lp
