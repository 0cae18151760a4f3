#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/http_message.h"
#include "proxy/http/head_text.h"

// What an app says to caches, so said that no shared cache keeps the answer (RFC 9111 3, 5.2.2; RFC 9213) while the
// browser's own may do what the app lets it. Pure.
namespace lp {

// Cache-Control, Expires, and what a kind of shared cache obeys in their place: CDN-Cache-Control and all others of
// that name, Surrogate-Control, Edge-Control, X-Accel-Expires, X-LiteSpeed-Cache.
[[nodiscard]] bool is_field_for_caches(std::string_view field_name);
[[nodiscard]] inline bool speaks_to_caches(std::string_view field_name) {
  const std::size_t size = field_name.size();  // nearly all others have another, or end otherwise
  if (size < 7 || (size > 7 && size < 12)) return false;
  const char last = static_cast<char>(field_name.back() | 0x20);
  return (last == 'l' || last == 's' || (last == 'e' && size == 17)) && is_field_for_caches(field_name);
}

// Takes the fields of one answer that speak to caches and writes them anew. An answer that no shared cache may keep by
// the app's own word stays as it is but for Expires, which caches of HTTP/1.0 look at alone.
class PrivateCaching {
 public:
  // speaks_to_caches() holds for its name. The field's text outlives this.
  void take(const Field& field) { fields_.push_back(field); }
  // `answer` holds them all, and its Date. Appends lines.
  void append_to(HeadText& out, const Fields& answer) const {
    if (!fields_.empty()) return append_rewritten(out.as_string(), answer);
    out.add("Cache-Control: private\r\n");
  }

 private:
  void append_rewritten(std::string& out, const Fields& answer) const;
  std::vector<Field> fields_;
};

}  // namespace lp
