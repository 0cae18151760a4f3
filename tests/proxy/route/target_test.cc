#include "proxy/route/target.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "proxy/route/readings.h"

namespace {

constexpr const char* kRefused = "(refused)";

std::string normal(std::string_view target) {
  const auto result = lp::normalise_target(target);
  return result ? result.value().text() : kRefused;
}

}  // namespace

TEST_CASE("every path has one spelling or none") {
  const struct {
    std::string says;
    const char* target;
    const char* normal;
  } cases[] = {
      {"the root", "/", "/"},
      {"a plain path", "/a/b-c/d_e~f.g", "/a/b-c/d_e~f.g"},
      {"a trailing slash stays", "/a/", "/a/"},
      {"case stays", "/Private", "/Private"},
      {"sub-delimiters stay", "/a!$&'()*+,=:@b", "/a!$&'()*+,=:@b"},
      {"escaped letters are decoded", "/%70rivate/%7Euser", "/private/~user"},
      {"escaped sub-delimiters are decoded", "/%40team/a%2Bb%3a", "/@team/a+b:"},
      {"other escapes get upper-case digits", "/a%20b%3c%e3%81%82", "/a%20b%3C%E3%81%82"},
      {"brackets, caret and bar are escaped as browsers should have", "/a[b]^c|d", "/a%5Bb%5D%5Ec%7Cd"},
      {"a query stays as it is", "/a?b=%zz&c=[]{}\\|\"<>`^'&%72ole=x", "/a?b=%zz&c=[]{}\\|\"<>`^'&%72ole=x"},
      {"a query may hold question marks and slashes", "/a?b?c/../d", "/a?b?c/../d"},
      {"an empty query stays", "/a?", "/a?"},
      {"dot segments are resolved", "/a/./b/../c", "/a/c"},
      {"escaped dot segments are resolved", "/public/%2e%2E/private/.%2e/x", "/x"},
      {"dots at the end leave a slash", "/a/b/..", "/a/"},
      {"a single dot at the end leaves a slash", "/a/.", "/a/"},
      {"back to the root", "/a/..", "/"},
      {"empty segments are merged", "///private//secret//", "/private/secret/"},
      {"empty segments are merged before dots are resolved", "/public//../private", "/private"},
      {"names that begin with dots", "/.well-known/..a/...", "/.well-known/..a/..."},
      {"above the root", "/..", kRefused},
      {"above the root later", "/a/../../b", kRefused},
      {"above the root behind merged slashes", "/public///../../private", kRefused},
      {"nothing", "", kRefused},
      {"a query alone", "?a", kRefused},
      {"no slash", "a/b", kRefused},
      {"a fragment", "/a#b", kRefused},
      {"a fragment in the query", "/a?b#c", kRefused},
      {"a raw backslash", "/a\\b", kRefused},
      {"an escaped backslash is kept", "/a%5cb", "/a%5Cb"},
      {"a raw space", "/a b", kRefused},
      {"a raw space in the query", "/a?b c", kRefused},
      {"raw UTF-8 is escaped", "/\xc4\xb0private", "/%C4%B0private"},
      {"a character half raw, half escaped", "/\xe3\x81%82", "/%E3%81%82"},
      {"raw UTF-8 in the query is escaped", "/a?\xc4\xb0=%c4", "/a?%C4%B0=%c4"},
      {"quotes and angle brackets", "/<svg>", kRefused},
      {"curly brackets are escaped", "/{x}", "/%7Bx%7D"},
      {"a lone percent sign", "/%", kRefused},
      {"a cut escape", "/a%2", kRefused},
      {"an escape that is not hex", "/%zz", kRefused},
      {"a %u escape", "/%u002e%u002e", kRefused},
      {"NUL", "/a%00b", kRefused},
      {"LF", "/a%0ab", kRefused},
      {"tab", "/a%09", kRefused},
      {"ESC", "/%1b[31m", kRefused},
      {"DEL", "/%7f", kRefused},
      {"overlong dots", "/%c0%ae%c0%ae/x", kRefused},
      {"overlong dots of four bytes", "/%f0%80%80%ae%f0%80%80%ae/x", kRefused},
      {"an overlong slash between dots", "/a%e0%80%af..%e0%80%afb", kRefused},
      {"an overlong NUL", "/a%c0%80", kRefused},
      {"an overlong slash is kept", "/%e0%80%af", "/%E0%80%AF"},
      {"half a character is kept", "/%e3%81/x", "/%E3%81/x"},
      {"half a character before a letter is kept", "/%e3%81a", "/%E3%81a"},
      {"a surrogate is kept", "/%ed%a0%80", "/%ED%A0%80"},
      {"a lone continuation byte is kept", "/%80", "/%80"},
      {"raw Latin-1 is escaped", "/caf\xe9", "/caf%E9"},
      {"a fullwidth slash is data", "/a%ef%bc%8fb", "/a%EF%BC%8Fb"},
      {"double encoded dots", "/%252e%252e/x", kRefused},
      {"double encoded dots, digits escaped too", "/%25%32%65%25%32%65/x", kRefused},
      {"dots encoded three times", "/%25252e%25252e/x", kRefused},
      {"dots between double encoded backslashes", "/a%255c..%255cb", kRefused},
      {"dots of two layers", "/.%252e/x", kRefused},
      {"four layers", "/%2525252541", kRefused},
      {"a NUL encoded three times", "/a%252500", kRefused},
      {"a double encoded dot is kept", "/a%252eb", "/a%252eb"},
      {"a double encoded backslash is kept", "/a%255cb", "/a%255cb"},
      {"three layers are kept", "/%25252525", "/%25252525"},
      {"double encoded NUL", "/a%2500", kRefused},
      {"one dot encoded three times", "/%25252e", kRefused},
      {"dots behind an escaped backslash", "/public%5c..%5cprivate", kRefused},
      {"dots before an escaped backslash", "/public/..%5cprivate", kRefused},
      {"a percent sign as data", "/100%25/x%25zz", "/100%25/x%25zz"},
      {"dots with parameters", "/public/..;/private", kRefused},
      {"dots with named parameters", "/public/..;foo=bar/private", kRefused},
      {"dots with an escaped semicolon", "/public/%2e%2e%3bx/private", kRefused},
      {"one dot with parameters", "/public/.;x/private", kRefused},
      {"dots and an escaped space", "/public/..%20/private", kRefused},
      {"dots and an escaped question mark", "/public/..%3f/private", kRefused},
      {"dots behind an escaped slash", "/public%2F..%2Fprivate", kRefused},
      {"dots before an escaped slash", "/public/..%2fprivate", kRefused},
      {"dots behind a double encoded slash", "/public%252f..%252fprivate", kRefused},
      {"dots with parameters behind an escaped slash", "/private;%2f..;/x", kRefused},
      {"an escaped slash is kept", "/a%2fb", "/a%2Fb"},
      {"a double encoded slash is kept", "/job/feature%252Fx", "/job/feature%252Fx"},
      {"parameters are kept", "/a;b=c/d;e", "/a;b=c/d;e"},
      {"an escaped semicolon stays escaped", "/a%3bb", "/a%3Bb"},
      {"a request line in an escape", "/a%20HTTP/1.1%0d%0aHost:%20x", kRefused},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    CHECK(normal(c.target) == c.normal);
    if (std::string_view(c.normal) != kRefused) CHECK(normal(c.normal) == c.normal);
  }
}

TEST_CASE("what other readers could see differently is marked") {
  const struct {
    std::string target;
    bool encoded_slash;
    bool other_readings;
    bool other_bytes = false;
  } cases[] = {
      {"/a/b", false, false},
      {"/a%20b", false, false},
      {"/a%2Fb", true, true},
      {"/a%252fb", true, true},
      {"/a%5cb", true, true},
      {"/a%255cb", true, true},
      {"/a%252eb", true, true},
      {"/a%252541b", true, true},
      {"/a;b", false, true},
      {"/a%3bb", false, true},
      {"/a%3fb", false, true},
      {"/a%23b", false, true},
      {"/a%2570b", false, true},
      {"/a%2520b", false, true},
      {"/100%25", false, false},
      {"/a?b;c%2F", false, false},
      {"/a%25%32Fb", true, true},
      {"/a;b%2fc/../d", false, false},
      {"/%e9", false, true, true},
      {"/\xe9", false, true, true},
      {"/a?\xe9", false, false, true},
      {"/a?%e9", false, false},
      {"/%c3%a9?\xc3\xa9", false, false},
      {"/%ed%a0%bd%ed%b8%80", false, true, true},
      {"/%c0%af", false, true, true},
      {"/%e9/../b", false, false, true},
      {"/%e9/../%e9", false, true, true},
  };
  for (const auto& c : cases) {
    CAPTURE(c.target);
    const auto target = lp::normalise_target(c.target);
    REQUIRE(target.ok());
    CHECK(target.value().has_encoded_slash == c.encoded_slash);
    CHECK(target.value().has_other_readings == c.other_readings);
    CHECK(target.value().has_other_bytes == c.other_bytes);
  }
}

TEST_CASE("dot segments between blanks, which apps trim, are refused") {
  for (const char* target :
       {"/public/%20../private", "/public/..%20/private", "/public/%20..%20/private", "/public/..%C2%A0/private",
        "/public/%E3%80%80../private", "/public/..%E2%80%8B/private", "/public/..%EF%BB%BF/private", "/public/%20."})
    CHECK_MESSAGE(!lp::normalise_target(target), target);
  for (const char* target : {"/public/%20.x", "/public/%20...", "/public/a%20../b", "/public/%20"})
    CHECK_MESSAGE(lp::normalise_target(target), target);
}

TEST_CASE("what is sent is what the client wrote, but for dot segments and raw bytes that no URL holds") {
  const struct {
    std::string says;
    const char* target;
    const char* sent;
  } cases[] = {
      {"a plain path", "/a/b", "/a/b"},
      {"empty segments", "/web/http://x.example//a.png", "/web/http://x.example//a.png"},
      {"empty segments at both ends", "//a//", "//a//"},
      {"escapes of reserved characters", "/g%2B%2b%26%3D%3a%40%2c%24%21%27%28%29%2a%3B", nullptr},
      {"escapes of unreserved characters", "/%41%7e%2D", nullptr},
      {"the case of digits", "/caf%c3%A9", nullptr},
      {"an escaped slash and backslash", "/a%2fb%5cc%252F", nullptr},
      {"bytes of no encoding that we know", "/%83%65%e9", nullptr},
      {"reserved characters", "/a!$&'()*+,=:@b", nullptr},
      {"raw brackets are escaped", "/{a}[b]^|", "/%7Ba%7D%5Bb%5D%5E%7C"},
      {"raw bytes are escaped", "/\xe4\xbd\xa0%e5%a5%bd", "/%E4%BD%A0%e5%a5%bd"},
      {"dot segments are resolved", "/a%2B/./%62/../c", "/a%2B/c"},
      {"with them empty segments are merged", "/a%2B//b//../c//d", "/a%2B/c/d"},
      {"dots at the end", "/a%2B/b//..", "/a%2B/"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    const auto target = lp::normalise_target(c.target);
    REQUIRE(target.ok());
    CHECK(target->sent() == (c.sent == nullptr ? c.target : c.sent));
    const auto again = lp::normalise_target(target->sent());
    REQUIRE(again.ok());
    CHECK(again->sent() == target->sent());
    CHECK(again->path == target->path);
  }
  CHECK(lp::normalise_target("/a?")->has_query);
}

TEST_CASE("lenient readings are those of apps that cut, strip or decode more") {
  const struct {
    const char* path;
    const char* reading;
  } cases[] = {
      {"/private;x/a%2Fb%3Fc", "/private;x/a%2Fb"},
      {"/private;x/a%2Fb%3Fc", "/private/a%2Fb%3Fc"},
      {"/private;x/a%2Fb%3Fc", "/private;x/a/b%3Fc"},
      {"/private;x/a%2Fb%3Fc", "/private/a/b"},
      {"/;a=b/private", "/private"},
      {"/%2570rivate", "/private"},
      {"/%252570rivate", "/private"},
      {"/%252Fprivate", "/private"},
      {"/x%5Cprivate", "/x/private"},
      {"/x%255cprivate", "/x/private"},
      {"/x%2Fa%5Cb", "/x/a%5Cb"},
      {"/x%2Fa%5Cb", "/x/a/b"},
      {"/private%253Bx/a", "/private/a"},
      {"/private%253bx/a", "/private/a"},
      {"/private%253Fx/a", "/private"},
      {"/private%2523x", "/private"},
      {"/app;x%3F/%2570rivate/a", "/app/private/a"},
      {"/x%C0%AFprivate", "/x/private"},
      {"/%C1%B0rivate", "/private"},
      {"/x%E0%80%AFprivate", "/x/private"},
      {"/x%F0%80%80%AFprivate", "/x/private"},
      {"/x%E0%81%9Cprivate", "/x/private"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.path);
    CAPTURE(c.reading);
    const auto readings = lp::lenient_readings(c.path);
    CHECK(std::find(readings.begin(), readings.end(), c.reading) != readings.end());
  }
}

TEST_CASE("readings of apps that do less than we do") {
  const auto readings = lp::spelled_readings(*lp::normalise_target("//h/%41%2B//x"));
  CHECK(readings.unmerged == "//h/A+//x");
  CHECK(readings.kept == std::vector<std::string>{"//h/A%2B//x", "/h/A%2B/x"});
  CHECK(readings.behind_authority == std::vector<std::string>{"/A+/x", "/A%2B/x"});
  CHECK(lp::undecoded_reading(*lp::normalise_target("/%61%2b")) == "/%61%2B");
  CHECK(lp::spelled_readings(*lp::normalise_target("/a//b")).kept.empty());
}

TEST_CASE("a prefix is taken off at a segment boundary") {
  const struct {
    std::string path;
    const char* prefix;
    const char* result;
  } cases[] = {
      {"/api/x", "/api", "/x"},         {"/api", "/api", "/"},
      {"/api/", "/api", "/"},           {"/apix", "/api", "/apix"},
      {"/other", "/api", "/other"},     {"/api/x", "", "/api/x"},
      {"/api/x", "/api/", "/x"},        {"/api/x", "/", "/api/x"},
      {"/api/a%2Fb", "/api", "/a%2Fb"}, {"/api/.x", "/api", "/.x"},
      {"/api/api/x", "/api", "/api/x"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.path);
    const auto result = lp::rewrite_path(c.path, c.prefix);
    REQUIRE(result.ok());
    CHECK(result.value() == c.result);
  }
  CHECK_FALSE(lp::rewrite_path("/api//evil.test", "/api").ok());  // not normal, so it cannot come; refused if it does
}

TEST_CASE("a prefix is taken off the path as it was sent") {
  const struct {
    const char* target;
    const char* prefix;
    const char* result;
  } cases[] = {
      {"/api/g%2B%2B//x", "/api", "/g%2B%2B//x"},
      {"/%61pi/a%2Bb", "/api", "/a%2Bb"},
      {"//api//a%2Bb", "/api", "/a%2Bb"},
      {"/api//evil.test/x", "/api", "/evil.test/x"},
      {"/api//", "/api", "/"},
      {"/api%2B", "/api", "/api%2B"},
      {"/a//b/c%2B", "/a/b", "/c%2B"},
      {"/a//b", "/a/b", "/"},
      {"/x//y", "/api", "/x//y"},
      {"/x//y", "", "/x//y"},
      {"/api/http://x", "/api", "/http://x"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.target);
    const auto target = lp::normalise_target(c.target);
    const auto result = lp::rewrite_spelling(target->sent(), target->path, c.prefix);
    REQUIRE(result.ok());
    CHECK(result.value() == c.result);
  }
}

TEST_CASE("a long path of dots takes linear time and memory") {
  std::string path = "/";
  for (int i = 0; i < 100000; ++i) path += "a/../";
  CHECK(normal(path) == "/");
  std::string slashes(200000, '/');
  CHECK(normal(slashes) == "/");
}

// Threats P: each line is refused, or judged and forwarded in one form that stays what it is.
TEST_CASE("the path-confusion corpus is refused or has a normal form that is a fixed point") {
  std::ifstream file(LP_SOURCE_DIR "/tests/corpora/path-confusion.tsv");
  std::string line;
  std::getline(file, line);
  int lines = 0;
  while (std::getline(file, line)) {
    ++lines;
    const std::string target = line.substr(0, line.find('\t'));
    CAPTURE(target.substr(0, 100));
    const auto result = lp::normalise_target(target);
    if (!result) continue;
    const std::string& path = result.value().path;
    CHECK(normal(path) == path);
    CHECK(path.find("//") == std::string::npos);
    CHECK((path + "/").find("/../") == std::string::npos);
    CHECK((path + "/").find("/./") == std::string::npos);
  }
  CHECK(lines > 90);
}

TEST_CASE("what an app gets of a replaced path is read as what was judged, in the client's bytes where that can be") {
  using namespace lp;
  const auto replaced = [](const char* from, const char* to, const std::string& text) -> std::string {
    PathReplacement replacement = *PathReplacement::parse(from);
    replacement.to = to;
    const auto target = normalise_target(text);
    REQUIRE(target);
    const auto made = replace_in_path(*target, target->sent(), replacement);
    if (!made) return "400";
    const auto read = normalise_target(*made);
    REQUIRE(read);
    CHECK(read->path == replacement.applied_to(target->path));
    CHECK(read->sent() == *made);
    return *made;
  };
  CHECK(replaced("^/old/(.*)", "/new/\\1", "/old/a%2Bb") == "/new/a%2Bb");
  CHECK(replaced("^/old/(.*)", "/new/\\1", "/old/a//b") == "/new/a//b");
  CHECK(replaced("^/old/(.*)", "/new/\\1", "/%6Fld/a%2Bb") == "/new/a+b");
  CHECK(replaced("^/old", "", "/old//host/x") == "/host/x");
  CHECK(replaced("\\+", "-", "/a%2Bb/c%2Bd") == "/a-b/c+d");
  CHECK(replaced("2B", "x", "/a%2Bb") == "/a+b");
  CHECK(replaced("x", "", "/.x./y") == "400");
  CHECK(replaced("x", "", "/%2Ex%2E/y") == "400");
  CHECK(replaced("x", "", "/%2Ex./y") == "400");
  const char* const kFrom[] = {"^/old", "a", "[.]", "%2", "/", "[^/]*$", "(.)/(.)", "4"};
  const char* const kTo[] = {"", "/", ".", "/x", "\\0\\0", "2", "a"};
  std::mt19937 dice(7);
  const std::string pieces[] = {"/", "a", ".", "%2E", "%2B", "+", "old", "%41", "%C3%A9", "~", "%7E", "4", "//"};
  for (int i = 0; i < 20000; ++i) {
    std::string text = "/";
    for (unsigned left = dice() % 8; left > 0; --left) text += pieces[dice() % std::size(pieces)];
    if (normalise_target(text)) replaced(kFrom[dice() % std::size(kFrom)], kTo[dice() % std::size(kTo)], text);
  }
}
