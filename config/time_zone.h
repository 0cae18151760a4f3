#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lp {

// A time zone as the system has it in a file (TZif, RFC 8536). Immutable after parse(). Pure.
class TimeZone {
 public:
  struct Offset {
    std::int64_t seconds = 0;  // east of UTC
    std::string abbreviation;  // "CET", "+0530"
    bool operator==(const Offset&) const = default;
  };

  TimeZone() = default;  // UTC
  // `bytes` is the file of the zone called `name`. A file of version 1 ends in 2037 and is refused.
  [[nodiscard]] static Result<TimeZone> parse(std::string name, std::string_view bytes);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const Offset& at(std::int64_t unix_s) const;

 private:
  // When it begins in a year: the day `weekday` (0: Sunday) of the `week` (5: the last) of the month, at a local time.
  struct Change {
    int month = 0;
    int week = 0;
    int weekday = 0;
    std::int64_t time_s = 0;
  };
  friend class TimeZoneParser;
  [[nodiscard]] bool is_summer(std::int64_t unix_s) const;
  [[nodiscard]] static std::int64_t start_of(const Change& change, std::int64_t year);

  std::string name_ = "UTC";
  std::vector<std::int64_t> begins_;  // rising; from begins_[i] on types_[i] holds
  std::vector<std::uint8_t> types_;
  std::vector<Offset> offsets_ = {{0, "UTC"}};  // the first holds before all
  // After the last of begins_: the standard time, and the summer time between two changes where there is one.
  std::array<Offset, 2> later_ = {Offset{0, "UTC"}, Offset{}};
  std::array<Change, 2> changes_{};
  bool has_summer_ = false;
};

}  // namespace lp
