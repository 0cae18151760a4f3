#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/http_message.h"
#include "proxy/http/messages.h"

// What an app says in HTTP/2, as strictly as in HTTP/1.1 (proxy/http1/response.h). Pure.
namespace lp {

// The fields of one head, or of trailers, as they come, one by one. Views into them live until clear() or add().
class ReceivedFields {
 public:
  void clear();
  // False: more than an app's head may hold; nothing is taken any more.
  [[nodiscard]] bool add(std::string_view name, std::string_view value);
  [[nodiscard]] std::vector<Field> all() const;  // as they came, pseudo-header fields among them

 private:
  struct Span {
    std::size_t name_bytes;
    std::size_t value_bytes;
  };
  std::string text_;
  std::vector<Span> spans_;
};

// A final head or an interim one. `ends`: nothing follows. `request_method` decides with the status whether there is a
// body (RFC 9110 6.4.1); one of unknown length is `chunked`, for it has an end of its own. Views are those of `fields`.
[[nodiscard]] std::optional<ParseError> response_of_h2_fields(const std::vector<Field>& fields, bool ends,
                                                              std::string_view request_method, ParsedResponse& out);
[[nodiscard]] std::optional<ParseError> trailers_of_h2_fields(const std::vector<Field>& fields, Fields& out);

}  // namespace lp
