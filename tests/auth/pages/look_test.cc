#include <doctest/doctest.h>

#include <memory>

#include "auth/pages/page_style.h"
#include "auth/pages/pages.h"
#include "auth/pages/person_words.h"
#include "base/crypto.h"
#include "base/encoding.h"

using namespace lp;

namespace {

bool holds(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::string policy_of(const Answer& answer) {
  for (const auto& [name, value] : answer.headers) {
    if (name == "Content-Security-Policy") return value;
  }
  return {};
}

PageTranslation translation(std::string tag, std::vector<std::pair<std::string, std::string>> texts) {
  PageTranslation made{std::move(tag), "f", std::vector<std::string>(kPageTextCount)};
  for (auto& [key, text] : texts) made.texts[find_page_text(key)] = std::move(text);
  return made;
}

PageFacts facts_with(const PagesSettings& pages) {
  PageFacts facts;
  facts.request_id = "0123456789abcdef";
  facts.pages = std::make_shared<const PagesSettings>(pages);
  return facts;
}

}  // namespace

TEST_CASE("a site's name, logo, footer and support stand on each page, escaped, and nothing is loaded") {
  PagesSettings pages;
  pages.site_name = "Müller & <b>";
  pages.logo = {"logo.png", "data:image/png;base64,AAAA"};
  pages.footer = "© <i>";
  pages.support = "mailto:help@example.test?subject=a&body=b";
  const Answer answer = make_page(PageKind::not_found, facts_with(pages));
  CHECK(holds(answer.body, "<title>Page not found · Müller &amp; &lt;b&gt;</title>"));
  CHECK(holds(answer.body, "<img class=\"logo\" alt=\"\" src=\"data:image/png;base64,AAAA\">"));
  CHECK(holds(answer.body, "<p>© &lt;i&gt;</p>"));
  CHECK(holds(answer.body, "href=\"mailto:help@example.test?subject=a&amp;body=b\">Get help</a>"));
  CHECK(holds(policy_of(answer), "; img-src data:"));
  CHECK_FALSE(holds(policy_of(answer), "http"));
  CHECK_FALSE(holds(policy_of(make_page(PageKind::not_found, {})), "img-src"));
}

TEST_CASE("colours are those of the configuration, and what stands on them can be read") {
  PagesSettings pages;
  pages.accent = Rgb{0xff, 0xd5, 0x00};
  const std::string css = page_style(pages);
  CHECK(holds(css, ":root{--act:#ffd500;--on-act:#000000;}"));
  CHECK(holds(css, "@media (prefers-color-scheme:dark){:root{--act:#ffd500;"));
  pages.accent = Rgb{0x00, 0x33, 0x66};  // too dark for a dark card
  pages.background = Rgb{0xee, 0xee, 0xee};
  const std::string lighter = page_style(pages);
  CHECK(holds(lighter, ":root{--act:#003366;--on-act:#ffffff;--ground:#eeeeee;}"));
  CHECK_FALSE(holds(lighter, "dark){:root{--act:#003366"));
  CHECK(holds(lighter, "--ground:#12151b;}}"));
  const Answer answer = make_page(PageKind::not_found, facts_with(pages));
  CHECK(holds(policy_of(answer), "style-src 'sha256-" + base64_encode(sha256(lighter)) + "'"));
}

TEST_CASE("of further languages the one is taken that the browser wants most, by lookup") {
  PagesSettings pages;
  pages.languages = {translation("de", {}), translation("pt-BR", {}), translation("zh-Hant", {}), translation("ar", {}),
                     translation("en-GB", {})};
  const struct {
    const char* accept;
    const char* tag;
  } cases[] = {{"de-AT", "de"},
               {"DE-de-1996", "de"},
               {"pt-BR, en;q=0.5", "pt-BR"},
               {"pt, en;q=0.5", "en"},  // RFC 4647 3.4: a range is never made longer
               {"zh-Hant-TW", "zh-Hant"},
               {"zh-Hans", "en"},
               {"fr, de;q=0.4, ja;q=0.5", "ja"},
               {"de;q=0, ja;q=0.1", "ja"},
               {"de;q=0", "en"},
               {"de-x-private", "de"},
               {"en-GB", "en-GB"},
               {"en-US", "en"},
               {"*", "en"},
               {"fr, *;q=0.5, de;q=0.1", "en"},
               {"-", "en"},
               {"-de", "en"},
               {"de-", "de"}};
  for (const auto& c : cases) {
    CAPTURE(c.accept);
    CHECK(choose_language(c.accept, &pages).tag() == c.tag);
  }
}

TEST_CASE("a language of a file says what the file has, and the rest in English; its direction is right") {
  PagesSettings pages;
  pages.languages = {translation("ar", {{"not_found.title", "الصفحة|غير <موجودة>"}, {"action.home", "الرئيسية & "}}),
                     translation("ja-JP", {{"not_found.title", "なし"}}),
                     translation("en", {{"not_found.title", "Nope"}})};
  PageFacts facts = facts_with(pages);
  facts.accept_language = "ar";
  const std::string html = make_page(PageKind::not_found, facts).body;
  CHECK(holds(html, "<html lang=\"ar\" dir=\"rtl\">"));
  CHECK(holds(html, "<h1>الصفحة<wbr>غير &lt;موجودة&gt;</h1>"));
  CHECK(holds(html, ">الرئيسية &amp; </a>"));
  CHECK(holds(html, "<span lang=\"en\">There is nothing at this address.</span>"));
  facts.accept_language = "ja-JP";
  const std::string japanese = make_page(PageKind::not_found, facts).body;
  CHECK(holds(japanese, "<h1>なし</h1>"));
  CHECK_FALSE(holds(japanese, "<span lang"));
  CHECK(holds(japanese, "お探しのページはありません"));
  facts.accept_language = "fr";  // other words for English are those of whoever fits nowhere
  CHECK(holds(make_page(PageKind::not_found, facts).body, "<h1>Nope</h1>"));
}

TEST_CASE("a layout of one's own frames the page; what it may load is named, and nothing else") {
  PagesSettings pages;
  pages.site_name = "S&S";
  pages.footer = "f";
  pages.layout = parse_page_layout(
                     "<html lang=\"{{lang}}\" dir=\"{{dir}}\"><title>{{ title }}</title>{{style}}<style>b{c:d}</style>"
                     "<nav>{{site_name}} {{logo}}</nav>{{content}}<i>{{footer}} {{request_id}}</i>")
                     .value();
  pages.allow_from = {parse_origin("https://cdn.test").value()};
  PageFacts facts = facts_with(pages);
  facts.form_origin = "https://logto.test";
  const Answer answer = make_page(PageKind::confirm_sign_out, facts);
  CHECK(answer.body.starts_with(
      "<html lang=\"en\" dir=\"ltr\"><title>Do you want to sign out? · S&amp;S</title><style>"));
  CHECK(holds(answer.body, "<nav>S&amp;S </nav><main>"));
  CHECK(holds(answer.body, "<form method=\"post\" action=\"/_auth/sign-out\">"));
  CHECK(holds(answer.body, "<code>0123456789abcdef</code>"));
  CHECK_FALSE(holds(answer.body, "<header"));
  const std::string policy = policy_of(answer);
  CHECK(holds(policy, "'sha256-" + base64_encode(sha256("b{c:d}")) + "' https://cdn.test"));
  CHECK(holds(policy, "; img-src https://cdn.test; font-src https://cdn.test"));
  CHECK(holds(policy, "default-src 'none'"));
  CHECK_FALSE(holds(policy, "script-src"));
  CHECK_FALSE(holds(policy, "unsafe"));
}

TEST_CASE("times are told in the zone of the configuration, which is named") {
  CHECK(moment_text(1'795'317'047, Language::english) == "2026-11-22 03:10 UTC");
  CHECK(moment_for_machines(1'795'317'047) == "2026-11-22T03:10:47Z");
}

TEST_CASE("the launcher shows name, line and picture of each app") {
  PageFacts facts;
  facts.user = "Alice";
  facts.apps = {{"Wiki", "All we know", "data:image/svg+xml;base64,AA", "https://wiki.test/"}, {"書庫", "", "", "/b/"}};
  const Answer answer = make_page(PageKind::apps, facts);
  CHECK(answer.status == 200);
  CHECK(holds(answer.body,
              "<li><a href=\"https://wiki.test/\"><img class=\"icon\" alt=\"\" src=\"data:image/svg+xml;base64,AA\">"
              "<span><strong>Wiki</strong><small>All we know</small></span></a></li>"));
  CHECK(holds(answer.body, "<span class=\"icon\" aria-hidden=\"true\">書</span><span><strong>書庫</strong></span>"));
  CHECK(holds(answer.body, "<a href=\"/_auth/\">Your account</a>"));
  CHECK(holds(policy_of(answer), "img-src data:"));
}
