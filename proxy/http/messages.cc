#include "proxy/http/messages.h"

#include <utility>

#include "base/encoding.h"

namespace lp {
namespace {

// The fields of a message keep their storage for the next one.
template <class Message>
void clear_message(Message& message) {
  Fields fields = std::move(message.head.fields);
  fields.clear();
  message = Message{};
  message.head.fields = std::move(fields);
}

}  // namespace

bool says_event_stream(const Fields& fields) {
  constexpr std::string_view kType = "text/event-stream";
  return iequals(fields.get("Content-Type").substr(0, kType.size()), kType);
}

void ParsedRequest::clear() {
  std::string host = std::move(good_host);
  clear_message(*this);
  good_host = std::move(host);
}
void ParsedResponse::clear() { clear_message(*this); }

}  // namespace lp
