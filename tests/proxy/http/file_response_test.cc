#include "proxy/http/file_response.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace lp {
namespace {

constexpr std::int64_t kModifiedNs = 1'700'000'000'123'456'789;
const FileFacts kFile{100, kModifiedNs, "a/b.html"};
constexpr const char* kModified = "Tue, 14 Nov 2023 22:13:20 GMT";
constexpr const char* kLater = "Wed, 15 Nov 2023 00:00:00 GMT";
constexpr const char* kEarlier = "Mon, 13 Nov 2023 00:00:00 GMT";

std::string field_of(const FileResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

struct Case {
  const char* name;
  std::vector<std::pair<std::string, std::string>> request;
  int status;
  std::uint64_t begin;
  std::uint64_t length;
};

TEST_CASE("conditions and ranges of a file") {
  const std::string etag = field_of(file_response({}, kFile), "ETag");
  const std::vector<Case> cases = {
      {"no condition", {}, 200, 0, 100},
      {"the same tag", {{"If-None-Match", etag}}, 304, 0, 0},
      {"a weak one in a list", {{"If-None-Match", "\"x\", W/" + etag}}, 304, 0, 0},
      {"any tag", {{"If-None-Match", "*"}}, 304, 0, 0},
      {"another tag goes before the date", {{"If-None-Match", "\"x\""}, {"If-Modified-Since", kLater}}, 200, 0, 100},
      {"not modified since then", {{"If-Modified-Since", kModified}}, 304, 0, 0},
      {"modified since then", {{"If-Modified-Since", kEarlier}}, 200, 0, 100},
      {"a date that is none", {{"If-Modified-Since", "yesterday"}}, 200, 0, 100},
      {"if it is still this one", {{"If-Match", etag}}, 200, 0, 100},
      {"it is not this one", {{"If-Match", "\"x\""}}, 412, 0, 0},
      {"a weak tag is not enough to match", {{"If-Match", "W/" + etag}}, 412, 0, 0},
      {"changed since then", {{"If-Unmodified-Since", kEarlier}}, 412, 0, 0},
      {"the first bytes", {{"Range", "bytes=0-9"}}, 206, 0, 10},
      {"the last bytes", {{"Range", "bytes=-10"}}, 206, 90, 10},
      {"more than there are from the end", {{"Range", "bytes=-1000"}}, 206, 0, 100},
      {"from there on", {{"Range", "bytes=95-"}}, 206, 95, 5},
      {"an end beyond the file", {{"Range", "bytes=95-4000"}}, 206, 95, 5},
      {"a begin beyond the file", {{"Range", "bytes=100-"}}, 416, 0, 0},
      {"none of the last bytes", {{"Range", "bytes=-0"}}, 416, 100, 0},
      {"another unit", {{"Range", "pages=1-2"}}, 200, 0, 100},
      {"two ranges", {{"Range", "bytes=0-1,3-4"}}, 200, 0, 100},
      {"the wrong way round", {{"Range", "bytes=9-2"}}, 200, 0, 100},
      {"no numbers", {{"Range", "bytes=-"}}, 200, 0, 100},
      {"more digits than a number has", {{"Range", "bytes=0-99999999999999999999999"}}, 200, 0, 100},
      {"two fields", {{"Range", "bytes=0-1"}, {"Range", "bytes=2-3"}}, 200, 0, 100},
      {"a range of this one", {{"Range", "bytes=0-9"}, {"If-Range", etag}}, 206, 0, 10},
      {"by its date", {{"Range", "bytes=0-9"}, {"If-Range", kModified}}, 206, 0, 10},
      {"a range of another one", {{"Range", "bytes=0-9"}, {"If-Range", "\"x\""}}, 200, 0, 100},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    Fields fields;
    for (const auto& [name, value] : c.request) fields.add(name, value);
    const FileResponse response = file_response(fields, kFile);
    CHECK(response.status == c.status);
    if (response.status < 400) CHECK(response.begin == c.begin);
    CHECK(response.length == c.length);
  }
}

TEST_CASE("what a file is said to be") {
  const FileResponse response = file_response({}, kFile);
  CHECK(field_of(response, "Content-Type") == "text/html; charset=utf-8");
  CHECK(field_of(response, "Last-Modified") == kModified);
  CHECK(media_type_of("x.JPG") == "image/jpeg");
  CHECK(media_type_of("Makefile") == "application/octet-stream");
  Fields empty_range;
  empty_range.add("Range", "bytes=0-");
  const FileResponse empty = file_response(empty_range, {0, kModifiedNs, "empty"});
  CHECK(empty.status == 416);
  CHECK(field_of(empty, "Content-Range") == "bytes */0");
}

}  // namespace
}  // namespace lp
