#include "config/guessable.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "base/encoding.h"
#include "base/one_of.h"

namespace lp {
namespace {

// The examples of deploy/forward-auth, and of oauth2-proxy's documentation, whose users bring their secrets along.
constexpr std::string_view kPublished[] = {"a-secret-of-16-characters-or-more",
                                           "OQINaROshtE9TcZkNAm-5Zs2Pv3xaWytBmc5W7sPX7w="};
// What the second begins with, as text and as bytes: it is copied in either alphabet of base64, with its end lost, or
// another one put in place of it.
constexpr std::string_view kPublishedBeginning = "OQINaROshtE9TcZk";
constexpr std::string_view kPublishedBytes = "\x39\x02\x0d\x69\x13\xac\x86\xd1\x3d\x4d\xc6\x64";

// What people write where a secret is to come. A longer word stands before one that it holds.
constexpr std::string_view kWords[] = {
    "placeholder", "development", "application", "correcthorse", "passphrase",    "production", "characters",
    "0123456789",  "something",   "localhost",   "character",    "batterystaple", "changethis", "password",
    "changeme",    "insecure",    "hunter2",     "12345678",     "01234567",      "webhook",    "session",
    "replace",     "example",     "default",     "letmein",      "welcome",       "forward",    "signing",
    "passwort",    "geheim",      "please",      "change",       "secret",        "passwd",     "insert",
    "sample",      "random",      "string",      "cookie",       "oauth2",        "secure",     "strong",
    "qwerty",      "asdfgh",      "zxcvbn",      "abcdef",       "base64",        "s3cret",     "logto",
    "proxy",       "dummy",       "value",       "bytes",        "super",         "token",      "check",
    "admin",       "hello",       "world",       "local",        "least",         "lorem",      "ipsum",
    "unsafe",      "test",        "demo",        "todo",         "your",          "here",       "must",
    "long",        "very",        "some",        "this",         "that",          "with",       "more",
    "than",        "auth",        "prod",        "1234",         "xxxx",          "user",       "pass",
    "the",         "key",         "dev",         "foo",          "bar",           "not",        "for",
    "and",         "use",         "abc",         "123",          "xyz",
};

using Counts = std::array<std::size_t, 256>;

Counts counts_of(std::string_view secret) {
  Counts counts{};
  for (const char c : secret) ++counts[static_cast<unsigned char>(c)];
  return counts;
}

bool has_few_bytes(std::string_view secret) {
  const Counts counts = counts_of(secret);
  const auto different = counts.size() - static_cast<std::size_t>(std::count(counts.begin(), counts.end(), 0U));
  return different < (secret.size() < 32 ? 6U : 8U) ||
         *std::max_element(counts.begin(), counts.end()) * 2 >= secret.size();
}

bool is_repeated(std::string_view secret) {
  for (std::size_t period = 1; period * 2 <= secret.size(); ++period) {
    if (secret.substr(period) == secret.substr(0, secret.size() - period)) return true;
  }
  return false;
}

// 1, 2, 3 or 0, 2, 4 or "zyx", mostly.
bool counts_on(std::string_view secret) {
  Counts steps{};
  for (std::size_t i = 1; i < secret.size(); ++i) ++steps[static_cast<std::uint8_t>(secret[i] - secret[i - 1])];
  return *std::max_element(steps.begin(), steps.end()) * 2 >= secret.size();
}

std::size_t take_out(std::string& text, std::string_view word) {
  std::size_t taken = 0;
  for (auto at = text.find(word); at != text.npos; at = text.find(word, at)) {
    text.replace(at, word.size(), " ");
    ++taken;
  }
  return taken;
}

bool is_published(std::string_view secret) {
  return is_one_of(secret, kPublished) || secret.starts_with(kPublishedBeginning) ||
         secret.starts_with(kPublishedBytes);
}

bool is_of_words(std::string_view secret) {
  constexpr std::size_t kRestOfItsOwn = 6;  // that many other letters and digits nobody guesses
  const auto is_visible = [](char c) { return c >= 0x20 && c < 0x7f; };
  if (!std::all_of(secret.begin(), secret.end(), is_visible)) return false;
  std::string rest = ascii_lower(secret);
  std::size_t words = 0;
  for (const std::string_view word : kWords) words += take_out(rest, word);
  const auto own =
      std::count_if(rest.begin(), rest.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
  return words > 0 && static_cast<std::size_t>(own) < kRestOfItsOwn;
}

}  // namespace

bool is_guessable(std::string_view secret) {
  return is_published(secret) || has_few_bytes(secret) || is_repeated(secret) || counts_on(secret) ||
         is_of_words(secret);
}

}  // namespace lp
