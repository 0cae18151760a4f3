#include "proxy/http/private_caching.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace {

using List = std::vector<std::pair<const char*, const char*>>;

std::string rewritten(const List& list) {
  lp::Fields answer;
  for (const auto& [name, value] : list) answer.add(name, value);
  lp::PrivateCaching caching;
  for (const lp::Field& field : answer.all()) {
    if (lp::speaks_to_caches(field.name)) caching.take(field);
  }
  std::string out;
  {
    lp::HeadText head(out);
    caching.append_to(head, answer);
  }
  return out;
}

std::string cache_control(const std::string& value) { return "Cache-Control: " + value + "\r\n"; }

constexpr const char* kDate = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr const char* kTenMinutesLater = "Sun, 06 Nov 1994 08:59:37 GMT";

}  // namespace

TEST_CASE("what no shared cache may keep by the app's own word stays as it is") {
  for (const char* value : {"private", "no-store", "PRIVATE, max-age=60", "max-age=60,private", ", ,no-store,,",
                            "no-store, x=\"public\"", "private, max-age=\"60\"", "no-cache=\"set-cookie\", private"}) {
    CAPTURE(value);
    CHECK(rewritten({{"Cache-Control", value}}) == cache_control(value));
  }
  CHECK(rewritten({{"Cache-Control", "max-age=60"}, {"cache-control", "private"}}) ==
        "Cache-Control: max-age=60\r\ncache-control: private\r\n");
}

TEST_CASE("all else becomes private, and the browser's cache keeps its word") {
  const struct {
    const char* says;
    List fields;
    const char* value;
  } cases[] = {
      {"silence", {}, "private"},
      {"public", {{"Cache-Control", "public, max-age=600"}}, "private, max-age=600"},
      {"an age alone", {{"Cache-Control", "max-age=600"}}, "private, max-age=600"},
      {"an age for shared caches", {{"Cache-Control", "s-maxage=60, max-age=5"}}, "private, max-age=5"},
      {"both words", {{"Cache-Control", "private, public"}}, "private"},
      {"private for one field", {{"Cache-Control", "public, max-age=600, private=\"x-foo\""}}, "private, max-age=600"},
      {"private for none", {{"Cache-Control", "private=\"\""}}, "private"},
      {"private with a token", {{"Cache-Control", "private=x-foo"}}, "private"},
      {"a directive that only sounds like it", {{"Cache-Control", "x-private"}}, "private, x-private"},
      {"a value that only sounds like it", {{"Cache-Control", "x=\"a, no-store\""}}, "private, x=\"a, no-store\""},
      {"an escaped quote", {{"Cache-Control", "x=\"\\\", private, \""}}, "private, x=\"\\\", private, \""},
      {"a quote that does not end", {{"Cache-Control", "max-age=5, x=\", private"}}, "private, max-age=5"},
      {"a blank in the middle", {{"Cache-Control", "max-age=5, no store"}}, "private, max-age=5"},
      {"no-store that caches may pass over",
       {{"Cache-Control", "must-understand, no-store, max-age=5"}},
       "private, no-store, max-age=5"},
      {"no-store with a value", {{"Cache-Control", "no-store=x"}}, "private, no-store=x"},
      {"no-cache, which may be stored", {{"Cache-Control", "no-cache"}}, "private, no-cache"},
      {"several fields",
       {{"Cache-Control", "public"}, {"Cache-Control", "max-age=5"}, {"CACHE-CONTROL", "immutable"}},
       "private, max-age=5, immutable"},
      {"Expires", {{"Date", kDate}, {"Expires", kTenMinutesLater}}, "private, max-age=600"},
      {"Expires beside an age",
       {{"Date", kDate}, {"Expires", kTenMinutesLater}, {"Cache-Control", "max-age=5"}},
       "private, max-age=5"},
      {"Expires beside private",
       {{"Cache-Control", "private"}, {"Date", kDate}, {"Expires", kTenMinutesLater}},
       "private, max-age=600"},
      {"Expires in the past", {{"Date", kTenMinutesLater}, {"Expires", kDate}}, "private, max-age=0"},
  };
  for (const auto& one : cases) {
    CAPTURE(one.says);
    CHECK(rewritten(one.fields) == cache_control(one.value));
  }
}

TEST_CASE("an Expires that says no date says that the answer is old") {
  for (const char* value : {"0", "-1", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT+1", ""}) {
    CAPTURE(value);
    CHECK(rewritten({{"Date", kDate}, {"Expires", value}}) == "Expires: 0\r\nCache-Control: private\r\n");
  }
}

TEST_CASE("what a kind of shared cache obeys forbids it to store") {
  for (const char* name : {"CDN-Cache-Control", "cdn-cache-control", "Cloudflare-CDN-Cache-Control",
                           "Vercel-CDN-Cache-Control", "Netlify-CDN-Cache-Control", "Akamai-Cache-Control",
                           "X-LiteSpeed-Cache-Control", "Surrogate-Control", "Edge-Control", "X-LiteSpeed-Cache"}) {
    CAPTURE(name);
    const std::string closed = std::string(name) + ": no-store\r\n";
    CHECK(rewritten({{name, "max-age=600"}, {"Cache-Control", "private"}}) == closed + cache_control("private"));
    CHECK(rewritten({{name, "public"}}) == closed + cache_control("private"));
  }
  CHECK(rewritten({{"Surrogate-Control", "max-age=60, content=\"ESI/1.0\""}}) ==
        "Surrogate-Control: no-store, content=\"ESI/1.0\"\r\n" + cache_control("private"));
  for (const char* name : {"Control", "Cache-Controls", "Cache-Contro", "X-Expires", "Expire", "", "Age", "Vary",
                           "Cache-Status", "Surrogate-Key"}) {
    CAPTURE(name);
    CHECK_FALSE(lp::speaks_to_caches(name));
  }
}
