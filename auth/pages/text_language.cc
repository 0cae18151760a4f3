#include "auth/pages/text_language.h"

#include <utility>

#include "base/encoding.h"

namespace lp {
namespace {

bool is_english(const Language& language) {
  const std::string_view tag = language.tag();
  return iequals(tag.substr(0, tag.find('-')), "en");
}

// What a language lacks it says with the very bytes of the built-in English.
bool lacks(const Language& language, TextKey key) {
  return !is_english(language) && language.say(key).data() == Language::english.say(key).data();
}

}  // namespace

std::string in_its_language(const Language& language, TextKey key, std::string html) {
  if (!lacks(language, key)) return html;
  return "<span lang=\"en\">" + std::move(html) + "</span>";
}

}  // namespace lp
