#include "proxy/net/transport.h"

namespace lp {

InputEvent::InputEvent(EventLoop& loop, const Transport& transport, std::function<void()> on_readable)
    : beyond_(transport.tls() == nullptr ? nullptr : new Beyond{transport, std::move(on_readable), loop}),
      event_(loop, transport.fd(), kReadable,
             beyond_ ? std::function<void()>([this] { run(); }) : std::move(on_readable)) {}

void InputEvent::run() {
  if (!event_.enabled()) return;
  beyond_->on_readable();
  look_beyond();
}

// In the next turn, after everybody else.
void InputEvent::look_beyond() {
  if (!event_.enabled() || !beyond_->transport.has_pending()) return;
  if (beyond_->again == nullptr) beyond_->again = std::make_unique<Timer>(beyond_->loop, [this] { run(); });
  beyond_->again->start_ms(0);
}

}  // namespace lp
