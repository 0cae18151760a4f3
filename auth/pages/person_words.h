#pragma once
#include <cstdint>
#include <string>

#include "auth/pages/page_texts.h"

// Times and sizes as a person reads them. Pure.
namespace lp {

// "2026-12-09 22:10 UTC"; without scripts nobody knows the reader's time zone.
[[nodiscard]] std::string moment_text(std::int64_t unix_s, Language language);
// The two largest units: "13 days 4 hours"; "less than a minute".
[[nodiscard]] std::string span_text(std::int64_t seconds, Language language);
[[nodiscard]] std::string size_text(std::size_t bytes, Language language);

}  // namespace lp
