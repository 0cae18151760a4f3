#pragma once
#include <string_view>

#include "proxy/exchange/record.h"
#include "proxy/exchange/worker_context.h"
#include "proxy/http/messages.h"
#include "proxy/http/stream.h"
#include "proxy/upstream/pool.h"

// What is told, and to whom, of an app that fails or that breaks HTTP/1.1.
namespace lp {

struct UpstreamFault {
  int status;              // for the client
  std::string_view words;  // for the log
};
[[nodiscard]] UpstreamFault fault_of(UpstreamError error, bool nothing_came);  // of an answer

// For the log. `rule`: which the answer breaks; null: none, or not known.
void tell_failed(WorkerContext& context, const ExchangeRecord& record, const RouteSettings& route, UpstreamError error,
                 std::string_view words, const char* rule);
// Once for each kind, in the whole process: the app will say it again and again.
void tell_of_repairs(const WorkerContext& context, const ExchangeRecord& record, const UpstreamPool& upstream,
                     Repairs repairs);
// `bytes`: the first of the body of a 400, in which servers say that they expect TLS at this port. The client gets that
// page as it is; the operator would not know what it is about. Once in the whole process for each upstream.
void tell_if_expects_tls(const WorkerContext& context, const ExchangeRecord& record, const UpstreamPool& upstream,
                         std::string_view bytes);

}  // namespace lp
