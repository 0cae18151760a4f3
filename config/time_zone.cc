#include "config/time_zone.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace lp {
namespace {

constexpr std::int64_t kDaySeconds = 86400;

// Days from 1970-01-01 to a day of the proleptic Gregorian calendar.
std::int64_t days_to(std::int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t of_era = year - era * 400;
  const std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

std::int64_t floor_days(std::int64_t unix_s) {
  return unix_s >= 0 ? unix_s / kDaySeconds : -((-unix_s + kDaySeconds - 1) / kDaySeconds);
}

std::int64_t year_of(std::int64_t unix_s) {
  std::int64_t year = 1970 + floor_days(unix_s) * 400 / 146097;
  while (days_to(year, 1, 1) > floor_days(unix_s)) --year;
  while (days_to(year + 1, 1, 1) <= floor_days(unix_s)) ++year;
  return year;
}

}  // namespace

// One file. Whatever its counts say, nothing is read behind its end.
class TimeZoneParser {
 public:
  TimeZoneParser(std::string name, std::string_view bytes) : bytes_(bytes) {
    zone_.name_ = std::move(name);
    zone_.offsets_.clear();
  }

  Result<TimeZone> parse() {
    std::optional<Counts> first = header();
    if (!first || version_ < '2') return fail("expected a time zone file (TZif, version 2 or later)");
    if (!skip(body_bytes(*first, 4))) return fail("the time zone file is cut off");
    const std::optional<Counts> counts = header();
    if (!counts || !read_body(*counts)) return fail("the time zone file is cut off or broken");
    if (!read_footer()) return fail("the time zone file has an ending that cannot be read");
    return std::move(zone_);
  }

 private:
  struct Counts {
    std::uint64_t utc, standard, leaps, times, types, letters;
  };

  static std::uint64_t body_bytes(const Counts& n, std::uint64_t time_bytes) {
    return n.times * (time_bytes + 1) + n.types * 6 + n.letters + n.leaps * (time_bytes + 4) + n.standard + n.utc;
  }

  bool skip(std::uint64_t bytes) {
    if (bytes > bytes_.size()) return false;
    bytes_.remove_prefix(static_cast<std::size_t>(bytes));
    return true;
  }

  // The caller has seen that they are there.
  std::uint64_t number(std::size_t bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<unsigned char>(bytes_[i]);
    bytes_.remove_prefix(bytes);
    return value;
  }

  std::optional<Counts> header() {
    constexpr std::size_t kHeaderBytes = 44;
    if (bytes_.size() < kHeaderBytes || !bytes_.starts_with("TZif")) return std::nullopt;
    version_ = bytes_[4];
    bytes_.remove_prefix(20);
    Counts counts{};
    for (std::uint64_t* one :
         {&counts.utc, &counts.standard, &counts.leaps, &counts.times, &counts.types, &counts.letters})
      *one = number(4);
    return counts;
  }

  bool read_body(const Counts& counts) {
    constexpr std::uint64_t kMostTypes = 256;
    if (counts.types == 0 || counts.types > kMostTypes || body_bytes(counts, 8) > bytes_.size()) return false;
    const auto times = static_cast<std::size_t>(counts.times);
    for (std::size_t i = 0; i < times; ++i) zone_.begins_.push_back(static_cast<std::int64_t>(number(8)));
    for (std::size_t i = 0; i < times; ++i) zone_.types_.push_back(static_cast<std::uint8_t>(number(1)));
    std::vector<std::size_t> names;
    for (std::uint64_t i = 0; i < counts.types; ++i) {
      const auto seconds = static_cast<std::int32_t>(static_cast<std::uint32_t>(number(4)));
      number(1);  // whether it is summer time
      names.push_back(static_cast<std::size_t>(number(1)));
      zone_.offsets_.push_back({seconds, ""});
    }
    const std::string_view letters = bytes_.substr(0, static_cast<std::size_t>(counts.letters));
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] >= letters.size()) return false;
      const std::string_view name = letters.substr(names[i]);
      zone_.offsets_[i].abbreviation = name.substr(0, name.find('\0'));
    }
    return skip(counts.letters + counts.leaps * 12 + counts.standard + counts.utc) &&
           std::is_sorted(zone_.begins_.begin(), zone_.begins_.end()) &&
           std::all_of(zone_.types_.begin(), zone_.types_.end(), [&](auto t) { return t < counts.types; });
  }

  // What POSIX calls TZ: "CET-1CEST,M3.5.0,M10.5.0/3". An empty one: the last type goes on.
  bool read_footer() {
    if (bytes_.size() < 2 || bytes_.front() != '\n') return false;
    bytes_.remove_prefix(1);
    const std::size_t end = bytes_.find('\n');
    if (end == std::string_view::npos) return false;
    bytes_ = bytes_.substr(0, end);
    if (bytes_.empty()) {
      zone_.later_[0] = zone_.types_.empty() ? zone_.offsets_.front() : zone_.offsets_[zone_.types_.back()];
      return true;
    }
    if (!name_into(zone_.later_[0]) || !west_into(zone_.later_[0].seconds)) return false;
    return bytes_.empty() || read_summer();
  }

  bool read_summer() {
    zone_.has_summer_ = true;
    if (!name_into(zone_.later_[1])) return false;
    zone_.later_[1].seconds = zone_.later_[0].seconds + 3600;
    if (!bytes_.starts_with(',') && !west_into(zone_.later_[1].seconds)) return false;
    return change_into(zone_.changes_[0]) && change_into(zone_.changes_[1]) && bytes_.empty();
  }

  bool name_into(TimeZone::Offset& offset) {
    const bool is_quoted = bytes_.starts_with('<');
    const std::size_t end = is_quoted ? bytes_.find('>') : bytes_.find_first_of("+-,0123456789");
    if (end == std::string_view::npos || end == 0) return false;
    offset.abbreviation = bytes_.substr(is_quoted ? 1 : 0, is_quoted ? end - 1 : end);
    bytes_.remove_prefix(is_quoted ? end + 1 : end);
    return true;
  }

  std::optional<std::int64_t> digits() {
    std::int64_t value = 0;
    std::size_t count = 0;
    while (count < bytes_.size() && bytes_[count] >= '0' && bytes_[count] <= '9' && count < 4)
      value = value * 10 + (bytes_[count++] - '0');
    bytes_.remove_prefix(count);
    return count == 0 ? std::nullopt : std::optional(value);
  }

  bool take(char c) {
    if (!bytes_.starts_with(c)) return false;
    bytes_.remove_prefix(1);
    return true;
  }

  // [+-]hh[:mm[:ss]]
  std::optional<std::int64_t> signed_time() {
    const bool is_negative = take('-');
    if (!is_negative) take('+');
    std::int64_t seconds = 0;
    for (const std::int64_t unit : {3600, 60, 1}) {
      if (unit != 3600 && !take(':')) break;
      const auto part = digits();
      if (!part || *part > 167) return std::nullopt;
      seconds += *part * unit;
    }
    return is_negative ? -seconds : seconds;
  }

  // POSIX counts westward.
  bool west_into(std::int64_t& seconds) {
    const auto west = signed_time();
    if (west) seconds = -*west;
    return west.has_value();
  }

  bool number_into(std::int64_t from, std::int64_t to, int& number) {
    const std::int64_t value = digits().value_or(-1);
    number = static_cast<int>(value);
    return value >= from && value <= to;
  }

  // ",M3.5.0/2"
  bool change_into(TimeZone::Change& change) {
    if (!take(',') || !take('M') || !number_into(1, 12, change.month)) return false;
    if (!take('.') || !number_into(1, 5, change.week)) return false;
    if (!take('.') || !number_into(0, 6, change.weekday)) return false;
    change.time_s = 7200;
    if (!take('/')) return true;
    const auto time = signed_time();
    change.time_s = time.value_or(0);
    return time.has_value();
  }

  std::string_view bytes_;
  char version_ = '\0';
  TimeZone zone_;
};

Result<TimeZone> TimeZone::parse(std::string name, std::string_view bytes) {
  return TimeZoneParser(std::move(name), bytes).parse();
}

// In local time, as seconds since 1970 there.
std::int64_t TimeZone::start_of(const Change& change, std::int64_t year) {
  const std::int64_t first = days_to(year, change.month, 1);
  const std::int64_t next = change.month == 12 ? days_to(year + 1, 1, 1) : days_to(year, change.month + 1, 1);
  const std::int64_t weekday = ((first + 4) % 7 + 7) % 7;  // 1970-01-01 was a Thursday
  std::int64_t day = first + (change.weekday - weekday + 7) % 7 + 7 * (change.week - 1);
  while (day >= next) day -= 7;
  return day * kDaySeconds + change.time_s;
}

bool TimeZone::is_summer(std::int64_t unix_s) const {
  const std::int64_t year = year_of(unix_s + later_[0].seconds);
  const std::int64_t from = start_of(changes_[0], year) - later_[0].seconds;
  const std::int64_t to = start_of(changes_[1], year) - later_[1].seconds;
  return from < to ? unix_s >= from && unix_s < to : unix_s >= from || unix_s < to;
}

const TimeZone::Offset& TimeZone::at(std::int64_t unix_s) const {
  const auto next = std::upper_bound(begins_.begin(), begins_.end(), unix_s);
  if (next == begins_.end()) return later_[has_summer_ && is_summer(unix_s) ? 1 : 0];
  if (next == begins_.begin()) return offsets_.front();
  return offsets_[types_[static_cast<std::size_t>(next - begins_.begin()) - 1]];
}

}  // namespace lp
