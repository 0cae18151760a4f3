#pragma once
#include <string_view>

#include "base/http_message.h"
#include "proxy/http/text_appender.h"

// The text of a head as it grows. Pure.
namespace lp {

class HeadText : public TextAppender {
 public:
  using TextAppender::TextAppender;
  void add_field(std::string_view name, std::string_view value) { add(name, ": ", value, "\r\n"); }
  // Most fields came as they are written here, so that one copy does.
  void add_field(const Field& field) {
    if (came_as_written(field))
      add(std::string_view(field.name.data(), field.name.size() + kColon.size() + field.value.size()), "\r\n");
    else
      add_field(field.name, field.value);
  }

 private:
  static constexpr std::string_view kColon = ": ";
  // That the value stands behind the name, and what stands between them.
  static bool came_as_written(const Field& field) {
    const char* const name_end = field.name.data() + field.name.size();
    return field.value.data() == name_end + kColon.size() && std::string_view(name_end, kColon.size()) == kColon;
  }
};

}  // namespace lp
