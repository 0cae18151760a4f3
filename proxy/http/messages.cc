#include "proxy/http/messages.h"

#include <utility>

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

void ParsedRequest::clear() {
  std::string host = std::move(good_host);
  clear_message(*this);
  good_host = std::move(host);
}
void ParsedResponse::clear() { clear_message(*this); }

}  // namespace lp
