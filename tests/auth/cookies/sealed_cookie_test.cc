#include "auth/cookies/sealed_cookie.h"
#include "auth/cookies/cookie_pieces.h"

#include <doctest/doctest.h>

#include "base/encoding.h"

using namespace lp;

namespace {

const Secret kFirstSecret(std::string(32, '1'));
const Secret kSecondSecret(std::string(32, '2'));
const std::string kNonce(kXaesNonceBytes, 'n');
constexpr std::string_view kName = "__Host-logto_session";

CookieSealer sealer(CookiePurpose purpose = CookiePurpose::session, std::string realm = "default") {
  return CookieSealer({kFirstSecret, kSecondSecret}, purpose, std::move(realm));
}

Fields cookies(std::initializer_list<std::string_view> lines) {
  Fields fields;
  for (const std::string_view line : lines) fields.add("Cookie", line);
  return fields;
}

}  // namespace

TEST_CASE("what was sealed opens") {
  const std::string text = sealer().seal(kName, "hello", kNonce);
  CHECK(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
        std::string::npos);
  std::size_t place = 9;
  CHECK(sealer().open(kName, text, &place) == "hello");
  CHECK(place == 0);
}

TEST_CASE("any flipped byte, at every position, is the same refusal") {  // K02
  const std::string text = sealer().seal(kName, "hello", kNonce);
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string broken = text;
    broken[i] = broken[i] == 'A' ? 'B' : 'A';
    CHECK_FALSE(sealer().open(kName, broken));
  }
}

TEST_CASE("truncated values and cut tags are refused") {  // K03, threat C04
  const std::string text = sealer().seal(kName, "hello", kNonce);
  for (std::size_t n = 0; n < text.size(); ++n) CHECK_FALSE(sealer().open(kName, text.substr(0, n)));
  CHECK_FALSE(sealer().open(kName, text + "A"));
  CHECK_FALSE(sealer().open(kName, "\"" + text + "\""));  // K12
  CHECK_FALSE(sealer().open(kName, text + "="));
}

TEST_CASE("purpose, cookie name and realm are bound into the seal") {  // threats C05, C18, C19; K22, K23
  const std::string text = sealer().seal(kName, "hello", kNonce);
  CHECK_FALSE(sealer(CookiePurpose::pending_sign_in).open(kName, text));
  CHECK_FALSE(sealer(CookiePurpose::state).open(kName, text));
  CHECK_FALSE(sealer().open("logto_session", text));
  CHECK_FALSE(sealer(CookiePurpose::session, "other").open(kName, text));
}

TEST_CASE("every secret of the ring opens, the first seals") {  // threat C22; K26
  const CookieSealer old({kSecondSecret}, CookiePurpose::session, "default");
  std::size_t place = 0;
  CHECK(sealer().open(kName, old.seal(kName, "hello", kNonce), &place) == "hello");
  CHECK(place == 1);
  const CookieSealer rotated({kFirstSecret}, CookiePurpose::session, "default");
  CHECK_FALSE(rotated.open(kName, old.seal(kName, "hello", kNonce)));
}

TEST_CASE("a small value is one cookie with all attributes") {
  const auto lines = set_cookie_pieces(kName, "VALUE", {true, SameSite::lax, "", 60}, 0);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0] == "__Host-logto_session=VALUE; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Lax");
  const auto plain = set_cookie_pieces("s", "V", {false, SameSite::none, "example.com", 60}, 0);
  CHECK(plain[0] == "s=V; Path=/; Max-Age=60; Domain=example.com; HttpOnly; SameSite=None");
}

TEST_CASE(
    "a partitioned cookie is deleted by a partitioned one, and one of the browser's life has an end when deleted") {
  CookieSettings settings;
  settings.same_site = SameSite::none;
  settings.partitioned = true;
  CookieAttributes attributes = common_attributes(settings, true, "", 60);
  CHECK(set_cookie_pieces(kName, "V", attributes, 0)[0] ==
        "__Host-logto_session=V; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=None; Partitioned");
  attributes.until_closed = true;
  const auto lines = set_cookie_pieces(kName, "V", attributes, 2);
  CHECK(lines[0] == "__Host-logto_session=V; Path=/; HttpOnly; Secure; SameSite=None; Partitioned");
  CHECK(lines[1] == "__Host-logto_session_1=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=None; Partitioned");
  CHECK(delete_cookie_pieces(kName, attributes, 1)[0] ==
        "__Host-logto_session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=None; Partitioned");
}

TEST_CASE("large values are cut, joined again, and shrink cleanly") {
  for (const std::size_t size :
       {1ul, kCookiePieceBytes, kCookiePieceBytes + 1, 2 * kCookiePieceBytes, kMaxCookiePieces * kCookiePieceBytes}) {
    CAPTURE(size);
    std::string value;
    for (std::size_t i = 0; i < size; ++i) value += static_cast<char>('a' + i % 26);
    const auto lines = set_cookie_pieces("s", value, {}, 0);
    CHECK(lines.size() == (size + kCookiePieceBytes - 1) / kCookiePieceBytes);
    Fields fields;
    for (const std::string& line : lines) fields.add("cookie", std::string_view(line).substr(0, line.find(';')));
    const JoinedCookie joined = join_cookie_pieces("s", fields);
    CHECK(joined.value() == value);
    CHECK(joined.pieces == lines.size());
  }
  CHECK(set_cookie_pieces("s", std::string(kMaxCookiePieces * kCookiePieceBytes + 1, 'a'), {}, 0).empty());
  const auto shrunk = set_cookie_pieces("s", "v", {}, 3);
  REQUIRE(shrunk.size() == 3);
  CHECK(shrunk[1].starts_with("s_1=; Path=/; Max-Age=0;"));
  CHECK(shrunk[2].starts_with("s_2=; Path=/; Max-Age=0;"));
}

TEST_CASE("deletion has the attributes of setting, for every piece") {  // threat C15
  const auto lines = delete_cookie_pieces(kName, {true, SameSite::lax, "", 999}, 2);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] == "__Host-logto_session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax");
  CHECK(lines[1] == "__Host-logto_session_1=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax");
}

TEST_CASE("joining takes exact names once, in whatever order and field") {
  struct Case {
    const char* what;
    Fields fields;
    std::string_view joined;
    std::size_t pieces;
  };
  const Case cases[] = {
      {"one piece among others", cookies({"a=1; s=X; b=2"}), "X", 1},
      {"no space behind the semicolon", cookies({"a=1;s=X;b=2"}), "X", 1},
      {"pieces out of order, over two fields", cookies({"s_1=B; x=y", "s=A"}), "AB", 2},
      {"the name twice (C10, K04, K05)", cookies({"s=A; s=B"}), "", 1},
      {"the name twice over two fields", cookies({"s=A", "s=A"}), "", 1},
      {"a later piece twice", cookies({"s=A; s_1=B; s_1=C"}), "", 2},
      {"a missing piece (C09)", cookies({"s=A; s_2=C"}), "", 3},
      {"a missing first piece", cookies({"s_1=B"}), "", 2},
      {"another case of the name (K10)", cookies({"S=A"}), "", 0},
      {"an encoded name (K08)", cookies({"%73=A"}), "", 0},
      {"a quoted name (K09)", cookies({"\"s\"=A"}), "", 0},
      {"a count somewhere else (K16, C07)", cookies({"s_chunks=99999999"}), "", 0},
      {"a piece beyond the last", cookies({"s=A; s_5=F"}), "A", 1},
      {"a piece with a leading zero", cookies({"s=A; s_01=F"}), "A", 1},
      {"RFC 2109 names (K13)", cookies({"$Version=1; s=A; $Path=/"}), "A", 1},
      {"only separators (K14, C08)", cookies({";;;;=;=;"}), "", 0},
      {"an empty field (K15)", cookies({""}), "", 0},
      {"an empty value", cookies({"s="}), "", 1},
      {"foreign session names (K27, C01)", cookies({"AccessToken=x; IdToken=x; BearerToken=x"}), "", 0},
      {"no cookies", Fields{}, "", 0},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    const JoinedCookie joined = join_cookie_pieces("s", c.fields);
    CHECK(joined.value() == c.joined);
    CHECK(joined.pieces == c.pieces);
  }
}

TEST_CASE("another cookie is told of by its exact name, whatever the pieces are") {
  struct Case {
    const char* what;
    Fields fields;
    bool has_other;
  };
  const Case cases[] = {
      {"behind the session", cookies({"s=A; m=1"}), true},
      {"before it, in another field", cookies({"m=1", "s=A"}), true},
      {"without a session", cookies({"m="}), true},
      {"twice", cookies({"m=1; m=2"}), true},
      {"as the beginning of a name", cookies({"s=A; m_1=1; mm=1"}), false},
      {"in another case", cookies({"s=A; M=1"}), false},
      {"as a value", cookies({"s=m"}), false},
      {"no cookies", Fields{}, false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    CHECK(join_cookie_pieces("s", c.fields, "m").has_other == c.has_other);
    CHECK_FALSE(join_cookie_pieces("s", c.fields).has_other);
  }
  CHECK_FALSE(join_cookie_pieces("s", cookies({"=x; s=A"})).has_other);
}

TEST_CASE("pieces of two sessions never open together") {  // threat C09
  const std::string a = sealer().seal(kName, std::string(5000, 'a'), kNonce);
  const std::string b = sealer().seal(kName, std::string(5000, 'b'), std::string(kXaesNonceBytes, 'm'));
  REQUIRE(a.size() > kCookiePieceBytes);
  CHECK(sealer().open(kName, a));
  CHECK_FALSE(sealer().open(kName, a.substr(0, kCookiePieceBytes) + b.substr(kCookiePieceBytes)));
}
