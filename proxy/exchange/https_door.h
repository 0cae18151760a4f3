#pragma once
#include <string_view>

#include "proxy/exchange/record.h"
#include "proxy/exchange/worker_context.h"
#include "proxy/http/stream.h"

namespace lp {

inline constexpr std::string_view kToHttps = "to_https";  // the access log's decision

// What a listener with redirect_to_https answers to everybody: where the same is under https, and to probes what they
// get elsewhere. No app, no session, no page is behind it.
class HttpsDoor final : public AnswersFromHead {
 public:
  // Both must outlive it.
  HttpsDoor(WorkerContext& context, ClientStream& client) : context_(context), client_(client) {}

  void on_request(const ParsedRequest& request, std::size_t head_bytes) override;
  void on_bad_request(const ParseError& error) override;

 private:
  [[nodiscard]] Answer answer_to(const ParsedRequest& request);
  void log_access(const ParsedRequest& request, const Answer& answer);

  WorkerContext& context_;
  ClientStream& client_;
  ExchangeRecord record_;
};

}  // namespace lp
