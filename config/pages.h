#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/url.h"
#include "config/page_color.h"
#include "config/page_layout.h"
#include "config/time_zone.h"

// How our pages look and what they say beyond what is built in. Plain values: who makes a page reads no file.
namespace lp {

// A picture that stands in the page itself: no request is made for it, and it can run nothing.
struct PageImage {
  std::string file;
  std::string data_uri;  // "data:image/png;base64,..."; empty: none
};

// Texts of a file, each at its key's place in config/page_texts.h; an empty one is not there.
struct PageTranslation {
  std::string tag;  // BCP 47: "de", "zh-Hant"
  std::string file;
  std::vector<std::string> texts;
};

struct PagesSettings {
  std::string site_name;
  PageImage logo;
  std::optional<Rgb> accent;  // buttons and links
  std::optional<Rgb> accent_dark;
  std::optional<Rgb> background;  // around the card
  std::optional<Rgb> background_dark;
  std::string footer;
  std::string support;  // https://... or mailto:...; empty: none
  std::vector<PageTranslation> languages;
  std::string layout_file;
  PageLayout layout;               // empty: the built-in one
  std::vector<Origin> allow_from;  // from where a layout may load pictures, style sheets and fonts
  TimeZone time_zone;
};

// A route as the launcher shows it.
struct RouteAppSettings {
  std::string name;  // empty: it does not
  PageImage icon;
  std::string description;
  std::string url;  // a path or a URL of ours; empty: where the route's path begins
};

}  // namespace lp
