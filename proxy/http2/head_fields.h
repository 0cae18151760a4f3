#pragma once
#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/http_message.h"

namespace lp {

// The fields of one head or of trailers, as HTTP/2 wants them: names in lower case (RFC 9113 8.2.1), nothing that
// speaks of a connection (8.2.2), and all of their bytes in one place of our own. Pure.
class HeadFields {
 public:
  void clear();
  void release();  // with its memory
  // Pseudo-header fields come first, in the order of the calls.
  void add(std::string_view name, std::string_view value);
  // "Name: value\r\n" again and again, as append_request_fields() and append_response_fields() write it. Reading stops
  // at an empty line.
  void add_lines(std::string_view lines);
  void add_all(const Fields& fields);
  void remove(std::string_view lower_case_name);
  [[nodiscard]] bool has(std::string_view lower_case_name) const;
  [[nodiscard]] std::size_t size() const { return spans_.size(); }
  // What a copy of it takes.
  [[nodiscard]] std::size_t memory() const { return text_.size() + spans_.size() * sizeof(nghttp2_nv); }
  // For a call of nghttp2, which copies what it is given. Valid until something changes here.
  [[nodiscard]] const std::vector<nghttp2_nv>& all();

 private:
  struct Span {
    std::size_t name_bytes;  // they stand one behind the other
    std::size_t value_bytes;
  };
  std::string text_;
  std::vector<Span> spans_;
  std::vector<nghttp2_nv> list_;
};

}  // namespace lp
