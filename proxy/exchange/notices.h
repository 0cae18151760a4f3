#pragma once
#include <string_view>

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

}  // namespace lp
