#include "auth/oidc/ui_locales.h"

#include <doctest/doctest.h>

using namespace lp;

TEST_CASE("Accept-Language becomes the three best language tags") {
  const struct {
    std::string header;
    std::string locales;
  } cases[] = {{"", ""},
               {"ja", "ja"},
               {"ja,en-US;q=0.9,en;q=0.8", "ja en-US en"},
               {"en;q=0.1, ja;q=0.9", "ja en"},
               {"de, fr, it, es", "de fr it"},
               {"de;q=0,fr", "fr"},
               {"*", ""},
               {"en, *;q=0.5", "en"},
               {"en, EN;q=0.5, ja", "en ja"},
               {"zh-Hant-TW ; q=0.7 , ja ;q=0.8", "ja zh-Hant-TW"},
               {"en;q=2, ja;q=1.0, fr;q=1.001", "ja"},
               {"en;q=x, ja;level=1", ""},
               {"../../etc, <script>, en_US, a b, 12", ""},
               {",,,;;,en", "en"},
               {std::string(2000, 'a'), ""}};
  for (const auto& c : cases) {
    CAPTURE(c.header);
    CHECK(ui_locales_from(c.header) == c.locales);
  }
}

TEST_CASE("the form of a language tag") {
  for (const char* tag : {"en", "zh-Hant-TW", "de-1996", "x-klingon", "es-419"}) CHECK(is_language_tag(tag));
  for (const char* tag : {"", "-", "en-", "-en", "en--US", "e1", "abcdefghi", "en-abcdefghi", "en US", "en_US"}) {
    CHECK_FALSE(is_language_tag(tag));
  }
}
