// Layouts, time zones and pictures of any bytes are taken or refused without reading behind their end, and the page
// made with a layout has our content once.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "auth/pages/pages.h"
#include "base/check.h"
#include "config/page_image.h"
#include "config/time_zone.h"

namespace {

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

void check_layout(std::string_view html) {
  auto layout = lp::parse_page_layout(html);
  if (!layout) {
    LP_CHECK(!layout.error().empty(), "refused without a word");
    for (const lp::PageLayoutFault& fault : layout.error())
      LP_CHECK(fault.line > 0 && fault.column > 0, "a fault without a place");
    return;
  }
  lp::PagesSettings pages;
  pages.layout = std::move(layout).value();
  lp::PageFacts facts;
  facts.request_id = "0123456789abcdef";
  facts.pages = std::make_shared<const lp::PagesSettings>(std::move(pages));

  constexpr std::string_view heading = "<p class=\"status\">404</p>";
  LP_CHECK(count_of(lp::make_status_page(404, facts).body, heading) == 1 + count_of(html, heading),
           "not our page once");
}

void check_time_zone(std::string_view bytes) {
  const auto zone = lp::TimeZone::parse("X", bytes);
  if (!zone) return;
  for (const std::int64_t at : {-4'000'000'000LL, 0LL, 1'795'317'047LL, 8'000'000'000LL}) (void)zone->at(at);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_layout(input);
  check_time_zone(input);
  (void)lp::image_data_uri(input);
  return 0;
}
