#include "proxy/http/file_response.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <optional>

#include "base/encoding.h"

namespace lp {
namespace {

constexpr std::int64_t kNsPerS = 1'000'000'000;

struct MediaType {
  std::string_view ending;
  std::string_view type;
};
constexpr std::array kMediaTypes = {
    MediaType{".html", "text/html; charset=utf-8"},
    MediaType{".htm", "text/html; charset=utf-8"},
    MediaType{".css", "text/css; charset=utf-8"},
    MediaType{".js", "text/javascript; charset=utf-8"},
    MediaType{".mjs", "text/javascript; charset=utf-8"},
    MediaType{".json", "application/json"},
    MediaType{".map", "application/json"},
    MediaType{".webmanifest", "application/manifest+json"},
    MediaType{".txt", "text/plain; charset=utf-8"},
    MediaType{".md", "text/markdown; charset=utf-8"},
    MediaType{".csv", "text/csv; charset=utf-8"},
    MediaType{".xml", "application/xml"},
    MediaType{".svg", "image/svg+xml"},
    MediaType{".png", "image/png"},
    MediaType{".jpg", "image/jpeg"},
    MediaType{".jpeg", "image/jpeg"},
    MediaType{".gif", "image/gif"},
    MediaType{".webp", "image/webp"},
    MediaType{".avif", "image/avif"},
    MediaType{".ico", "image/x-icon"},
    MediaType{".woff", "font/woff"},
    MediaType{".woff2", "font/woff2"},
    MediaType{".ttf", "font/ttf"},
    MediaType{".otf", "font/otf"},
    MediaType{".wasm", "application/wasm"},
    MediaType{".pdf", "application/pdf"},
    MediaType{".mp3", "audio/mpeg"},
    MediaType{".ogg", "audio/ogg"},
    MediaType{".mp4", "video/mp4"},
    MediaType{".webm", "video/webm"},
    MediaType{".zip", "application/zip"},
    MediaType{".gz", "application/gzip"},
};

std::string hex(std::uint64_t value) {
  std::array<char, 16> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  return {digits.data(), end};
}

std::string etag_of(const FileFacts& file) {
  return "\"" + hex(static_cast<std::uint64_t>(file.modified_ns)) + "-" + hex(file.size_bytes) + "\"";
}

// RFC 9110 13.1.1, 13.1.2. Ours are strong: a weak one that looks the same is the same file to If-None-Match alone.
bool names(const Fields& request, std::string_view field, std::string_view etag, bool weak_counts) {
  const auto tags = list_values(request, field);
  return std::any_of(tags.begin(), tags.end(), [&](std::string_view tag) {
    if (weak_counts && tag.substr(0, 2) == "W/") tag.remove_prefix(2);
    return tag == "*" || tag == etag;
  });
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
  std::tm time{};
  const std::string copy(text);
  const char* end = strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &time);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return timegm(&time);
}

bool not_modified_since(const Fields& request, std::string_view field, std::int64_t modified_s) {
  const auto since = parse_http_date(request.get(field));
  return since && modified_s <= *since;
}

// RFC 9110 13.2.2; 0: the file is to be sent.
int status_of_conditions(const Fields& request, std::string_view etag, std::int64_t modified_s) {
  if (request.has("If-Match")) {
    if (!names(request, "If-Match", etag, false)) return 412;
  } else if (request.has("If-Unmodified-Since")) {
    const auto since = parse_http_date(request.get("If-Unmodified-Since"));
    if (since && modified_s > *since) return 412;
  }
  if (request.has("If-None-Match")) return names(request, "If-None-Match", etag, true) ? 304 : 0;
  return not_modified_since(request, "If-Modified-Since", modified_s) ? 304 : 0;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Range {
  std::uint64_t begin = 0;
  std::uint64_t length = 0;  // 0: nothing of the file lies in it
};

// "bytes=2-5", "bytes=2-", "bytes=-3"; nullopt where it is not understood.
std::optional<Range> parse_range(std::string_view text, std::uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!iequals(text.substr(0, kUnit.size()), kUnit)) return std::nullopt;
  text = trim_ows(text.substr(kUnit.size()));
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = parse_number(text.substr(0, dash));
  const auto last = parse_number(text.substr(dash + 1));
  if (dash == 0) {
    if (!last) return std::nullopt;
    const std::uint64_t length = std::min(*last, size);
    return Range{size - length, length};
  }
  if (!first || (!last && dash + 1 != text.size()) || (last && *last < *first)) return std::nullopt;
  if (*first >= size) return Range{};
  return Range{*first, std::min(last.value_or(size - 1), size - 1) - *first + 1};
}

// RFC 9110 13.1.5.
bool range_is_for_this(const Fields& request, std::string_view etag, std::string_view modified) {
  if (!request.has("If-Range")) return true;
  const std::string_view said = request.get("If-Range");
  return said == etag || said == modified;
}

void take_range(const Range& range, std::uint64_t size, FileResponse& response) {
  const std::string total = "/" + std::to_string(size);
  response.status = range.length == 0 ? 416 : 206;
  response.begin = range.begin;
  response.length = range.length;
  const std::string part =
      range.length == 0 ? "*" : std::to_string(range.begin) + "-" + std::to_string(range.begin + range.length - 1);
  response.headers.emplace_back("Content-Range", "bytes " + part + total);
}

}  // namespace

std::string_view media_type_of(std::string_view file_name) {
  const std::size_t dot = file_name.rfind('.');
  const std::string_view ending = dot == std::string_view::npos ? std::string_view() : file_name.substr(dot);
  const auto found = std::find_if(kMediaTypes.begin(), kMediaTypes.end(),
                                  [&](const MediaType& one) { return iequals(one.ending, ending); });
  return found == kMediaTypes.end() ? "application/octet-stream" : found->type;
}

std::string http_date(std::int64_t unix_s) {
  const std::time_t time = unix_s;
  std::tm parts{};
  gmtime_r(&time, &parts);
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[parts.tm_wday], parts.tm_mday,
                kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
  return text.data();
}

FileResponse file_response(const Fields& request, const FileFacts& file) {
  FileResponse response;
  response.length = file.size_bytes;
  const std::int64_t modified_s = file.modified_ns / kNsPerS;
  const std::string etag = etag_of(file);
  const std::string modified = http_date(modified_s);
  response.headers = {{"ETag", etag}, {"Last-Modified", modified}, {"Accept-Ranges", "bytes"}};
  if (const int status = status_of_conditions(request, etag, modified_s)) {
    response.status = status;
    response.length = 0;
    return response;
  }
  response.headers.emplace_back("Content-Type", media_type_of(file.name));
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  const bool asks_for_part = request.count("Range") == 1 && range_is_for_this(request, etag, modified);
  const auto range = asks_for_part ? parse_range(request.get("Range"), file.size_bytes) : std::nullopt;
  if (range) take_range(*range, file.size_bytes, response);
  return response;
}

}  // namespace lp
