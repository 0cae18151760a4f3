#include "proxy/exchange/https_door.h"

#include <utility>

#include "proxy/exchange/access_log.h"
#include "proxy/exchange/acme_answer.h"
#include "proxy/exchange/notices.h"
#include "proxy/exchange/readiness.h"
#include "proxy/http/client_facts.h"
#include "proxy/route/to_https.h"

namespace lp {

void HttpsDoor::on_request(const ParsedRequest& request, std::size_t head_bytes) {
  record_.start_over();
  record_.bytes_in = head_bytes;
  record_.began_unix_ms = context_.clock.unix_ms();
  record_.client = client_facts(client_.peer_address(), request.head.fields, context_.settings.trusted_proxies,
                                context_.settings.client_ip_header);
  context_.write_next_request_id(record_.id);
  const Answer answer = answer_to(request);
  const bool without_body = request.head.method == "HEAD";
  record_.status = answer.status;
  record_.bytes_out = without_body ? 0 : answer.body.size();
  if (answer.status == 421) tell_of_unknown_host(context_, record_, request);
  log_access(request, answer);
  const bool goes_on = !context_.server.draining.load(std::memory_order_relaxed);
  client_.send_answer(answer, without_body, request.keep_alive && answer.status < 400 && goes_on);
}

Answer HttpsDoor::answer_to(const ParsedRequest& request) {
  record_.decision = kAcmeChallenge;
  if (auto challenge = acme_answer(context_, request)) return std::move(*challenge);
  const FixedAnswer asked =
      fixed_answer_to(request.head.method, request.path_and_query, request.head.fields, context_.settings.health);
  record_.decision = asked == FixedAnswer::none ? kToHttps : std::string_view("health");
  if (asked != FixedAnswer::none) return fixed_answer(asked, context_.server.readiness, context_.clock.monotonic_ms());
  return answer_to_https(request.authority, request.head.method, request.path_and_query, context_.settings);
}

void HttpsDoor::on_bad_request(const ParseError& error) {
  record_.start_over();
  context_.write_next_request_id(record_.id);
  record_.client.address = client_.peer_address();
  tell_of_bad_request(context_, record_, {}, error.rule);
  Answer answer;
  answer.status = error.status;
  client_.send_answer(answer, false, false);
}

void HttpsDoor::log_access(const ParsedRequest& request, const Answer& answer) {
  if (!context_.log.access_enabled()) return;
  AccessRecord line;
  line.time_unix_ms = record_.began_unix_ms;
  line.id = record_.id;
  line.client = record_.client.address;
  line.method = request.head.method;
  line.host = request.authority;
  line.path = path_of_target(request.path_and_query);
  line.decision = answer.status == 421 ? std::string_view("unknown_host") : record_.decision;
  line.status = record_.status;
  line.bytes_in = record_.bytes_in;
  line.bytes_out = record_.bytes_out;
  const AccessLogSettings& wanted = context_.settings.access_log;
  if (!wanted.exclude.empty() && is_left_out(line, wanted)) return;
  context_.scratch.clear();
  append_access_line(context_.scratch, line, wanted);
  context_.log.access(context_.scratch);
}

}  // namespace lp
