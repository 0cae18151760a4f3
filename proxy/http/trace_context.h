#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/http_message.h"
#include "config/settings.h"

// W3C Trace Context, level 1. We report no span of our own, so a caller's traceparent goes on as it came. Pure.
namespace lp {

// What becomes of a request's traceparent and tracestate.
struct TraceContext {
  // `made` keeps its memory for the next request.
  void start_over() {
    id = {};
    made.clear();
    drops_fields = false;
  }
  // The request's head is about to go, and has been sent on.
  void keep_id() {
    made = std::string(id);
    id = made;
  }

  std::string_view id;        // of the trace, 32 digits, within the request's head or `made`; empty: there is none
  std::string made;           // a traceparent of ours; empty: none
  bool drops_fields = false;  // what the client sent stays here: both fields, for one says nothing without the other
};

// Version 00, or one to come that begins as it does.
[[nodiscard]] bool is_traceparent(std::string_view value);

// `context` has just started over. Where the client brings no valid traceparent, just one, its fields stay here.
void read_trace_context(TraceMode mode, const Fields& fields, TraceContext& context);
// A new trace, marked as sampled: else apps that go by their caller would record none.
void make_trace(const std::array<std::uint64_t, 3>& random, TraceContext& context);

[[nodiscard]] bool is_trace_field(std::string_view name);

}  // namespace lp
