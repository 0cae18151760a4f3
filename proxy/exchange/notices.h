#pragma once
#include <cstdint>
#include <string_view>

#include "config/route_limits.h"

#include "proxy/exchange/record.h"
#include "proxy/exchange/worker_context.h"
#include "proxy/route/resolve.h"

// What the log says of one request.
namespace lp {

// Without what is asked for behind it: `target` is as sent.
[[nodiscard]] inline std::string_view path_of_target(std::string_view target) {
  return target.substr(0, target.find_first_of("?#"));
}

inline void tell_of_bad_request(const WorkerContext& context, const ExchangeRecord& record, std::string_view path,
                                std::string_view rule) {
  context.log.info("bad request", {{"id", std::string_view(record.id)},
                                   {"client", std::string_view(record.client.address)},
                                   {"path", path},
                                   {"rule", rule}});
}

inline void tell_of_unknown_host(WorkerContext& context, const ExchangeRecord& record, const ParsedRequest& request) {
  const bool is_of_logto = is_backchannel_path(path_of_target(request.path_and_query), context.settings.auth_prefix);
  context.server.unknown_hosts.tell({request.authority, record.id, is_of_logto}, context.log);
}

inline void tell_of_refused_check(const WorkerContext& context, const ExchangeRecord& record, std::string_view decision,
                                  std::string_view reason) {
  context.log.warning("a check for another proxy was refused", {{"id", std::string_view(record.id)},
                                                                {"client", std::string_view(record.client.address)},
                                                                {"decision", decision},
                                                                {"reason", reason}});
}

inline void tell_of_broken_answer(const WorkerContext& context, const ExchangeRecord& record, std::string_view why) {
  context.log.warning("answer broken off", {{"id", std::string_view(record.id)}, {"reason", why}});
}

inline void tell_of_large_body(const WorkerContext& context, const ExchangeRecord& record, const RouteSettings* route,
                               bool is_collected) {
  const bool is_of_route = route != nullptr && route->limits.request_body_bytes.has_value();
  const std::int64_t all = request_body_limit(context.settings, route);
  const bool is_buffer = is_collected && (all == kUnlimited || route->buffer_request_bytes < all);
  context.log.info("request body over the limit",
                   {{"id", std::string_view(record.id)},
                    {"client", std::string_view(record.client.address)},
                    {"route", route == nullptr ? std::string_view() : std::string_view(route->label)},
                    {"key", is_buffer     ? "buffer_request of the route"
                            : is_of_route ? "limits.request_body of the route"
                                          : "limits.request_body"},
                    {"limit_bytes", is_buffer ? route->buffer_request_bytes : all}});
}

// Whatever runs for a session that is over, or of which nobody can say so.
inline void tell_of_session_over(const WorkerContext& context, const ExchangeRecord& record, bool has_ended,
                                 const RouteSettings& route, std::string_view sub, std::string_view what) {
  context.log.info(
      has_ended ? "session over" : "Redis is away for longer than redis.grace: what runs for a session is cut",
      {{"id", std::string_view(record.id)}, {"sub", sub}, {"route", std::string_view(route.label)}, {"reason", what}});
}

}  // namespace lp
