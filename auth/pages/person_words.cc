#include "auth/pages/person_words.h"

#include <array>
#include <ctime>
#include <string_view>

namespace lp {
namespace {

struct Unit {
  std::int64_t seconds;
  std::string_view one;
  std::string_view many;
  std::string_view japanese;
};
constexpr std::array kUnits = {
    Unit{86400, " day", " days", "日"},
    Unit{3600, " hour", " hours", "時間"},
    Unit{60, " minute", " minutes", "分"},
};

std::string count_text(std::int64_t count, const Unit& unit, Language language) {
  const std::string_view name = language == Language::japanese ? unit.japanese : count == 1 ? unit.one : unit.many;
  return std::to_string(count) + std::string(name);
}

}  // namespace

std::string moment_text(std::int64_t unix_s, Language language) {
  const std::time_t time = unix_s;
  std::tm utc{};
  if (gmtime_r(&time, &utc) == nullptr) return {};
  std::array<char, 64> text{};
  const char* form = language == Language::japanese ? "%Y年%m月%d日 %H:%M (UTC)" : "%Y-%m-%d %H:%M UTC";
  return {text.data(), std::strftime(text.data(), text.size(), form, &utc)};
}

std::string span_text(std::int64_t seconds, Language language) {
  const bool japanese = language == Language::japanese;
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    const std::int64_t count = seconds / kUnits[i].seconds;
    if (count <= 0) continue;
    std::string text = count_text(count, kUnits[i], language);
    if (i + 1 == kUnits.size()) return text;
    const std::int64_t rest = seconds % kUnits[i].seconds / kUnits[i + 1].seconds;
    if (rest > 0) text.append(japanese ? "" : " ").append(count_text(rest, kUnits[i + 1], language));
    return text;
  }
  return japanese ? "1分未満" : "less than a minute";
}

std::string size_text(std::size_t bytes, Language language) {
  const bool japanese = language == Language::japanese;
  if (bytes < 1024) return std::to_string(bytes) + (japanese ? " バイト" : bytes == 1 ? " byte" : " bytes");
  const std::size_t tenths = bytes * 10 / 1024;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " KiB";
}

}  // namespace lp
