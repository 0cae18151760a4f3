#include "proxy/http/trace_context.h"

#include <algorithm>

#include "base/encoding.h"

namespace lp {

namespace {
constexpr std::string_view kParent = "traceparent";
constexpr std::string_view kState = "tracestate";

// version "-" trace-id "-" parent-id "-" trace-flags (3.2.2)
constexpr std::size_t kTraceId = 3;
constexpr std::size_t kTraceIdDigits = 32;
constexpr std::size_t kParentId = 36;
constexpr std::size_t kParentIdDigits = 16;
constexpr std::size_t kFlags = 53;
constexpr std::size_t kLength = 55;

bool is_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool all_digits(std::string_view text) { return std::all_of(text.begin(), text.end(), is_digit); }

bool is_id(std::string_view text) { return all_digits(text) && text.find_first_not_of('0') != std::string_view::npos; }

void append_hex(std::string& out, std::uint64_t number) {
  for (int shift = 60; shift >= 0; shift -= 4) out.push_back("0123456789abcdef"[number >> shift & 0xf]);
}

// All zeros is no id.
std::uint64_t any_but_zero(std::uint64_t number) { return number == 0 ? 1 : number; }
}  // namespace

bool is_traceparent(std::string_view value) {
  if (value.size() < kLength) return false;
  const std::string_view version = value.substr(0, 2);
  if (!all_digits(version) || version == "ff") return false;
  const bool is_first = version == "00";
  if (value.size() > kLength && (is_first || value[kLength] != '-')) return false;
  const bool has_dashes = value[kTraceId - 1] == '-' && value[kParentId - 1] == '-' && value[kFlags - 1] == '-';
  return has_dashes && is_id(value.substr(kTraceId, kTraceIdDigits)) &&
         is_id(value.substr(kParentId, kParentIdDigits)) && all_digits(value.substr(kFlags, 2));
}

void read_trace_context(TraceMode mode, const Fields& fields, TraceContext& context) {
  if (mode == TraceMode::off || !(fields.may_have(kParent) || fields.may_have(kState))) return;
  const std::string_view parent = fields.get(kParent);
  if (is_traceparent(parent) && fields.count(kParent) == 1) {
    context.id = parent.substr(kTraceId, kTraceIdDigits);
  } else {
    context.drops_fields = true;
  }
}

void make_trace(const std::array<std::uint64_t, 3>& random, TraceContext& context) {
  context.made = "00-";
  append_hex(context.made, any_but_zero(random[0]));
  append_hex(context.made, random[1]);
  context.made += '-';
  append_hex(context.made, any_but_zero(random[2]));
  context.made += "-01";
  context.id = std::string_view(context.made).substr(kTraceId, kTraceIdDigits);
}

bool is_trace_field(std::string_view name) { return iequals(name, kParent) || iequals(name, kState); }

}  // namespace lp
