#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/encoding.h"
#include "proxy/http1/request.h"
#include "proxy/http1/scan.h"

namespace {

bool is_usual(std::string_view option) {
  return lp::iequals(option, "keep-alive") || lp::iequals(option, "close") || lp::iequals(option, "upgrade");
}

}  // namespace

// Scanning at once and in pieces must agree, and a head that parses must have been found whole by the scanner. So must
// reading it in one pass.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const lp::HeadLimits limits{4096, 50, 1024};
  lp::HeadScanner at_once;
  const auto outcome = at_once.scan(bytes, limits);

  lp::HeadScanner in_pieces;
  auto piecewise = lp::HeadScanner::Outcome::need_more;
  for (std::size_t n = 1; n <= size && piecewise == lp::HeadScanner::Outcome::need_more; ++n) {
    piecewise = in_pieces.scan(bytes.substr(0, n), limits);
  }
  if (outcome == lp::HeadScanner::Outcome::complete) {
    LP_CHECK(piecewise == outcome && in_pieces.head_bytes() == at_once.head_bytes(), "pieces change the head");
  }
  lp::ParsedRequest request;
  const bool whole_parses = !lp::parse_request_head(bytes, limits, request);
  if (whole_parses && size < limits.head_bytes) {
    LP_CHECK(outcome == lp::HeadScanner::Outcome::complete && at_once.head_bytes() == size,
             "parser laxer than scanner");
    LP_CHECK(request.head.fields.count("host") == 1, "a request without its one Host");
    LP_CHECK(!request.path_and_query.empty() && request.path_and_query.front() == '/', "a target that is no path");
    const auto options = lp::list_values(request.head.fields, "Connection");
    LP_CHECK(request.may_name_fields == !std::all_of(options.begin(), options.end(), is_usual), "a field named unseen");
  }
  const bool is_complete = outcome == lp::HeadScanner::Outcome::complete;
  const bool parses = is_complete && !lp::parse_request_head(bytes.substr(0, at_once.head_bytes()), limits, request);
  LP_CHECK(lp::take_request_head(bytes, limits, request) == (parses ? at_once.head_bytes() : 0),
           "one pass and two differ");
  return 0;
}
