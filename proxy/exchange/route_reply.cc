#include "proxy/exchange/route_reply.h"

#include <ctime>
#include <string>

#include "proxy/http/file_response.h"

namespace lp {

std::size_t send_as_of_app(ClientStream& client, OutgoingResponse frame, const Answer& made, bool is_head) {
  const bool may_have_content = made.status != 204;  // RFC 9110 8.6
  const bool has_content = may_have_content && !is_head;
  const std::string date = http_date(std::time(nullptr));
  const std::string length = std::to_string(made.body.size());
  ResponseHead head;
  head.status = made.status;
  head.fields.add("Date", date);
  for (const auto& [name, value] : made.headers) head.fields.add(name, value);
  if (has_content)
    frame.body = {BodyFraming::Kind::length, made.body.size()};
  else if (may_have_content)
    head.fields.add("Content-Length", length);
  client.send_head(head, frame);
  if (has_content) client.send_body(made.body);
  return has_content ? made.body.size() : 0;
}

}  // namespace lp
