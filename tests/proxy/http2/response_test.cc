#include "proxy/http2/response.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace lp;

namespace {
using Kind = BodyFraming::Kind;

std::vector<Field> head(std::string_view status, std::vector<Field> more = {}) {
  more.insert(more.begin(), {":status", status});
  return more;
}

std::string rule_of(const std::vector<Field>& fields, bool ends = false, std::string_view method = "GET") {
  ParsedResponse out;
  const auto error = response_of_h2_fields(fields, ends, method, out);
  if (error) CHECK(error->status == 502);
  return error ? error->rule : "";
}
}  // namespace

TEST_CASE("how the body behind a head in HTTP/2 is framed") {
  const struct {
    std::vector<Field> fields;
    bool ends;
    const char* method;
    Kind kind;
    std::uint64_t length;
  } cases[] = {
      {head("200"), false, "GET", Kind::chunked, 0},
      {head("200"), true, "GET", Kind::length, 0},
      {head("200", {{"content-length", "0"}}), true, "GET", Kind::length, 0},
      {head("200", {{"content-length", "12"}}), false, "GET", Kind::length, 12},
      {head("200", {{"content-length", "12"}}), true, "HEAD", Kind::none, 0},
      {head("204"), true, "GET", Kind::none, 0},
      {head("304", {{"content-length", "12"}}), true, "GET", Kind::none, 0},
      {head("103"), false, "GET", Kind::none, 0},
      {head("413"), false, "POST", Kind::chunked, 0},
  };
  for (const auto& row : cases) {
    ParsedResponse out;
    CHECK_FALSE(response_of_h2_fields(row.fields, row.ends, row.method, out));
    CHECK(out.body.kind == row.kind);
    CHECK(out.body.length == row.length);
    CHECK(out.keep_alive);
  }
}

TEST_CASE("a head in HTTP/2 is taken as strictly as one in HTTP/1.1") {
  const struct {
    std::vector<Field> fields;
    const char* rule;
  } cases[] = {
      {{}, "no :status"},
      {{{"content-type", "x"}, {":status", "200"}}, "no :status"},
      {head("20"), "malformed :status"},
      {head("+20"), "malformed :status"},
      {head("2000"), "malformed :status"},
      {head("099"), "status code below 100"},
      {head("101"), "101, which HTTP/2 has not"},
      {head("200", {{":status", "200"}}), "a pseudo-header field where none may be"},
      {head("200", {{":path", "/"}}), "a pseudo-header field where none may be"},
      {head("200", {{"", "x"}}), "a field name with a byte that none can hold"},
      {head("200", {{"X-Upper", "x"}}), "a field name with a byte that none can hold"},
      {head("200", {{"x y", "x"}}), "a field name with a byte that none can hold"},
      {head("200", {{"x", "a\r\nb"}}), "control byte in a field value"},
      {head("200", {{"x", std::string_view("a\0b", 3)}}), "control byte in a field value"},
      {head("200", {{"connection", "close"}}), "a field that speaks of the connection"},
      {head("200", {{"transfer-encoding", "chunked"}}), "a field that speaks of the connection"},
      {head("200", {{"upgrade", "h2c"}}), "a field that speaks of the connection"},
      {head("200", {{"content-length", "1"}, {"content-length", "1"}}), "two Content-Length fields"},
      {head("200", {{"content-length", "1,1"}}), "Content-Length is not a number that fits"},
      {head("200", {{"content-length", "-1"}}), "Content-Length is not a number that fits"},
      {head("200", {{"content-length", ""}}), "Content-Length is not a number that fits"},
      {head("200", {{"content-length", "9999999999999999999"}}), "Content-Length is not a number that fits"},
  };
  for (const auto& row : cases) CHECK(rule_of(row.fields) == row.rule);
  CHECK(rule_of(head("200", {{"content-length", "3"}}), true) == "less of a body than Content-Length says");
  CHECK(rule_of(head("100"), true) == "an interim answer at the end of its stream");
}

TEST_CASE("blanks around a value in HTTP/2 mean nothing") {
  ParsedResponse out;
  CHECK_FALSE(response_of_h2_fields(head("200", {{"x", " a b\t"}}), false, "GET", out));
  CHECK(out.head.fields.get("X") == "a b");
}

TEST_CASE("trailers in HTTP/2 are fields like any other") {
  Fields out;
  CHECK_FALSE(trailers_of_h2_fields({{"grpc-status", "0"}, {"grpc-message", ""}}, out));
  CHECK(out.get("grpc-status") == "0");
  CHECK(trailers_of_h2_fields({{":status", "200"}}, out)->rule ==
        std::string("a pseudo-header field where none may be"));
  CHECK(trailers_of_h2_fields({{"x", "a\nb"}}, out)->rule == std::string("control byte in a field value"));
}

TEST_CASE("what is received of a head has its bounds") {
  ReceivedFields fields;
  CHECK(fields.add("name", "value"));
  CHECK(fields.add("", ""));
  CHECK(fields.all().size() == 2);
  CHECK(fields.all()[0].value == "value");
  CHECK_FALSE(fields.add("x", std::string(256 * 1024, 'v')));
  for (int i = 2; i < 1000; ++i) CHECK(fields.add("n", "v"));
  CHECK_FALSE(fields.add("n", "v"));
  fields.clear();
  CHECK(fields.all().empty());
}
