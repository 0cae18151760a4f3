#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/exchange/access_log.h"
#include "proxy/http/client_facts.h"
#include "proxy/http/trace_context.h"

namespace lp {

struct ExchangeCounts {
  std::int64_t began_unix_ms = 0;
  std::int64_t began_ms = 0;      // monotonic
  std::int64_t asked_ms = 0;      // monotonic: from when on the app is waited for, and nobody else
  std::int64_t upstream_ms = -1;  // from there to the app's response head; -1: no app was asked, or none answered
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  int status = 0;             // 0: nothing was answered yet
  std::string_view decision;  // static text
  std::string_view shadow;    // static text: what a route with `shadow` would have done
  bool was_forwarded = false;
};

// What is known and counted of one request, to be told when it has ended. A new request begins with a new one.
struct ExchangeRecord : ExchangeCounts {
  // The texts keep their memory for the next request; the client is read anew into it (read_client_facts).
  void start_over() {
    static_cast<ExchangeCounts&>(*this) = {};
    id.clear();
    trace.start_over();
    shadow_missing.clear();
    client.start_over();
  }

  std::string id;  // X-Request-Id
  TraceContext trace;
  ClientFacts client;  // behind trusted hops
  std::string shadow_missing;
};

// As far as it is known here.
[[nodiscard]] inline AccessRecord access_record(const ExchangeRecord& of, std::int64_t now_ms) {
  AccessRecord record;
  record.time_unix_ms = of.began_unix_ms;
  record.id = of.id;
  record.client = of.client.address;
  record.decision = of.decision;
  record.shadow = of.shadow;
  record.shadow_missing = of.shadow_missing;
  record.status = of.status;
  record.bytes_in = of.bytes_in;
  record.bytes_out = of.bytes_out;
  record.duration_ms = now_ms - of.began_ms;
  record.upstream_ms = of.upstream_ms;
  record.trace = of.trace.id;
  return record;
}

}  // namespace lp
