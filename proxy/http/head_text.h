#pragma once
#include <string_view>

#include "proxy/http/text_appender.h"

// The text of a head as it grows. Pure.
namespace lp {

class HeadText : public TextAppender {
 public:
  using TextAppender::TextAppender;
  void add_field(std::string_view name, std::string_view value) { add(name, ": ", value, "\r\n"); }
};

}  // namespace lp
