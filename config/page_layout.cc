#include "config/page_layout.h"

#include <algorithm>
#include <array>
#include <optional>
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

  Result<PageLayout, PageLayoutFault> parse() {
    if (const auto at = lower_.find("<script"); at != std::string::npos)
      return fault(at, "a script would not run: pages allow none (docs/MANUAL.md, \"Pages\"); leave it out");
    if (auto broken = read_styles()) return std::move(*broken);
    if (auto broken = read_pieces()) return std::move(*broken);
    for (const Placeholder& one : kPlaceholders) {
      if (one.is_required && !has(one.kind))
        return fault(0, "{{" + std::string(one.name) + "}} is missing: each page needs it");
    }
    return std::move(layout_);
  }

 private:
  [[nodiscard]] PageLayoutFault fault(std::size_t at, std::string message) const {
    const std::string_view before = html_.substr(0, at);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const auto start = before.rfind('\n');
    const std::size_t column = start == std::string_view::npos ? at + 1 : at - start;
    return {static_cast<int>(line), static_cast<int>(column), std::move(message)};
  }

  [[nodiscard]] bool has(Piece kind) const {
    return std::any_of(layout_.pieces.begin(), layout_.pieces.end(),
                       [&](const PageLayoutPiece& piece) { return piece.kind == kind; });
  }

  // Their texts are fixed, so that the policy can name their hashes.
  std::optional<PageLayoutFault> read_styles() {
    for (std::size_t at = lower_.find("<style"); at != std::string::npos; at = lower_.find("<style", at)) {
      const std::size_t open = lower_.find('>', at);
      const std::size_t close = open == std::string::npos ? open : lower_.find("</style", open);
      if (close == std::string::npos) return fault(at, "<style> is not closed");
      const std::string_view text = html_.substr(open + 1, close - open - 1);
      if (const auto inside = text.find("{{"); inside != std::string_view::npos)
        return fault(open + 1 + inside, "a placeholder inside <style>: its text must be the same on each page");
      layout_.styles.emplace_back(text);
      at = close;
    }
    return std::nullopt;
  }

  std::optional<PageLayoutFault> read_pieces() {
    std::size_t done = 0;
    for (std::size_t at = html_.find("{{"); at != std::string_view::npos; at = html_.find("{{", done)) {
      add_text(html_.substr(done, at - done));
      const std::size_t end = html_.find("}}", at);
      if (end == std::string_view::npos) return fault(at, "{{ without }}");
      if (auto broken = add_placeholder(at, trim_ows(html_.substr(at + 2, end - at - 2)))) return broken;
      done = end + 2;
    }
    add_text(html_.substr(done));
    return std::nullopt;
  }

  void add_text(std::string_view text) {
    if (!text.empty()) layout_.pieces.push_back({Piece::text, std::string(text)});
  }

  std::optional<PageLayoutFault> add_placeholder(std::size_t at, std::string_view name) {
    const auto found = std::find_if(kPlaceholders.begin(), kPlaceholders.end(),
                                    [&](const Placeholder& one) { return one.name == name; });
    if (found == kPlaceholders.end())
      return fault(at, "unknown placeholder {{" + std::string(name.substr(0, 40)) + "}}; known: " + all_names());
    if (found->is_html && stands_in_tag(at))
      return fault(at, "{{" + std::string(name) + "}} is HTML and stands inside a tag");
    if (found->kind == Piece::content && has(Piece::content))
      return fault(at, "{{content}} stands here a second time: its forms may be there once");
    layout_.pieces.push_back({found->kind, {}});
    return std::nullopt;
  }

  [[nodiscard]] bool stands_in_tag(std::size_t at) const {
    const std::size_t open = html_.rfind('<', at);
    const std::size_t close = html_.rfind('>', at);
    return open != std::string_view::npos && (close == std::string_view::npos || close < open);
  }

  std::string_view html_;
  std::string lower_;
  PageLayout layout_;
};

}  // namespace

Result<PageLayout, PageLayoutFault> parse_page_layout(std::string_view html) {
  if (!is_valid_utf8(html)) return PageLayoutFault{1, 1, "expected UTF-8"};
  return LayoutParser(html).parse();
}

}  // namespace lp
