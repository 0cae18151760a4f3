// Accept-Language and Accept of any bytes choose one of our languages and one kind of answer, in bounded time.
#include <cstdint>
#include <string_view>

#include "auth/pages/page_texts.h"
#include "auth/rules/navigation.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const lp::Language language = lp::choose_language(input);
  LP_CHECK(language == lp::Language::english || language == lp::Language::japanese, "a language that we don't speak");
  lp::Fields fields;
  fields.add("Accept", input);
  LP_CHECK(!lp::is_navigation("POST", fields), "a POST without Sec-Fetch-Mode navigates");
  fields.add("Sec-Fetch-Mode", input);
  (void)lp::may_start_sign_in("GET", fields);
  fields.add("Referer", input);
  (void)lp::is_same_site_request("GET", fields, "https://app.test");
  return 0;
}
