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

void ParsedRequest::clear() { clear_message(*this); }
void ParsedResponse::clear() { clear_message(*this); }

}  // namespace lp
