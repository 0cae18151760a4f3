#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "proxy/http/trace_context.h"

// Two fields of the client's, parted by a line end. What is taken for a trace is one whole field that is a traceparent;
// all else is dropped, and a new trace is one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t end = bytes.find('\n');
  const std::string_view first = bytes.substr(0, end);
  lp::Fields fields;
  fields.add("traceparent", first);
  if (end != std::string_view::npos) fields.add("Traceparent", bytes.substr(end + 1));
  lp::TraceContext context;
  lp::read_trace_context(lp::TraceMode::pass, fields, context);
  const bool is_good = fields.size() == 1 && lp::is_traceparent(first);
  LP_CHECK(context.drops_fields != is_good && context.id.empty() != is_good, "one good field, or none");
  if (is_good) {
    LP_CHECK(context.id.size() == 32 && context.id.find_first_not_of("0123456789abcdef") == std::string_view::npos,
             "an id of 32 digits");
    LP_CHECK(context.id.find_first_not_of('0') != std::string_view::npos, "not all zeros");
  }
  lp::make_trace({size, size * 3, size * 7}, context);
  LP_CHECK(lp::is_traceparent(context.made), "one of ours is one");
  return 0;
}
