#pragma once
#include <functional>
#include <string>

#include "base/deadline.h"
#include "config/settings.h"
#include "proxy/http/events_source.h"
#include "proxy/http1/head_limits.h"
#include "proxy/http1/request_under_way.h"
#include "proxy/net/buffer.h"
#include "proxy/net/free_list.h"
#include "proxy/net/memory_budget.h"

namespace lp {

// What a listener with TLS adds.
struct OverTls {
  std::string strict_transport;  // what each answer says in Strict-Transport-Security; empty: nothing
  std::function<void(const std::string& peer, const std::string& reason)> tell_failed_handshake;
};

// What a client's connection needs of its worker and listener, all of which outlive it.
struct ClientEnvironment {
  EventLoop& loop;
  DeadlineWheel& wheel;
  BufferPool& buffers;
  const LimitSettings& limits;
  const TimeoutSettings& timeouts;
  const ClientHeaderRules& header_rules;
  std::string& scratch;
  MemoryBudget& memory;
  FreeList<RequestUnderWay>& requests;
  bool needs_host = true;  // see HeadLimits
  bool is_for_probes = false;
  const OverTls* over_tls = nullptr;
  HeadLimits head_limits = head_limits_of(limits, needs_host, is_for_probes);
};

}  // namespace lp
