// Accept-Language and Accept of any bytes choose one of our languages and one kind of answer, in bounded time, and the
// same Accept says the same of navigations and of forms.
#include <cstdint>
#include <string_view>

#include "auth/pages/language.h"
#include "auth/rules/navigation.h"
#include "base/check.h"
#include "base/weighted_list.h"

namespace {

void check_weights(std::string_view input) {
  constexpr std::size_t kMaxElements = 16;
  const auto elements = lp::parse_weighted_list(input, kMaxElements);
  LP_CHECK(elements.size() <= kMaxElements, "more elements than were asked for");
  for (const lp::Weighted& element : elements) {
    LP_CHECK(!element.value.empty(), "nothing is weighed");
    LP_CHECK(element.weight >= 0 && element.weight <= 1000, "a weight that is none");
    LP_CHECK(input.data() <= element.value.data() &&
                 element.value.data() + element.value.size() <= input.data() + input.size(),
             "a value from elsewhere");
  }
}

bool posts_form(const lp::Fields& fields) {
  lp::RequestHead head;
  head.method = "POST";
  head.fields = fields;
  return lp::is_form_post(head, false);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_weights(input);
  const lp::Language language = lp::choose_language(input);
  LP_CHECK(language == lp::Language::english || language == lp::Language::japanese, "a language that we don't speak");
  lp::Fields fields;
  fields.add("Accept", input);
  LP_CHECK(!lp::is_navigation("POST", fields), "a POST without Sec-Fetch-Mode navigates");
  LP_CHECK(lp::is_navigation("GET", fields) == posts_form(fields), "one Accept means two things");
  fields.add("Sec-Fetch-Mode", input);
  (void)lp::may_start_sign_in("GET", fields);
  fields.add("Referer", input);
  (void)lp::is_same_site_request("GET", fields, "https://app.test");
  return 0;
}
