#include "base/encoding.h"

#include <doctest/doctest.h>

#include <random>
#include <vector>

using namespace std::string_literals;

namespace {

struct Pair {
  std::string bytes;
  std::string text;
};

std::string random_text(std::mt19937& random, std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(random() & 0xff);
  return out;
}

}  // namespace

TEST_CASE("base64 gives the vectors of RFC 4648 section 10, both ways") {
  for (const Pair& c : std::vector<Pair>{
           {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}}) {
    CHECK(lp::base64_encode(c.bytes) == c.text);
    CHECK(lp::base64_decode(c.text) == c.bytes);
    const std::string unpadded = c.text.substr(0, c.text.find('='));
    CHECK(lp::base64url_encode(c.bytes) == unpadded);
    CHECK(lp::base64url_decode(unpadded) == c.bytes);
  }
  CHECK(lp::base64_encode("\xfb\xff\xfe") == "+//+");
  CHECK(lp::base64url_encode("\xfb\xff\xfe") == "-__-");
}

TEST_CASE("base64 refuses every second spelling of the same bytes") {
  for (const char* text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8=Zm8=", "Z===", "====", "=", " Zg==", "Zg==\n",
                           "Zm\n9v", "-__-", "Zm9v====", "Z"}) {
    CAPTURE(text);
    CHECK_FALSE(lp::base64_decode(text).has_value());
  }
}

TEST_CASE("base64url refuses padding, foreign characters and trailing bits") {
  for (const std::string& text :
       {"Zg=="s, "Zg="s, "Zh"s, "Zm9"s, "Z"s, "Zm9vZ"s, "+//+"s, "Zm 9v"s, "Zm9v\n"s, "Zm\0v"s, "Zm\xc3\xa9"s}) {
    CAPTURE(text);
    CHECK_FALSE(lp::base64url_decode(text).has_value());
  }
}

TEST_CASE("any bytes survive base64, hex, percent and form") {
  std::mt19937 random(7);
  for (std::size_t size = 0; size < 300; ++size) {
    const std::string bytes = random_text(random, size);
    CHECK(lp::base64_decode(lp::base64_encode(bytes)) == bytes);
    CHECK(lp::base64url_decode(lp::base64url_encode(bytes)) == bytes);
    CHECK(lp::percent_decode(lp::percent_encode(bytes)) == bytes);
    CHECK(lp::form_decode(lp::percent_encode(bytes)) == bytes);
    CHECK(lp::hex_encode(bytes).size() == size * 2);
    CHECK(lp::is_valid_utf8(lp::replace_invalid_utf8(bytes)));
  }
}

TEST_CASE("hex is lower case") { CHECK(lp::hex_encode("\x00\x1f\xab\xff"s) == "001fabff"); }

TEST_CASE("percent encoding leaves only unreserved characters") {
  CHECK(lp::percent_encode("aZ09-._~") == "aZ09-._~");
  CHECK(lp::percent_encode("a b+c/d?e&f=g%\r\n"s + '\0') == "a%20b%2Bc%2Fd%3Fe%26f%3Dg%25%0D%0A%00");
  CHECK(lp::percent_encode("\xc3\xa9") == "%C3%A9");
}

TEST_CASE("percent decoding refuses broken escapes") {
  for (const char* text : {"%", "%4", "a%", "a%2", "%zz", "%4g", "%g4", "%%41", "%u0041", "% 41", "%+1", "%-1"}) {
    CAPTURE(text);
    CHECK_FALSE(lp::percent_decode(text).has_value());
    CHECK_FALSE(lp::form_decode(text).has_value());
  }
  CHECK(lp::percent_decode("%41%6a%6A+") == "Ajj+");
  CHECK(lp::form_decode("%41+%2B") == "A +");
}

TEST_CASE("html is escaped for text and attributes, and is UTF-8 afterwards") {
  CHECK(lp::html_escape("<a href=\"x\" b='y'>&amp;</a>") ==
        "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;");
  CHECK(lp::html_escape("caf\xc3\xa9 \xc3<") == "caf\xc3\xa9 \xef\xbf\xbd&lt;");
}

TEST_CASE("UTF-8 is judged by table 3-7 of Unicode") {
  for (const std::string& good : {""s, "plain ascii, longer than a word"s, "\0"s, "\xc2\x80"s, "\xdf\xbf"s,
                                  "\xe0\xa0\x80"s, "\xed\x9f\xbf"s, "\xee\x80\x80"s, "\xef\xbf\xbf"s,
                                  "\xf0\x90\x80\x80"s, "\xf4\x8f\xbf\xbf"s, "0123456\xc3\xa9"s, "01234567\xc3\xa9"s}) {
    CAPTURE(good);
    CHECK(lp::is_valid_utf8(good));
    CHECK(lp::replace_invalid_utf8(good) == good);
  }
  for (const std::string& bad :
       {"\x80"s, "\xbf"s, "\xc0\x80"s, "\xc1\xbf"s, "\xc3"s, "\xc3("s, "\xe0\x9f\xbf"s, "\xe2\x82"s, "\xe2\x28\xa1"s,
        "\xed\xa0\x80"s, "\xed\xbf\xbf"s, "\xf0\x8f\xbf\xbf"s, "\xf0\x90\x80"s, "\xf4\x90\x80\x80"s,
        "\xf5\x80\x80\x80"s, "\xfe"s, "\xff"s, "01234567\xff"s, "\xc3\xa9\xc3"s}) {
    CAPTURE(bad);
    CHECK_FALSE(lp::is_valid_utf8(bad));
  }
}

TEST_CASE("each stray byte becomes one replacement character") {
  CHECK(lp::replace_invalid_utf8("a\xff\xfe"
                                 "b\xe2\x82"
                                 "c") ==
        "a\xef\xbf\xbd\xef\xbf\xbd"
        "b\xef\xbf\xbd\xef\xbf\xbd"
        "c");
}

TEST_CASE("case folding is ASCII only (threat P34)") {
  CHECK(lp::iequals("Host", "hOST"));
  CHECK(lp::iequals("", ""));
  CHECK_FALSE(lp::iequals("Host", "Hos"));
  CHECK_FALSE(lp::iequals("k", "\xe2\x84\xaa"));  // KELVIN SIGN
  CHECK_FALSE(lp::iequals("@", "`"));
  CHECK_FALSE(lp::iequals("[", "{"));
  CHECK(lp::ascii_lower("AZ@[`{\xc4\xb0") == "az@[`{\xc4\xb0");
}

TEST_CASE("optional whitespace is spaces and tabs, nothing else") {
  CHECK(lp::trim_ows(" \t a b\t ") == "a b");
  CHECK(lp::trim_ows("\ra\n") == "\ra\n");
  CHECK(lp::trim_ows(" \t").empty());
}
