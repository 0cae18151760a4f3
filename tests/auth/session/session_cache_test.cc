#include "auth/session/session_cache.h"

#include <doctest/doctest.h>

using namespace lp;

namespace {

CachedSession entry(std::string cookie) {
  CachedSession made;
  made.cookie = std::move(cookie);
  made.opened = std::make_shared<OpenedSession>();
  return made;
}

}  // namespace

TEST_CASE("the least recently used session goes first") {
  SessionCache cache(2);
  (void)cache.insert(entry("a"));
  (void)cache.insert(entry("b"));
  CHECK(cache.find("a") != nullptr);
  (void)cache.insert(entry("c"));
  CHECK(cache.find("a") != nullptr);
  CHECK(cache.find("b") == nullptr);
  CHECK(cache.find("c") != nullptr);
  CHECK(cache.size() == 2);
}

TEST_CASE("bytes are bounded too") {
  SessionCache cache(100, 1000);
  for (int i = 0; i < 10; ++i) (void)cache.insert(entry(std::string(300, static_cast<char>('a' + i))));
  CHECK(cache.size() == 3);
  (void)cache.insert(entry(std::string(5000, 'x')));
  CHECK(cache.size() == 1);
}

TEST_CASE("inserting again replaces, erasing forgets") {
  SessionCache cache;
  (void)cache.insert(entry("a"));
  (void)cache.insert(entry("a"));
  CHECK(cache.size() == 1);
  cache.erase("a");
  cache.erase("a");
  CHECK(cache.find("a") == nullptr);
  CHECK(cache.size() == 0);
}
