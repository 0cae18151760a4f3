#include "config/page_layout.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "base/encoding.h"

namespace lp {
namespace {

using Piece = PageLayoutPiece::Kind;

struct Placeholder {
  std::string_view name;
  Piece kind;
  bool is_required = false;
  bool is_html = false;  // ours, which makes no sense inside a tag
};
constexpr std::array kPlaceholders = {
    Placeholder{"lang", Piece::lang, true},
    Placeholder{"dir", Piece::dir},
    Placeholder{"title", Piece::title, true},
    Placeholder{"style", Piece::style, false, true},
    Placeholder{"site_name", Piece::site_name},
    Placeholder{"logo", Piece::logo, false, true},
    Placeholder{"content", Piece::content, true, true},
    Placeholder{"footer", Piece::footer},
    Placeholder{"support_url", Piece::support_url},
    Placeholder{"support_label", Piece::support_label},
    Placeholder{"request_id", Piece::request_id},
};

std::string all_names() {
  std::string names;
  for (const Placeholder& one : kPlaceholders) names.append(names.empty() ? "" : ", ").append(one.name);
  return names;
}

class LayoutParser {
 public:
  explicit LayoutParser(std::string_view html) : html_(html), lower_(ascii_lower(html)) {}

  Result<PageLayout, std::vector<PageLayoutFault>> parse() {
    for (std::size_t at = lower_.find("<script"); at != npos; at = lower_.find("<script", at + 1))
      fault(at, "a script would not run: pages allow none (docs/MANUAL.md, \"Pages\"); leave it out");
    read_styles();
    read_tags();
    read_pieces();
    for (const Placeholder& one : kPlaceholders) {
      if (one.is_required && !has(one.kind))
        fault(0, "{{" + std::string(one.name) + "}} is missing: each page needs it");
    }
    if (faults_.empty()) return std::move(layout_);
    std::stable_sort(faults_.begin(), faults_.end(), [](const PageLayoutFault& a, const PageLayoutFault& b) {
      return std::tie(a.line, a.column) < std::tie(b.line, b.column);
    });
    return std::move(faults_);
  }

 private:
  static constexpr std::size_t npos = std::string::npos;

  void fault(std::size_t at, std::string message) {
    const std::string_view before = html_.substr(0, at);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const auto start = before.rfind('\n');
    const std::size_t column = start == std::string_view::npos ? at + 1 : at - start;
    faults_.push_back({static_cast<int>(line), static_cast<int>(column), std::move(message)});
  }

  [[nodiscard]] bool has(Piece kind) const {
    return std::any_of(layout_.pieces.begin(), layout_.pieces.end(),
                       [&](const PageLayoutPiece& piece) { return piece.kind == kind; });
  }

  // Their texts are fixed, so that the policy can name their hashes.
  void read_styles() {
    for (std::size_t at = lower_.find("<style"); at != npos; at = lower_.find("<style", at)) {
      const std::size_t open = lower_.find('>', at);
      const std::size_t close = open == npos ? open : lower_.find("</style", open);
      if (close == npos) return fault(at, "<style> is not closed");
      const std::string_view text = html_.substr(open + 1, close - open - 1);
      if (const auto inside = text.find("{{"); inside != npos)
        fault(open + 1 + inside, "a placeholder inside <style>: its text must be the same on each page");
      layout_.styles.emplace_back(text);
      at = close;
    }
  }

  void read_tags() {
    for (std::size_t at = lower_.find('<'); at < lower_.size(); at = lower_.find('<', at)) {
      const std::string_view rest = std::string_view(lower_).substr(at);
      if (rest.starts_with("<!--")) {
        at = lower_.find("-->", at);
      } else if (rest.starts_with("<style")) {
        at = lower_.find("</style", at + 1);
      } else {
        at = rest.size() > 1 && rest[1] >= 'a' && rest[1] <= 'z' ? read_attributes(at) : at + 1;
      }
    }
  }

  // Answers where the tag ends.
  std::size_t read_attributes(std::size_t at) {
    constexpr std::string_view kBlanks = " \t\r\n\f/";
    at = lower_.find_first_of(" \t\r\n\f/>", at);
    while (at < lower_.size()) {
      at = lower_.find_first_not_of(kBlanks, at);
      if (at == npos || lower_[at] == '>') return at;
      const std::size_t name_end = std::min(lower_.find_first_of(" \t\r\n\f/>=", at + 1), lower_.size());
      const std::string_view name = std::string_view(lower_).substr(at, name_end - at);
      const std::size_t equals = lower_.find_first_not_of(kBlanks, name_end);
      const bool has_value = equals != npos && lower_[equals] == '=';
      std::size_t begin = has_value ? lower_.find_first_not_of(" \t\r\n\f", equals + 1) : name_end;
      if (begin == npos) return npos;
      const char quote = has_value ? lower_[begin] : '\0';
      const bool is_quoted = quote == '"' || quote == '\'';
      if (is_quoted) ++begin;
      const std::size_t end = !has_value  ? name_end
                              : is_quoted ? lower_.find(quote, begin)
                                          : lower_.find_first_of(" \t\r\n\f>", begin);
      judge_attribute(at, name, std::string_view(lower_).substr(begin, std::min(end, lower_.size()) - begin));
      if (end == npos) return npos;
      at = is_quoted ? end + 1 : end;
    }
    return at;
  }

  // Whoever wrote it would look for it in vain: the browser refuses it without a word on the page.
  void judge_attribute(std::size_t at, std::string_view name, std::string_view value) {
    const bool is_event = name.size() > 2 && name.starts_with("on") && name[2] >= 'a' && name[2] <= 'z';
    if (is_event || trim_ows(value).starts_with("javascript:"))
      fault(at, std::string(name.substr(0, 40)) + " would not run: pages allow no scripts; leave it out");
    if (name == "style")
      fault(at,
            "a style attribute is not applied: the policy of our pages allows <style> elements alone; give the "
            "element a class, and a rule there");
  }

  void read_pieces() {
    std::size_t done = 0;
    for (std::size_t at = html_.find("{{"); at != std::string_view::npos; at = html_.find("{{", done)) {
      add_text(html_.substr(done, at - done));
      const std::size_t end = html_.find("}}", at);
      if (end == std::string_view::npos) return fault(at, "{{ without }}");
      add_placeholder(at, trim_ows(html_.substr(at + 2, end - at - 2)));
      done = end + 2;
    }
    add_text(html_.substr(done));
  }

  void add_text(std::string_view text) {
    if (!text.empty()) layout_.pieces.push_back({Piece::text, std::string(text)});
  }

  void add_placeholder(std::size_t at, std::string_view name) {
    const auto found = std::find_if(kPlaceholders.begin(), kPlaceholders.end(),
                                    [&](const Placeholder& one) { return one.name == name; });
    if (found == kPlaceholders.end())
      return fault(at, "unknown placeholder {{" + std::string(name.substr(0, 40)) + "}}; known: " + all_names());
    if (found->is_html && stands_in_tag(at))
      return fault(at, "{{" + std::string(name) + "}} is HTML and stands inside a tag");
    if (found->kind == Piece::content && has(Piece::content))
      return fault(at, "{{content}} stands here a second time: its forms may be there once");
    layout_.pieces.push_back({found->kind, {}});
  }

  [[nodiscard]] bool stands_in_tag(std::size_t at) const {
    const std::size_t open = html_.rfind('<', at);
    const std::size_t close = html_.rfind('>', at);
    return open != std::string_view::npos && (close == std::string_view::npos || close < open);
  }

  std::string_view html_;
  std::string lower_;
  PageLayout layout_;
  std::vector<PageLayoutFault> faults_;
};

}  // namespace

Result<PageLayout, std::vector<PageLayoutFault>> parse_page_layout(std::string_view html) {
  if (!is_valid_utf8(html)) return std::vector<PageLayoutFault>{{1, 1, "expected UTF-8"}};
  return LayoutParser(html).parse();
}

}  // namespace lp
