#include "auth/cookies/pending_cookie.h"
#include "auth/cookies/cookie_pieces.h"
#include "auth/oidc/pending_sign_in.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <deque>

using namespace lp;

namespace {

constexpr std::int64_t kNow = 1'795'317'047;
constexpr std::string_view kPrefix = "__Host-logto_pending_";
const std::string kNonce(kXaesNonceBytes, 'n');

const CookieSealer& sealer() {
  static const CookieSealer made({Secret(std::string(32, 's'))}, CookiePurpose::pending_sign_in, "default");
  return made;
}

PendingSignIn attempt(const std::string& state, std::int64_t made_at_s = kNow) {
  PendingSignIn pending;
  pending.state = Secret(state);
  pending.nonce = Secret("nonce");
  pending.code_verifier = Secret("verifier");
  pending.return_to = "/wiki?page=1#top";
  pending.redirect_uri = "https://app.test/_auth/callback";
  pending.made_at_s = made_at_s;
  return pending;
}

std::string cookie(const std::string& state, std::int64_t made_at_s = kNow) {
  const std::string name = pending_cookie_name(kPrefix, state);
  return name + "=" + sealer().seal(name, encode_pending(attempt(state, made_at_s)), kNonce);
}

// Fields are views: the lines stay until the end of the run.
Fields fields_of(const std::string& line) {
  static std::deque<std::string> lines;
  Fields fields;
  fields.add("Cookie", lines.emplace_back(line));
  return fields;
}

}  // namespace

TEST_CASE("a pending sign-in survives encoding and decoding") {
  PendingSignIn before = attempt("S");
  before.silent = true;
  before.step_up = true;
  before.max_age_s = 0;
  const Result<PendingSignIn> after = decode_pending(encode_pending(before));
  REQUIRE(after);
  CHECK(after->state.equals("S"));
  CHECK(after->nonce.equals("nonce"));
  CHECK(after->code_verifier.equals("verifier"));
  CHECK(after->return_to == before.return_to);
  CHECK(after->redirect_uri == before.redirect_uri);
  CHECK(after->made_at_s == kNow);
  CHECK(after->silent);
  CHECK(after->step_up);
  CHECK(after->max_age_s == 0);
  before.max_age_s = kNoMaxAge;
  CHECK(decode_pending(encode_pending(before))->max_age_s == kNoMaxAge);
  before.max_age_s = -2;
  CHECK_FALSE(decode_pending(encode_pending(before)));
}

TEST_CASE("broken pending sign-ins are refused") {
  const std::string good = encode_pending(attempt("S"));
  CHECK_FALSE(decode_pending(""));
  CHECK_FALSE(decode_pending(good.substr(0, good.size() - 1)));
  CHECK_FALSE(decode_pending(good + "x"));
  CHECK_FALSE(decode_pending(encode_pending(attempt(""))));
  CHECK_FALSE(decode_pending(std::string(4096, '\x81')));
}

TEST_CASE("the cookie's name tells nothing of the state") {
  const std::string name = pending_cookie_name(kPrefix, "secret-state");
  CHECK(name.size() == kPrefix.size() + 16);
  CHECK(name.find("secret") == std::string::npos);
  CHECK(name != pending_cookie_name(kPrefix, "other-state"));
}

TEST_CASE("the pending sign-in of a state is found among others") {
  const std::string line = cookie("one") + "; " + cookie("two") + "; other=1";
  const FoundPending found = find_pending(fields_of(line), kPrefix, "two", sealer(), kNow + 10);
  CHECK(found.fate == PendingFate::current);
  CHECK(found.pending.state.equals("two"));
}

TEST_CASE("a state without its cookie is missing") {
  const std::string other = pending_cookie_name(kPrefix, "two") + cookie("one").substr(cookie("one").find('='));
  struct Case {
    const char* what;
    std::string line;
  };
  const Case cases[] = {{"no cookie", ""},
                        {"another attempt's cookie only", cookie("one")},
                        {"another attempt's cookie under this name", other},
                        {"the cookie twice", cookie("two") + "; " + cookie("two")},
                        {"a broken cookie", pending_cookie_name(kPrefix, "two") + "=AAAA"}};
  for (const Case& c : cases) {
    CAPTURE(c.what);
    CHECK(find_pending(fields_of(c.line), kPrefix, "two", sealer(), kNow).fate == PendingFate::missing);
  }
}

TEST_CASE("after ten minutes it is expired, and still says where to go") {
  const Fields fields = fields_of(cookie("one"));
  CHECK(find_pending(fields, kPrefix, "one", sealer(), kNow + 599).fate == PendingFate::current);
  const FoundPending found = find_pending(fields, kPrefix, "one", sealer(), kNow + 600);
  CHECK(found.fate == PendingFate::expired);
  CHECK(found.pending.return_to == "/wiki?page=1#top");
}

TEST_CASE("at most five attempts stay when one more is added; the oldest go first") {
  std::string line;
  for (int i = 0; i < 6; ++i) line += cookie("s" + std::to_string(i), kNow + i) + "; ";
  const auto evicted = evict_pending(fields_of(line), kPrefix, sealer(), kNow + 10);
  REQUIRE(evicted.size() == 2);
  for (const char* old : {"s0", "s1"}) {
    CHECK(std::find(evicted.begin(), evicted.end(), pending_cookie_name(kPrefix, old)) != evicted.end());
  }
  CHECK(evict_pending(fields_of(cookie("a") + "; " + cookie("b")), kPrefix, sealer(), kNow).empty());
}

TEST_CASE("expired and unreadable attempts are evicted, foreign cookies are not") {
  const std::string broken = std::string(kPrefix) + "0123456789abcdef";
  const std::string line =
      cookie("old", kNow - 700) + "; " + broken + "=x; " + std::string(kPrefix) + "short=x; other=y";
  const auto evicted = evict_pending(fields_of(line), kPrefix, sealer(), kNow);
  CHECK(evicted.size() == 2);
  CHECK(pending_cookie_names(fields_of(line), kPrefix).size() == 2);
}

TEST_CASE("an attempt of a long target comes in pieces, all of them or none") {
  PendingSignIn before = attempt("long");
  before.return_to = "/x?";
  std::uint32_t state = 7;
  while (before.return_to.size() < 9000)
    before.return_to += "0123456789abcdef"[(state = state * 1664525 + 1013904223) >> 28];
  const std::string name = pending_cookie_name(kPrefix, "long");
  const auto lines = set_cookie_pieces(name, sealer().seal(name, encode_pending(before), kNonce), {}, 0);
  REQUIRE(lines.size() > 1);
  std::string all;
  for (const std::string& line : lines) all += line.substr(0, line.find(';')) + "; ";
  CHECK(find_pending(fields_of(all), kPrefix, "long", sealer(), kNow).pending.return_to == before.return_to);
  CHECK(pending_cookie_names(fields_of(all), kPrefix) == std::vector<std::string>{name});
  const std::string last = lines.back().substr(0, lines.back().find(';'));
  for (const std::string& broken : {all + last, all.substr(0, all.rfind(last)), last}) {
    CHECK(find_pending(fields_of(broken), kPrefix, "long", sealer(), kNow).fate == PendingFate::missing);
    CHECK(evict_pending(fields_of(broken), kPrefix, sealer(), kNow) == std::vector<std::string>{name});
  }
}

TEST_CASE("what repeats itself is kept short, and no stream makes more than it may") {
  PendingSignIn before = attempt("S");
  for (int i = 0; i < 500; ++i) before.return_to += "&filter=(language:kuery)";
  CHECK(encode_pending(before).size() < 1000);
  CHECK(decode_pending(encode_pending(before))->return_to == before.return_to);
  before.return_to.assign(3 * 1024 * 1024, 'a');
  CHECK_FALSE(decode_pending(encode_pending(before)));
}

TEST_CASE("the oldest attempts go where all together would be too long to carry") {
  std::string line = cookie("a", kNow - 3) + "; " + cookie("b", kNow - 2) + "; " + cookie("c", kNow - 1);
  const auto names = [](std::vector<const char*> states) {
    std::vector<std::string> all;
    for (const char* state : states) all.push_back(pending_cookie_name(kPrefix, state));
    return all;
  };
  const std::size_t bytes = cookie("c").size() - pending_cookie_name(kPrefix, "c").size() - 1;
  CHECK(evict_pending(fields_of(line), kPrefix, sealer(), kNow, kMaxPendingBytes - 3 * bytes).empty());
  CHECK(evict_pending(fields_of(line), kPrefix, sealer(), kNow, kMaxPendingBytes - 2 * bytes) == names({"a"}));
  CHECK(evict_pending(fields_of(line), kPrefix, sealer(), kNow, kMaxPendingBytes) == names({"a", "b", "c"}));
}

TEST_CASE("a flood of attempts is bounded") {  // threat O30
  std::string line;
  for (int i = 0; i < 500; ++i) line += cookie("f" + std::to_string(i), kNow + i % 7) + "; ";
  CHECK(evict_pending(fields_of(line), kPrefix, sealer(), kNow + 10).size() == 496);
}
