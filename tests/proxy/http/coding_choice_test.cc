#include "proxy/http/coding_choice.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace lp;

namespace {

using Lines = std::vector<std::pair<const char*, const char*>>;
using Mode = CompressionSettings::Mode;

Fields fields_of(const Lines& lines) {
  Fields fields;
  for (const auto& [name, value] : lines) fields.add(name, value);
  return fields;
}

struct Case {
  const char* name;
  Lines request;  // besides Accept-Encoding: gzip
  Lines answer;   // besides Content-Type: text/html
  bool coded = true;
};

CodingChoice choice_of(const Case& one, Mode mode = Mode::on, bool is_personal = false, bool may_hold_secrets = true,
                       int status = 200, BodyFraming body = {BodyFraming::Kind::chunked, 0}) {
  CompressionSettings settings;
  settings.mode = mode;
  RequestHead request;
  request.method = "GET";
  request.fields = fields_of(one.request);
  request.fields.add("Accept-Encoding", "gzip");
  ResponseHead head;
  head.status = status;
  head.fields = fields_of(one.answer);
  if (!head.fields.has("Content-Type")) head.fields.add("Content-Type", "text/html; charset=utf-8");
  return choose_coding({settings, request, may_hold_secrets, is_personal}, head, body);
}

bool is_coded(const CodingChoice& choice) { return choice.coding != Coding::identity; }

}  // namespace

TEST_CASE("the coding is what the client likes best of what we speak") {
  struct Row {
    const char* accepted;
    Coding coding;
  };
  const Row rows[] = {
      {"", Coding::identity},
      {"gzip", Coding::gzip},
      {"GZIP", Coding::gzip},
      {"x-gzip", Coding::gzip},
      {"br", Coding::brotli},
      {"gzip, deflate, br, zstd", Coding::brotli},
      {"gzip;q=1.0, br;q=0.5", Coding::gzip},
      {"gzip;q=0.001", Coding::gzip},
      {"gzip;q=0", Coding::identity},
      {"gzip;q=0.000, br;q=0", Coding::identity},
      {"*", Coding::brotli},
      {"*;q=0", Coding::identity},
      {"br;q=0, *", Coding::gzip},
      {"gzip, *;q=0", Coding::gzip},
      {"identity;q=0", Coding::identity},
      {"identity;q=0, gzip;q=0.1", Coding::gzip},
      {"identity;q=1, gzip;q=0.5", Coding::identity},
      {"identity;q=0.5, gzip;q=0.5", Coding::gzip},
      {"identity", Coding::identity},
      {"deflate, zstd, compress", Coding::identity},
      {"gzip;q=2", Coding::identity},
      {"gzip;q=", Coding::identity},
      {"gzip;foo=bar;q=0.5", Coding::identity},
      {"gzipped, brotli", Coding::identity},
      {" gzip ; q=0.5 , br ; Q=0.4 ", Coding::gzip},
      {"gzip;q=0, gzip", Coding::identity},
      {",,,gzip", Coding::gzip},
  };
  for (const Row& row : rows) {
    CAPTURE(row.accepted);
    CHECK(preferred_coding(fields_of({{"Accept-Encoding", row.accepted}})) == row.coding);
  }
  CHECK(preferred_coding({}) == Coding::identity);
  CHECK(preferred_coding(fields_of({{"accept-encoding", "gzip"}, {"Accept-Encoding", "br;q=0.9"}})) == Coding::gzip);
}

TEST_CASE("what is not one plain body, or is another's to change, is left as it is") {
  const Case cases[] = {
      {"text", {}, {}},
      {"coded by the app", {}, {{"Content-Encoding", "br"}}, false},
      {"identity by its name", {}, {{"Content-Encoding", "identity"}}, false},
      {"no-transform", {}, {{"Cache-Control", "max-age=1, No-Transform"}}, false},
      {"no-transform from the client", {{"Cache-Control", "no-transform"}}, {}, false},
      {"a part", {}, {{"Content-Range", "bytes 0-9/10"}}, false},
      {"a digest", {}, {{"Repr-Digest", "sha-256=:x:"}}, false},
      {"an MD5", {}, {{"content-md5", "x"}}, false},
      {"events", {}, {{"Content-Type", "text/event-stream"}}, false},
      {"a picture", {}, {{"Content-Type", "image/png"}}, false},
      {"SVG", {}, {{"Content-Type", "image/svg+xml"}}},
      {"a dialect of JSON", {}, {{"Content-Type", "Application/Vnd.API+JSON;v=1"}}},
      {"a word that ends alike", {}, {{"Content-Type", "application/xjson"}}, false},
      {"WebAssembly", {}, {{"Content-Type", "application/wasm"}}},
      {"two types", {}, {{"Content-Type", "text/html"}, {"Content-Type", "text/plain"}}, false},
      {"no type", {}, {{"Content-Type", ""}}, false},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    CHECK(is_coded(choice_of(one)) == one.coded);
    CHECK(choice_of(one).varies == one.coded);
  }
}

TEST_CASE("a status and a length may say that there is nothing to compress") {
  const Case plain{"", {}, {}};
  for (const int status : {204, 205, 206, 226, 304, 101})
    CHECK_FALSE(is_coded(choice_of(plain, Mode::on, false, true, status)));
  for (const int status : {200, 201, 203, 300, 400, 404, 500})
    CHECK(is_coded(choice_of(plain, Mode::on, false, true, status)));
  CHECK(choice_of(plain, Mode::on, false, true, 304).varies);
  const auto with_length = [&](std::uint64_t length) {
    return is_coded(choice_of(plain, Mode::on, false, true, 200, {BodyFraming::Kind::length, length}));
  };
  CHECK_FALSE(with_length(0));
  CHECK_FALSE(with_length(1023));
  CHECK(with_length(1024));
  CHECK(is_coded(choice_of(plain, Mode::on, false, true, 200, {BodyFraming::Kind::until_close, 0})));
  const auto of_head = [&](const char* length) {
    return is_coded(choice_of({"", {}, {{"Content-Length", length}}}, Mode::on, false, true, 200, {}));
  };
  CHECK_FALSE(of_head("10"));
  CHECK(of_head("5000"));
}

TEST_CASE("what may hold a secret and a text of an attacker's is compressed where that is asked for alone") {
  struct Row {
    const char* name;
    Lines request;
    Lines answer;
    bool is_personal;
    bool coded;
  };
  const Row rows[] = {
      {"nobody's", {}, {}, false, true},
      {"somebody's", {}, {}, true, false},
      {"with a cookie", {{"Cookie", "a=b"}}, {}, false, false},
      {"with a token", {{"Authorization", "Bearer x"}}, {}, false, false},
      {"that sets a cookie", {}, {{"Set-Cookie", "csrf=1"}}, false, false},
      {"asked for by the app's own page", {{"Sec-Fetch-Site", "same-origin"}, {"Cookie", "a=b"}}, {}, true, true},
      {"asked for by a neighbour", {{"Sec-Fetch-Site", "same-site"}}, {}, true, false},
      {"asked for by another site", {{"Sec-Fetch-Site", "cross-site"}}, {}, true, false},
      {"from the address line", {{"Sec-Fetch-Site", "none"}}, {}, true, false},
      {"two words", {{"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "cross-site"}}, {}, true, false},
      {"for everybody", {}, {{"Cache-Control", "public, max-age=9"}}, true, true},
      {"for everybody and not", {}, {{"Cache-Control", "public, private"}}, true, false},
      {"for everybody, unkept", {}, {{"Cache-Control", "public, no-store"}}, true, false},
      {"for everybody with a cookie", {}, {{"Cache-Control", "public"}, {"Set-Cookie", "a=b"}}, true, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const Case one{row.name, row.request, row.answer};
    CHECK(is_coded(choice_of(one, Mode::on, row.is_personal)) == row.coded);
    CHECK(is_coded(choice_of(one, Mode::always, row.is_personal)));
    CHECK(is_coded(choice_of(one, Mode::on, row.is_personal, false)));
  }
}

TEST_CASE("the types of a route are its own") {
  CompressionSettings settings;
  settings.mode = Mode::on;
  settings.types = {"text/event-stream", "application/x-*"};
  RequestHead request;
  request.fields = fields_of({{"Accept-Encoding", "br"}});
  const auto coding_of = [&](const char* type) {
    ResponseHead head;
    head.status = 200;
    head.fields = fields_of({{"Content-Type", type}});
    return choose_coding({settings, request}, head, {BodyFraming::Kind::chunked, 0}).coding;
  };
  CHECK(coding_of("text/event-stream") == Coding::brotli);
  CHECK(coding_of("application/x-thing") == Coding::brotli);
  CHECK(coding_of("application/x-") == Coding::brotli);
  CHECK(coding_of("text/html") == Coding::identity);
  request.version_minor = 0;
  CHECK(coding_of("text/event-stream") == Coding::identity);
}

TEST_CASE("the head says what became of the body") {
  ResponseHead head;
  head.status = 200;
  head.fields = fields_of({{"ETag", "\"a\""}, {"Content-Length", "9"}, {"Accept-Ranges", "bytes"}, {"Vary", "Cookie"}});
  std::string etag;
  const ResponseHead coded = coded_head(head, {Coding::gzip, true}, {}, etag);
  CHECK(coded.fields.get("ETag") == "W/\"a\"");
  CHECK(coded.fields.get("Content-Encoding") == "gzip");
  CHECK_FALSE(coded.fields.has("Content-Length"));
  CHECK_FALSE(coded.fields.has("Accept-Ranges"));
  CHECK(list_values(coded.fields, "Vary") == std::vector<std::string_view>{"Cookie", "Accept-Encoding"});
  std::string unused;
  const ResponseHead plain = coded_head(head, {Coding::identity, true}, {}, unused);
  CHECK(plain.fields.get("ETag") == "\"a\"");
  CHECK(plain.fields.get("Content-Length") == "9");
  CHECK(plain.fields.count("Vary") == 2);
}

TEST_CASE("a 304 names the ETag as the client has it") {
  ResponseHead head;
  head.status = 304;
  head.fields = fields_of({{"ETag", "\"a\""}, {"Vary", "accept-encoding"}});
  const auto etag_for = [&](const char* known) {
    RequestHead request;
    request.fields = fields_of({{"If-None-Match", known}});
    std::string etag;
    const ResponseHead answer = coded_head(head, {Coding::identity, true}, request, etag);
    CHECK(answer.fields.count("Vary") == 1);
    return std::string(answer.fields.get("ETag"));
  };
  CHECK(etag_for("W/\"a\"") == "W/\"a\"");
  CHECK(etag_for("\"b\", W/\"a\"") == "W/\"a\"");
  CHECK(etag_for("\"a\"") == "\"a\"");
  CHECK(etag_for("W/\"b\"") == "\"a\"");
}
