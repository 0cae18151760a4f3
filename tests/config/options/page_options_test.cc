#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "config/file/load.h"
#include "config/page_language.h"
#include "tests/support/config.h"

using namespace lp;
using namespace lp::test;

namespace {

constexpr const char* kSvg = "<svg xmlns=\"http://www.w3.org/2000/svg\"/>";

// A folder of its own for the files that a configuration names, gone with it.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("lp-pages-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
  }
  [[nodiscard]] std::string config() const { return (path_ / "f").string(); }
  // Messages without the folder.
  [[nodiscard]] std::string said_of(const std::string& pages, const std::string& routes) const {
    std::map<std::string, std::string> sections = {{"z", pages}};
    if (!routes.empty()) sections["routes"] = "routes:\n" + routes;
    const auto loaded = parse_config(good_config(sections), config(), usual_environment());
    std::string out;
    if (loaded.ok()) {
      for (const auto& warning : loaded->warnings) out += warning + "\n";
    } else {
      for (const auto& problem : loaded.error()) out += problem.text() + "\n";
    }
    const std::string folder = path_.string() + "/";
    for (auto at = out.find(folder); at != std::string::npos; at = out.find(folder)) out.erase(at, folder.size());
    return out;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace

TEST_CASE("what is wrong with pages is said with its place, in whatever file it stands") {
  const Folder folder;
  folder.write("logo.svg", kSvg);
  folder.write("large.svg", kSvg + std::string(65 * 1024, ' '));
  folder.write("page.gif", "GIF89a");
  folder.write("good.html", "<html lang={{lang}}><title>{{title}}</title>{{content}}");
  folder.write("bad.html", "<html lang={{lang}}>\n<title>{{title}}</title>\n  {{contents}}");
  folder.write("de.yaml", "action.home: Zur Startseite\n");
  folder.write("bad.yaml", "action.hom: Zur Startseite\nneed.role: die Rolle\naction.back: [a]\n");
  folder.write("list.yaml", "- a\n");
  folder.write("twice.yaml", "action.home: a\naction.home: b\n");
  const struct {
    const char* what;
    std::string pages;
    std::string routes;
    std::string said;  // a part of it; "" for nothing at all
  } cases[] = {
      {"all of it",
       "pages: { site_name: S, logo: logo.svg, footer: f, support: 'mailto:a@b.test', colors: { accent: '#4534c8' } "
       "}\n",
       "", ""},
      {"a colour without quotes", "pages:\n  colors:\n    accent: #fff\n", "", "put quotes around it"},
      {"a colour by name", "pages: { colors: { accent: red } }\n", "", "expected a colour such as \"#4534c8\""},
      {"links that nobody can read", "pages: { colors: { accent: '#ffd500' } }\n", "",
       "have a contrast of 1.42:1: WCAG AA wants 4.5:1"},
      {"links that nobody can read in the dark", "pages: { colors: { accent_dark: '#333333' } }\n", "",
       "pages.colors.accent_dark: links in #333333 on the dark card"},
      {"no picture", "pages: { logo: page.gif }\n", "", "expected an SVG (with its xmlns), PNG, JPEG or WebP picture"},
      {"a large one", "pages: { logo: large.svg }\n", "", "more than the 64KiB that may stand in each page"},
      {"a missing one", "pages: { logo: gone.svg }\n", "", "expected a file, found none at"},
      {"an address for support", "pages: { support: help@b.test }\n", "", "write mailto:help@b.test"},
      {"a script for support", "pages: { support: 'javascript:x' }\n", "", "pages.support: expected a URL"},
      {"a layout", "pages: { layout: good.html, allow_from: ['https://cdn.test'] }\n", "", ""},
      {"a layout with a mistake", "pages: { layout: bad.html }\n", "",
       "bad.html:3:3: pages.layout: unknown placeholder {{contents}}; known: lang, dir"},
      {"origins without a layout", "pages: { allow_from: ['https://cdn.test'] }\n", "",
       "has no effect without pages.layout"},
      {"a language that lacks texts", "pages: { languages: { de: de.yaml } }\n", "",
       "pages.languages.de: 'de.yaml' lacks " + std::to_string(kPageTextCount - 1) + " of " +
           std::to_string(kPageTextCount) + " texts, which are said in English: "},
      {"other words for English", "pages: { languages: { en: de.yaml } }\n", "", ""},
      {"a misspelt text", "pages: { languages: { de: bad.yaml } }\n", "",
       "bad.yaml:1:1: action.hom: no text of our pages has this key, did you mean 'action.home'?"},
      {"a text without its value", "pages: { languages: { de: bad.yaml } }\n", "",
       "bad.yaml:2:12: need.role: expected the placeholders of \"the role {0}\""},
      {"a list for a text", "pages: { languages: { de: bad.yaml } }\n", "",
       "bad.yaml:3:14: action.back: expected a text, found a list"},
      {"a list of texts", "pages: { languages: { de: list.yaml } }\n", "", "list.yaml:1:1: expected a map of texts"},
      {"a text twice", "pages: { languages: { de: twice.yaml } }\n", "", "twice.yaml:2:1: "},
      {"no language", "pages: { languages: { german: de.yaml } }\n", "",
       "pages.languages.german: expected a language tag"},
      {"a time zone", "pages: { time_zone: UTC }\n", "", ""},
      {"no time zone", "pages: { time_zone: Europe/Atlantis }\n", "",
       "expected a time zone such as Europe/Berlin or UTC"},
      {"a path for a time zone", "pages: { time_zone: ../../etc/passwd }\n", "", "expected a time zone"},
      {"an app", "", "- { path: /*, upstream: wiki, app: Wiki }\n", ""},
      {"an app with more", "", "- { path: /*, upstream: wiki, app: { name: Wiki, icon: logo.svg, url: /Start } }\n",
       ""},
      {"an app without a name", "", "- { path: /*, upstream: wiki, app: { icon: logo.svg } }\n",
       "routes[1].app.name: required: expected a text"},
      {"an app at a pattern", "", "- { path: '~ /(a|b)', upstream: wiki, app: W }\n",
       "routes[1].app: needs url: the route's path is a pattern"},
      {"an app elsewhere", "", "- { path: /*, upstream: wiki, app: { name: W, url: 'https://evil.test/' } }\n",
       "routes[1].app.url: expected a URL below one of external_urls"},
      {"an app behind a POST", "",
       "- { path: /*, methods: [POST], upstream: wiki, app: W }\n- { path: /*, upstream: wiki }\n",
       "routes[1].app: has no effect: a link is a GET"},
      {"an app for nobody", "", "- { path: /x, access: deny, app: W }\n- { path: /*, upstream: wiki }\n",
       "routes[1].app: has no effect: access: deny"},
      {"a script for an app", "", "- { path: /*, upstream: wiki, app: { name: W, url: 'javascript:x' } }\n",
       "routes[1].app.url: expected a path or a URL"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.what);
    const std::string said = folder.said_of(c.pages, c.routes);
    CAPTURE(said);
    if (c.said.empty())
      CHECK(said.empty());
    else
      CHECK(said.find(c.said) != std::string::npos);
  }
}

TEST_CASE("what texts prints is a language that can be named, and nothing is missing in it") {
  const Folder folder;
  for (const char* tag : {"en", "ja", "de"}) {
    folder.write("texts.yaml", page_texts_file(tag));
    CHECK(folder.said_of("pages: { languages: { fr: texts.yaml } }\n", "") == "");
    const auto loaded = parse_config(good_config({{"z", "pages: { languages: { fr: texts.yaml } }\n"}}),
                                     folder.config(), usual_environment());
    REQUIRE(loaded.ok());
    const Language language(loaded->settings->pages.languages.front());
    for (const PageTextRow& row : kPageTexts) {
      const auto& texts = loaded->settings->pages.languages.front().texts;
      CHECK(texts[find_page_text(row.key)] == (std::string(tag) == "ja" ? row.japanese : row.english));
    }
    CHECK(language.tag() == "fr");
  }
}
