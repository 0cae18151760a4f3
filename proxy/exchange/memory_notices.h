#pragma once
#include <cstdint>
#include <string_view>

#include "proxy/exchange/record.h"
#include "proxy/exchange/worker_context.h"

// What the log says of limits.buffered: each once, and then once a minute with how often.
namespace lp {

inline void tell_of_memory(const WorkerContext& context, const ExchangeRecord& record, RepeatedNotice& notice,
                           std::string_view what) {
  const auto times = notice.happened(context.clock.monotonic_ms());
  if (!times) return;
  context.log.warning(what, {{"id", std::string_view(record.id)},
                             {"client", std::string_view(record.client.address)},
                             {"used_bytes", context.server.memory.used_bytes()},
                             {"limit_bytes", context.server.memory.limit_bytes()},
                             {"times", *times}});
}

inline void tell_of_no_memory(const WorkerContext& context, const ExchangeRecord& record) {
  tell_of_memory(context, record, context.server.memory_notice,
                 "requests are refused with 503, for limits.buffered is used up, or one client has half of it");
}

inline void tell_of_slow_clients(const WorkerContext& context, const ExchangeRecord& record) {
  tell_of_memory(context, record, context.server.slow_clients_notice,
                 "clients that do not read their answers have what limits.buffered leaves them, or one client has half "
                 "of that: less is read from apps for them");
}

}  // namespace lp
