#include "auth/rules/navigation.h"

#include <doctest/doctest.h>

using namespace lp;

namespace {

Fields fields_of(std::initializer_list<Field> list) {
  Fields fields;
  for (const Field& field : list) fields.add(field.name, field.value);
  return fields;
}

}  // namespace

TEST_CASE("who navigates") {
  struct Case {
    const char* what;
    const char* method;
    Fields fields;
    bool navigation;
    bool may_start;
  };
  const Case cases[] = {
      {"an address bar", "GET", fields_of({{"Sec-Fetch-Mode", "navigate"}, {"Sec-Fetch-Dest", "document"}}), true,
       true},
      {"a frame", "GET", fields_of({{"sec-fetch-mode", "navigate"}, {"sec-fetch-dest", "iframe"}}), true, true},
      {"a navigation that a service worker passes on", "GET",
       fields_of({{"Sec-Fetch-Mode", "navigate"}, {"Sec-Fetch-Dest", "empty"}}), true, true},
      {"a form that posts", "POST", fields_of({{"Sec-Fetch-Mode", "navigate"}, {"Sec-Fetch-Dest", "document"}}), true,
       false},
      {"an embedded object", "GET", fields_of({{"Sec-Fetch-Mode", "navigate"}, {"Sec-Fetch-Dest", "object"}}), false,
       false},
      {"fetch() that claims to want HTML", "GET",
       fields_of({{"Sec-Fetch-Mode", "cors"}, {"Sec-Fetch-Dest", "empty"}, {"Accept", "text/html"}}), false, false},
      {"an image", "GET", fields_of({{"Sec-Fetch-Mode", "no-cors"}, {"Sec-Fetch-Dest", "image"}}), false, false},
      {"a prefetch", "GET",
       fields_of({{"Sec-Fetch-Mode", "navigate"}, {"Sec-Fetch-Dest", "document"}, {"Sec-Purpose", "prefetch"}}), false,
       false},
      {"an old browser", "GET", fields_of({{"Accept", "text/html,application/xhtml+xml,*/*;q=0.8"}}), true, true},
      {"an old browser's HEAD", "HEAD", fields_of({{"Accept", "text/html;q=0.9"}}), true, true},
      {"an old browser's POST", "POST", fields_of({{"Accept", "text/html"}}), false, false},
      {"a client that refuses HTML", "GET", fields_of({{"Accept", "text/html;q=0, application/json"}}), false, false},
      {"curl", "GET", fields_of({{"Accept", "*/*"}}), false, false},
      {"nothing said", "GET", Fields{}, false, false},
      {"an old XMLHttpRequest", "GET", fields_of({{"Accept", "text/html"}, {"X-Requested-With", "XMLHttpRequest"}}),
       false, false},
      {"an EventSource", "GET",
       fields_of({{"Accept", "text/event-stream"}, {"Sec-Fetch-Mode", "cors"}, {"Sec-Fetch-Dest", "empty"}}), false,
       false},
      {"an EventSource of an old browser", "GET", fields_of({{"Accept", "text/event-stream"}}), false, false},
      {"an image of an old browser", "GET", fields_of({{"Accept", "image/avif,image/webp,*/*;q=0.8"}}), false, false},
      {"a stylesheet", "GET",
       fields_of({{"Accept", "text/css,*/*;q=0.1"}, {"Sec-Fetch-Mode", "no-cors"}, {"Sec-Fetch-Dest", "style"}}), false,
       false},
      {"a WebSocket's handshake", "GET",
       fields_of({{"Sec-Fetch-Mode", "websocket"}, {"Sec-Fetch-Dest", "empty"}, {"Upgrade", "websocket"}}), false,
       false},
      {"a prerendered page", "GET",
       fields_of(
           {{"Sec-Fetch-Mode", "navigate"}, {"Sec-Fetch-Dest", "document"}, {"Sec-Purpose", "prefetch;prerender"}}),
       false, false},
      {"a prefetch of an old browser", "GET", fields_of({{"Accept", "text/html"}, {"Purpose", "prefetch"}}), false,
       false},
      {"an old Firefox's prefetch", "GET", fields_of({{"Accept", "text/html"}, {"X-Moz", "prefetch"}}), false, false},
      {"gRPC", "POST", fields_of({{"Content-Type", "application/grpc"}, {"TE", "trailers"}}), false, false},
      {"gRPC-Web in a browser", "POST",
       fields_of({{"Content-Type", "application/grpc-web+proto"},
                  {"Accept", "application/grpc-web-text"},
                  {"Sec-Fetch-Mode", "cors"},
                  {"Sec-Fetch-Dest", "empty"}}),
       false, false},
      {"a preflight", "OPTIONS",
       fields_of({{"Origin", "https://other.test"},
                  {"Access-Control-Request-Method", "GET"},
                  {"Sec-Fetch-Mode", "cors"},
                  {"Sec-Fetch-Dest", "empty"}}),
       false, false},
      {"a beacon", "POST", fields_of({{"Sec-Fetch-Mode", "no-cors"}, {"Sec-Fetch-Dest", "empty"}}), false, false},
      {"wget", "GET", fields_of({{"Accept", "*/*"}, {"Accept-Encoding", "identity"}}), false, false},
      {"a mobile app's web view", "GET",
       fields_of({{"Accept", "text/html,*/*;q=0.8"}, {"X-Requested-With", "com.example.app"}}), true, true},
      {"git", "GET", fields_of({{"Accept", "*/*"}, {"User-Agent", "git/2.39"}}), false, false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    CHECK(is_navigation(c.method, c.fields) == c.navigation);
    CHECK(may_start_sign_in(c.method, c.fields) == c.may_start);
  }
}

TEST_CASE("who asks for a change from our own site") {
  constexpr std::string_view kOwn = "https://app.test";
  struct Case {
    const char* what;
    const char* method;
    Fields fields;
    bool same_site;
  };
  const Case cases[] = {
      {"a form of our own", "POST", fields_of({{"Sec-Fetch-Site", "same-origin"}}), true},
      {"a sibling", "GET", fields_of({{"Sec-Fetch-Site", "same-site"}}), true},
      {"an address bar", "GET", fields_of({{"Sec-Fetch-Site", "none"}}), true},
      {"another site", "GET", fields_of({{"Sec-Fetch-Site", "cross-site"}}), false},
      {"another site with a fitting Origin", "POST", fields_of({{"Sec-Fetch-Site", "cross-site"}, {"Origin", kOwn}}),
       false},
      {"an old browser's own form", "POST", fields_of({{"Origin", kOwn}}), true},
      {"an old browser's foreign form", "POST", fields_of({{"Origin", "https://evil.test"}}), false},
      {"a hidden origin", "POST", fields_of({{"Origin", "null"}, {"Referer", "https://app.test/x"}}), false},
      {"an origin that only begins like ours", "POST", fields_of({{"Origin", "https://app.test.evil.test"}}), false},
      {"a Referer of ours", "GET", fields_of({{"Referer", "https://app.test/page"}}), true},
      {"a foreign Referer", "GET", fields_of({{"Referer", "https://evil.test/https://app.test/"}}), false},
      {"a POST without a word", "POST", Fields{}, false},
      {"a GET without a word", "GET", Fields{}, false},
      {"another method", "PUT", fields_of({{"Sec-Fetch-Site", "same-origin"}}), false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    CHECK(is_same_site_request(c.method, c.fields, kOwn) == c.same_site);
  }
}

TEST_CASE("one Accept means the same for a navigation and for a form") {
  struct Case {
    const char* accept;
    bool html;
  };
  const Case cases[] = {
      {"text/html", true},
      {"TEXT/HTML", true},
      {"text/html;q=0.001", true},
      {"text/html;level=1", true},
      {"text/html ; level=1 ; q=0.5", true},
      {"application/json, text/html;q=0.1", true},
      {"text/html;q=0, text/html", true},
      {"text/html;q=0", false},
      {"text/html;q=0.", false},
      {"text/html;q=0.0", false},
      {"text/html;q=0.00", false},
      {"text/html;q=0.000", false},
      {"text/html;Q=0", false},
      {"text/html ; q=0.000 , application/json", false},
      {"text/html;level=1;q=0", false},
      {"text/html;q=0;ext=1", false},
      {"text/html;q=x", true},  // no weight: it refuses nothing
      {"text/html;q=.9", true},
      {"text/html;q=0.9000", true},
      {"text/htmlx", false},
      {"text/*", false},
      {"*/*", false},
      {"", false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.accept);
    RequestHead form;
    form.method = "POST";
    form.fields = fields_of({{"Accept", c.accept}});
    CHECK(is_navigation("GET", form.fields) == c.html);
    CHECK(is_form_post(form, false) == c.html);
  }
}
