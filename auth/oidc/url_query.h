#pragma once
#include <string>
#include <string_view>

#include "base/url.h"

namespace lp {

// An endpoint with parameters added; a query that the endpoint already has is kept (RFC 6749 3.1). Pure.
[[nodiscard]] inline std::string with_query(std::string_view endpoint, const FormPairs& parameters) {
  std::string url(endpoint);
  url += endpoint.find('?') == std::string_view::npos ? '?' : '&';
  return url += form_encode(parameters);
}

}  // namespace lp
