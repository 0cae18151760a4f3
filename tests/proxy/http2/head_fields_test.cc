#include "proxy/http2/head_fields.h"

#include <doctest/doctest.h>

using namespace lp;

namespace {
std::string text(HeadFields& fields) {
  std::string result;
  for (const nghttp2_nv& one : fields.all()) {
    result.append(reinterpret_cast<const char*>(one.name), one.namelen).append("=");
    result.append(reinterpret_cast<const char*>(one.value), one.valuelen).append("\n");
  }
  return result;
}
}  // namespace

TEST_CASE("lines become names in lower case and their values") {
  HeadFields fields;
  fields.add(":status", "200");
  fields.add_lines("Content-Type: text/html; q=A\r\nX-Empty: \r\nServer:no blank\r\n");
  CHECK(text(fields) == ":status=200\ncontent-type=text/html; q=A\nx-empty=\nserver=no blank\n");
  CHECK(fields.has("server"));
  CHECK_FALSE(fields.has("content"));
  fields.clear();
  CHECK(text(fields).empty());
}

TEST_CASE("what speaks of a connection stays here, and nothing behind an empty line is a field") {
  HeadFields fields;
  fields.add_lines(
      "Connection: close\r\nKeep-Alive: 1\r\nTransfer-Encoding: chunked\r\nUpgrade: h2c\r\nA: b\r\n\r\nC: d\r\n");
  CHECK(text(fields) == "a=b\n");
}

TEST_CASE("cookies and tokens are kept out of the table of what was said before") {
  HeadFields fields;
  fields.add_lines("Set-Cookie: a=b\r\nX: y\r\n");
  CHECK(fields.all()[0].flags == NGHTTP2_NV_FLAG_NO_INDEX);
  CHECK(fields.all()[1].flags == NGHTTP2_NV_FLAG_NONE);
}
