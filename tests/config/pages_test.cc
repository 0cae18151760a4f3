#include "config/pages.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "config/apps.h"
#include "config/page_image.h"
#include "config/page_language.h"
#include "config/path_pattern.h"

using namespace lp;

namespace {

// As big-endian bytes.
std::string number(std::uint64_t value, int bytes) {
  std::string text;
  for (int at = bytes - 1; at >= 0; --at) text += static_cast<char>(value >> (8 * at) & 0xff);
  return text;
}

std::string header(char version, std::uint64_t times, std::uint64_t types, std::uint64_t letters) {
  return "TZif" + std::string(1, version) + std::string(15, '\0') + number(0, 4) + number(0, 4) + number(0, 4) +
         number(times, 4) + number(types, 4) + number(letters, 4);
}

// One change from LMT to CET, then by the footer.
std::string zone_file(const std::string& footer) {
  return header('2', 0, 1, 1) + std::string(6, '\0') + std::string(1, '\0') + header('2', 1, 2, 8) +
         number(static_cast<std::uint64_t>(-2'422'054'408LL), 8) + std::string(1, '\1') + number(3208, 4) +
         std::string(2, '\0') + number(3600, 4) + std::string(1, '\0') + std::string(1, '\4') +
         std::string("LMT\0CET\0", 8) + "\n" + footer + "\n";
}

}  // namespace

TEST_CASE("colours are read, written and compared as WCAG does") {
  CHECK(format_color(parse_color("#4534C8").value()) == "#4534c8");
  CHECK(format_color(parse_color("#fa0").value()) == "#ffaa00");
  for (const char* wrong : {"", "#", "4534c8", "#12", "#12345", "#1234567", "#ggg", "red", "rgb(1,2,3)"})
    CHECK_FALSE(parse_color(wrong).ok());
  CHECK(format_contrast(contrast({0, 0, 0}, {255, 255, 255})) == "21.00:1");
  CHECK(format_contrast(contrast({0x77, 0x77, 0x77}, {255, 255, 255})) == "4.47:1");  // the well-known near miss
  for (int red = 0; red < 256; red += 5) {
    for (int green = 0; green < 256; green += 5) {
      const Rgb ground{static_cast<std::uint8_t>(red), static_cast<std::uint8_t>(green), 0x80};
      CHECK(contrast(readable_on(ground), ground) >= kReadableContrast);
      CHECK(contrast(lightened_for(ground, kCardDark), kCardDark) >= kReadableContrast);
    }
  }
}

TEST_CASE("a picture is what its bytes are") {
  using namespace std::string_view_literals;
  CHECK(image_type("\x89PNG\r\n\x1a\nrest"sv) == "image/png");
  CHECK(image_type("\xff\xd8\xff\xe0"sv) == "image/jpeg");
  CHECK(image_type("RIFF\1\2\3\4WEBPVP8 "sv) == "image/webp");
  CHECK(image_type("<?xml version='1.0'?>\n<!-- x --><svg xmlns=\"http://www.w3.org/2000/svg\"/>") == "image/svg+xml");
  for (const std::string_view other :
       {""sv, "GIF89a"sv, "<html><svg></html>"sv, "RIFF\1\2\3\4WAVE....."sv, "\xff\xd8"sv})
    CHECK(image_type(other).empty());
  CHECK(image_data_uri("\xff\xd8\xff").value() == "data:image/jpeg;base64,/9j/");
}

TEST_CASE("a layout is refused at the place where it is wrong") {
  const std::string good = "<html lang='{{lang}}'>\n<title>{{title}}</title>\n{{content}}";
  CHECK(parse_page_layout(good).ok());
  const struct {
    std::string html;
    int line;
    int column;
    const char* said;
  } cases[] = {
      {"{{lang}} {{title}}", 1, 1, "{{content}} is missing"},
      {"{{content}}", 1, 1, "{{lang}} is missing"},
      {"{{lang}}\n  {{titel}}", 2, 3, "unknown placeholder {{titel}}; known: lang, dir, title"},
      {good + "\n{{#if user}}", 4, 1, "unknown placeholder {{#if user}}"},
      {good + "{{", 3, 12, "{{ without }}"},
      {good + "\n{{content}}", 4, 1, "a second time"},
      {"{{lang}}{{title}}\n<p title=\"{{content}}\">", 2, 11, "{{content}} is HTML and stands inside a tag"},
      {"{{lang}}{{title}}\n<div {{logo}}>{{content}}", 2, 6, "inside a tag"},
      {good + "\n<SCRIPT src=x></SCRIPT>", 4, 1, "a script would not run"},
      {good + "\n<style>a{b:{{title}}}</style>", 4, 12, "a placeholder inside <style>"},
      {good + "\n<style>a{}", 4, 1, "<style> is not closed"},
      {good + "\n<b class=x onClick = 'y'>", 4, 12, "onclick would not run"},
      {good + "\n<b/onmouseover=y>", 4, 4, "onmouseover would not run"},
      {good + "\n<a href=\" JavaScript:x\">", 4, 4, "href would not run"},
      {good + "\n<b\n STYLE=\"a:b\">", 5, 2, "a style attribute is not applied"},
      {good + "\xff", 1, 1, "expected UTF-8"},
      {"", 1, 1, "is missing"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.html);
    const auto layout = parse_page_layout(c.html);
    REQUIRE_FALSE(layout.ok());
    const auto is_told = [&](const PageLayoutFault& fault) {
      return fault.line == c.line && fault.column == c.column && fault.message.find(c.said) != std::string::npos;
    };
    CHECK(std::any_of(layout.error().begin(), layout.error().end(), is_told));
  }
}

TEST_CASE("all that is wrong with a layout is told at once, in order") {
  const auto layout =
      parse_page_layout("{{lang}}{{x}}\n<p style='a:b'>{{content}}<script></script>\n<b onclick=x>{{y}}");
  REQUIRE_FALSE(layout.ok());
  std::vector<int> lines;
  for (const PageLayoutFault& fault : layout.error()) lines.push_back(fault.line);
  CHECK(lines == std::vector<int>{1, 1, 2, 2, 3, 3});
}

TEST_CASE("attributes that are like those that are refused stay") {
  const std::string good = "{{lang}}{{title}}{{content}}";
  for (const char* html : {"<a href='/x' class=style title=\"onclick='x'\">", "<!-- <b onclick=x style=y> -->",
                           "<style>a[onclick]{b:c}</style>", "a < b onclick=c", "<on>", "<b data-style=x on=y>"})
    CHECK(parse_page_layout(good + html).ok());
}

TEST_CASE("languages that are written from the right are known by script or language") {
  for (const char* tag : {"ar", "AR-eg", "he", "fa-IR", "ur", "az-Arab", "ckb"}) CHECK(is_right_to_left(tag));
  for (const char* tag : {"de", "ja", "ar-Latn", "az", "arn", "en-Arabic"}) CHECK_FALSE(is_right_to_left(tag));
  for (const char* tag : {"de", "pt-BR", "zh-Hant-TW", "es-419", "ckb"}) CHECK(is_page_language_tag(tag));
  for (const char* tag : {"", "d", "deutsch", "de_DE", "de-", "-de", "de--AT", "12", "d3"})
    CHECK_FALSE(is_page_language_tag(tag));
}

TEST_CASE("every text has its values in both languages, and a title has no other") {
  for (const PageTextRow& row : kPageTexts) {
    CAPTURE(row.key);
    CHECK_FALSE(row.english.empty());
    CHECK_FALSE(row.japanese.empty());
    CHECK(placeholders_of(row.english) == placeholders_of(row.japanese));
    if (!row.key.ends_with(".title")) CHECK(row.english.find('|') == std::string_view::npos);
  }
  CHECK(fill_text("{1} of {0}, {2}{x}", {"a", "{1}"}) == "{1} of a, {x}");
}

TEST_CASE("a time zone goes on by its rule, on both halves of the earth") {
  const auto at = [](const std::string& footer, std::int64_t unix_s) {
    const TimeZone zone = TimeZone::parse("X", zone_file(footer)).value();
    const TimeZone::Offset& offset = zone.at(unix_s);
    return offset.abbreviation + " " + std::to_string(offset.seconds);
  };
  const std::string berlin = "CET-1CEST,M3.5.0,M10.5.0/3";
  CHECK(at(berlin, -3'000'000'000) == "LMT 3208");
  CHECK(at(berlin, 1'774'745'999) == "CET 3600");   // 2026-03-29 00:59:59 UTC
  CHECK(at(berlin, 1'774'746'000) == "CEST 7200");  // 01:00
  CHECK(at(berlin, 1'792'889'999) == "CEST 7200");  // 2026-10-25 00:59:59
  CHECK(at(berlin, 1'792'890'000) == "CET 3600");   // 01:00
  CHECK(at("AEST-10AEDT,M10.1.0,M4.1.0/3", 1'767'225'600) == "AEDT 39600");
  CHECK(at("AEST-10AEDT,M10.1.0,M4.1.0/3", 1'782'864'000) == "AEST 36000");
  CHECK(at("<+0530>-5:30", 1'782'864'000) == "+0530 19800");
  CHECK(at("", 1'782'864'000) == "CET 3600");
  CHECK(TimeZone().at(0).abbreviation == "UTC");
}

TEST_CASE("a broken time zone file is refused, wherever it ends") {
  const std::string whole = zone_file("CET-1CEST,M3.5.0,M10.5.0/3");
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    CAPTURE(bytes);
    CHECK_FALSE(TimeZone::parse("X", whole.substr(0, bytes)).ok());
  }
  for (const char* footer : {"CET", "CET-1CEST", "CET-1CEST,M13.1.0,M1.1.0", "CET-1CEST,M3.6.0,M10.5.0",
                             "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J1,J2", "-1", "CET-999"})
    CHECK_FALSE(TimeZone::parse("X", zone_file(footer)).ok());
}

TEST_CASE("an app begins where its route does, at the host that the route is for") {
  Settings settings;
  for (const char* url : {"https://a.test", "https://b.test:8443"})
    settings.external_urls.push_back(parse_origin(url).value());
  Origin wildcard = parse_origin("https://x.test").value();
  wildcard.host = "*.x.test";
  settings.external_urls.push_back(wildcard);
  const Origin here = parse_origin("https://a.test").value();
  const auto url = [&](const char* host, const char* path, const char* app_url, const Origin& at) {
    RouteSettings route;
    route.host = host;
    route.path = parse_path_pattern(path).value();
    route.app.url = app_url;
    const auto place = place_of_app(route, settings, at);
    return place ? place->url() : "none";
  };
  CHECK(url("", "/wiki/*", "", here) == "https://a.test/wiki/");
  CHECK(url("", "/*", "", here) == "https://a.test/");
  CHECK(url("", "/one", "", here) == "https://a.test/one");
  CHECK(url("", "~ /(a|b)", "", here) == "none");
  CHECK(url("", "~ /(a|b)", "/a?x=1", here) == "https://a.test/a?x=1");
  CHECK(url("b.test", "/*", "", here) == "https://b.test:8443/");
  CHECK(url("t1.x.test", "/*", "", here) == "https://t1.x.test/");
  CHECK(url("*.x.test", "/*", "", here) == "none");
  CHECK(url("*.x.test", "/*", "", parse_origin("https://t2.x.test").value()) == "https://t2.x.test/");
  CHECK(url("*.x.test", "/*", "https://t1.x.test/start", here) == "https://t1.x.test/start");
  CHECK(url("", "/*", "https://evil.test/", here) == "none");
  CHECK(url("", "/*", "", parse_origin("https://sign-in.test").value()) == "https://a.test/");  // sign_in_url
}

TEST_CASE("a link to the start page is there where something may answer it") {
  Settings settings;
  const Origin here = parse_origin("https://a.test").value();
  const auto serves = [&](const char* host, const char* path, const auto& change) {
    RouteSettings route;
    route.host = host;
    route.path = parse_path_pattern(path).value();
    change(route);
    settings.routes = {route};
    return serves_start_page(settings, &here);
  };
  const auto as_it_is = [](RouteSettings&) {};
  CHECK(serves("", "/*", as_it_is));
  CHECK(serves("", "/", as_it_is));
  CHECK(serves("a.test", "~ /.*", as_it_is));
  CHECK(serves("*.test", "/*", as_it_is));
  CHECK_FALSE(serves("b.test", "/*", as_it_is));
  CHECK(serves_start_page(settings, nullptr));
  CHECK_FALSE(serves("", "/wiki/*", as_it_is));
  CHECK_FALSE(serves("", "/*", [](RouteSettings& route) { route.access = Access::deny; }));
  CHECK_FALSE(serves("", "/*", [](RouteSettings& route) { route.methods = {"POST"}; }));
}
