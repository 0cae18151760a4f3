#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// An operator's own HTML around our pages: text with placeholders such as {{title}}, and no logic. What comes of a
// request stands in {{content}} alone, which we make; every other value is a text of ours or of the configuration,
// escaped. Pure.
namespace lp {

struct PageLayoutPiece {
  enum class Kind {
    text,
    lang,
    dir,
    title,
    style,
    site_name,
    logo,
    content,
    footer,
    support_url,
    support_label,
    request_id,
  };
  Kind kind = Kind::text;
  std::string text;  // kind text
};

struct PageLayout {
  std::vector<PageLayoutPiece> pieces;
  std::vector<std::string> styles;  // the texts of its own <style> elements, which the policy allows by hash
  [[nodiscard]] bool is_set() const { return !pieces.empty(); }
};

struct PageLayoutFault {
  int line = 0;
  int column = 0;
  std::string message;
};

// Refused are a placeholder that is none, a layout without {{lang}}, {{title}} or {{content}}, what the policy of our
// pages would not let run or not apply (scripts, also as attributes, and style attributes), and what would break what
// we put in: our own HTML inside a tag, anything inside <style>. All of it is told at once, in the order of the text.
[[nodiscard]] Result<PageLayout, std::vector<PageLayoutFault>> parse_page_layout(std::string_view html);

}  // namespace lp
