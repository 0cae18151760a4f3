#include "proxy/server/wire_choice.h"

#include <algorithm>
#include <utility>

namespace lp {

namespace {
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";  // RFC 9113 3.4
}

std::optional<bool> begins_as_http2(std::string_view bytes) {
  const std::size_t known = std::min(bytes.size(), kPreface.size());
  if (bytes.substr(0, known) != kPreface.substr(0, known)) return false;
  return known == kPreface.size() ? std::optional(true) : std::nullopt;
}

WireChoice::WireChoice(EventLoop& loop, DeadlineWheel& wheel, BufferPool& buffers, Transport transport,
                       std::string peer_address, std::int64_t patience_ms, Done on_done)
    : transport_(std::move(transport)),
      peer_address_(std::move(peer_address)),
      patience_ms_(patience_ms),
      on_done_(std::move(on_done)),
      first_bytes_(buffers),
      writer_(loop, buffers, [this] { (void)writer_.resume(); }),
      input_(loop, transport_, [this] { on_readable(); }),
      deadline_(wheel, [this] { finish(std::nullopt); }) {
  writer_.attach(transport_.fd(), transport_.tls());
  input_.enable();
  deadline_.set_ms(patience_ms_);
}

void WireChoice::on_readable() {
  if (transport_.tls() != nullptr)
    shake_hands();
  else
    read_first_bytes();
}

void WireChoice::shake_hands() {
  TlsSession& tls = *transport_.tls();
  const ReceiveResult::Kind got = tls.shake_hands(transport_.fd());
  writer_.send_own_of_tls();
  if (writer_.has_failed()) return finish(std::nullopt);  // tickets that met a reset: who is next would wait for them
  if (got == ReceiveResult::Kind::again) return;
  if (got == ReceiveResult::Kind::data) return finish(Chosen{tls.protocol() == kHttp2Protocol, {}});
  if (tls.is_plain_http()) return finish(Chosen{});
  has_failed_ = true;
  finish(std::nullopt);
}

void WireChoice::read_first_bytes() {
  first_bytes_.make_room(kPreface.size());
  const ReceiveResult got = transport_.receive(first_bytes_);
  if (got.kind == ReceiveResult::Kind::again) return;
  if (got.kind == ReceiveResult::Kind::failed) return finish(std::nullopt);
  const bool is_over = got.kind == ReceiveResult::Kind::end;
  const std::optional<bool> is_http2 = is_over ? std::optional(false) : begins_as_http2(first_bytes_.data());
  if (is_http2) finish(Chosen{*is_http2, std::string(first_bytes_.data())});
}

void WireChoice::finish(std::optional<Chosen> chosen) {
  input_.disable();
  writer_.detach();
  deadline_.clear();
  on_done_(*this, std::move(chosen));
}

std::string WireChoice::failed_handshake() const {
  return has_failed_ && transport_.tls() != nullptr ? transport_.tls()->failure() : std::string();
}

bool WireChoice::close_if_idle() {
  if (!first_bytes_.empty() || transport_.has_unread_input()) return false;
  finish(std::nullopt);
  return true;
}

std::optional<std::int64_t> WireChoice::idle_ms() const {
  return std::max<std::int64_t>(patience_ms_ - deadline_.left_ms(), 0);
}

}  // namespace lp
