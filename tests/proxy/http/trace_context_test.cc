#include "proxy/http/trace_context.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace lp;

namespace {
const std::string kTraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kGood = "00-" + kTraceId + "-00f067aa0ba902b7-01";

TraceContext read(TraceMode mode, const std::vector<Field>& sent) {
  Fields fields;
  for (const Field& field : sent) fields.add(field.name, field.value);
  TraceContext context;
  read_trace_context(mode, fields, context);
  return context;
}
}  // namespace

TEST_CASE("what is a traceparent") {
  for (const std::string& good :
       {kGood, "00-" + kTraceId + "-00f067aa0ba902b7-00", "00-" + kTraceId + "-00f067aa0ba902b7-ff",
        "01-" + kTraceId + "-00f067aa0ba902b7-01", "cc-" + kTraceId + "-00f067aa0ba902b7-01-what-is-to-come"}) {
    CAPTURE(good);
    CHECK(is_traceparent(good));
  }
  for (const std::string& bad : std::vector<std::string>{
           "", "00", kGood.substr(1), kGood + "-", kGood + "-00", "ff-" + kTraceId + "-00f067aa0ba902b7-01",
           "0G-" + kTraceId + "-00f067aa0ba902b7-01", "00-" + std::string(32, '0') + "-00f067aa0ba902b7-01",
           "00-" + kTraceId + "-0000000000000000-01", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
           "00-" + kTraceId + "-00f067aa0ba902b7-0x", "00_" + kTraceId + "-00f067aa0ba902b7-01",
           "00-" + kTraceId + "_00f067aa0ba902b7-01", "00-" + kTraceId + "-00f067aa0ba902b7_01",
           "cc-" + kTraceId + "-00f067aa0ba902b7-01.what-is-to-come", " " + kGood.substr(1)}) {
    CAPTURE(bad);
    CHECK_FALSE(is_traceparent(bad));
  }
}

TEST_CASE("a good one goes on with its state, and its id is known") {
  const auto context = read(TraceMode::pass, {{"Traceparent", kGood}, {"tracestate", "a=1"}, {"tracestate", "b=2"}});
  CHECK(context.id == kTraceId);
  CHECK_FALSE(context.drops_fields);
  CHECK(context.made.empty());
}

TEST_CASE("a bad one, two of them, and a state alone stay here") {
  for (const std::vector<Field>& sent :
       std::vector<std::vector<Field>>{{{"traceparent", "00-x"}, {"tracestate", "a=1"}},
                                       {{"traceparent", kGood}, {"traceparent", kGood}},
                                       {{"traceparent", kGood}, {"TraceParent", "00-x"}},
                                       {{"tracestate", "a=1"}}}) {
    const auto context = read(TraceMode::pass, sent);
    CHECK(context.drops_fields);
    CHECK(context.id.empty());
  }
}

TEST_CASE("nothing is said where nothing was, or where it is off") {
  CHECK_FALSE(read(TraceMode::pass, {{"Host", "x"}}).drops_fields);
  const auto off = read(TraceMode::off, {{"traceparent", "00-x"}});
  CHECK_FALSE(off.drops_fields);
  CHECK(off.id.empty());
}

TEST_CASE("one of ours") {
  TraceContext context;
  make_trace({0x4bf92f3577b34da6, 0xa3ce929d0e0e4736, 0x00f067aa0ba902b7}, context);
  CHECK(context.made == kGood);
  CHECK(context.id == kTraceId);
  make_trace({0, 0, 0}, context);
  CHECK(is_traceparent(context.made));
  context.start_over();
  CHECK(context.made.empty());
  CHECK(context.id.empty());
}
