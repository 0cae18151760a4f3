#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/http_message.h"

// Which answer a request for a file gets: conditions (RFC 9110 13.2.2) and one range (14.2). Pure.
namespace lp {

struct FileFacts {
  std::uint64_t size_bytes = 0;
  std::int64_t modified_ns = 0;  // since 1970
  std::string_view name;         // its last letters tell the media type
};

struct FileResponse {
  int status = 200;  // 206, 304, 412, 416
  std::vector<std::pair<std::string, std::string>> headers;
  std::uint64_t begin = 0;  // of what is sent
  std::uint64_t length = 0;
};

// For GET and HEAD. Several ranges, and those that are not understood, get the whole file (14.2 lets a server).
[[nodiscard]] FileResponse file_response(const Fields& request, const FileFacts& file);

[[nodiscard]] std::string_view media_type_of(std::string_view file_name);
[[nodiscard]] std::string http_date(std::int64_t unix_s);  // RFC 9110 5.6.7, IMF-fixdate

}  // namespace lp
