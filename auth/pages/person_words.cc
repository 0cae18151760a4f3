#include "auth/pages/person_words.h"

#include <array>
#include <ctime>
#include <string_view>

namespace lp {
namespace {

struct Unit {
  std::int64_t seconds;
  TextKey one;
  TextKey many;
};
constexpr std::array kUnits = {
    Unit{86400, "time.day", "time.days"},
    Unit{3600, "time.hour", "time.hours"},
    Unit{60, "time.minute", "time.minutes"},
};

std::string count_text(std::int64_t count, const Unit& unit, const Language& language) {
  return fill_text(language.say(count == 1 ? unit.one : unit.many), {std::to_string(count)});
}

std::string formatted(std::int64_t unix_s, const char* form) {
  const std::time_t time = unix_s;
  std::tm utc{};
  if (gmtime_r(&time, &utc) == nullptr) return {};
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), form, &utc)};
}

}  // namespace

std::string moment_text(std::int64_t unix_s, const Language& language, const TimeZone& zone) {
  const TimeZone::Offset& offset = zone.at(unix_s);
  const std::int64_t local = unix_s + offset.seconds;
  return fill_text(language.say("time.moment"), {formatted(local, "%Y"), formatted(local, "%m"), formatted(local, "%d"),
                                                 formatted(local, "%H:%M"), offset.abbreviation});
}

std::string moment_for_machines(std::int64_t unix_s) { return formatted(unix_s, "%Y-%m-%dT%H:%M:%SZ"); }

std::string span_text(std::int64_t seconds, const Language& language) {
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    const std::int64_t count = seconds / kUnits[i].seconds;
    if (count <= 0) continue;
    std::string text = count_text(count, kUnits[i], language);
    if (i + 1 == kUnits.size()) return text;
    const std::int64_t rest = seconds % kUnits[i].seconds / kUnits[i + 1].seconds;
    if (rest <= 0) return text;
    return fill_text(language.say("time.two_units"), {text, count_text(rest, kUnits[i + 1], language)});
  }
  return std::string(language.say("time.less_than_minute"));
}

std::string size_text(std::size_t bytes, const Language& language) {
  if (bytes < 1024)
    return fill_text(language.say(bytes == 1 ? TextKey("size.byte") : TextKey("size.bytes")), {std::to_string(bytes)});
  const std::size_t tenths = bytes * 10 / 1024;
  return fill_text(language.say("size.kib"), {std::to_string(tenths / 10) + "." + std::to_string(tenths % 10)});
}

}  // namespace lp
