#include "proxy/http/syntax.h"

#include <doctest/doctest.h>

#include <string>

namespace syntax = lp::syntax;

namespace {

// Long enough that blocks, and what is left behind them, all come to the byte.
constexpr std::size_t kLengths = 150;

}  // namespace

TEST_CASE("text and tokens end at the first byte that does not belong to them, wherever it stands") {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    for (std::size_t at = 0; at < kLengths; ++at) {
      const std::string bytes = std::string(at, 'a') + c + std::string(kLengths, 'b');
      const std::size_t end = bytes.size();
      CAPTURE(byte);
      CAPTURE(at);
      REQUIRE(syntax::skip_text(bytes, 0, end) == (syntax::is_text(c) ? end : at));
      REQUIRE(syntax::skip_token(bytes, 0) == (syntax::is_tchar(c) ? end : at));
    }
  }
}

TEST_CASE("of several bytes that end a text or a token the first counts") {
  for (std::size_t first = 0; first < kLengths; ++first) {
    std::string bytes(first + kLengths, 'a');
    for (std::size_t at = first; at < bytes.size(); at += 3) bytes[at] = '\r';
    CHECK(syntax::skip_text(bytes, 0, bytes.size()) == first);
    CHECK(syntax::skip_token(bytes, 0) == first);
  }
}

TEST_CASE("no byte from the end on is looked at") {
  const std::string bytes = std::string(kLengths, 'a') + "\r\n";
  for (std::size_t end = 0; end <= kLengths; ++end) {
    CHECK(syntax::skip_text(bytes, 0, end) == end);
    CHECK(syntax::skip_token(std::string_view(bytes).substr(0, end), 0) == end);
  }
  CHECK(syntax::skip_token("", 0) == 0);
}
