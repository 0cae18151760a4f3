#include "proxy/exchange/websocket_tunnel.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/crypto.h"

namespace lp {
namespace {

// How long a tunnel's ends get to take their close frames: a second at most.
constexpr std::uint8_t kClosingSweeps = 2;

std::array<char, 4> random_mask() {
  std::array<char, 4> mask{};
  const std::string bytes = random_bytes(mask.size());
  std::copy(bytes.begin(), bytes.end(), mask.begin());
  return mask;
}

}  // namespace

bool Tunnel::close(ClientStream& client, std::unique_ptr<UpstreamStream>& app, const CloseCause& cause) {
  if (!is_websocket_) {
    app.reset();
    return false;
  }
  tell_app(app, cause);
  if (!app_frames_.at_frame_boundary()) return false;
  sweeps_left_ = kClosingSweeps;
  if (!app_frames_.has_closed()) client.send_body(close_frame(cause.code, cause.reason));
  return true;
}

// In mid-frame there is no place for ours: the end of the connection must say it.
void Tunnel::tell_app(std::unique_ptr<UpstreamStream>& app, const CloseCause& cause) const {
  if (client_ended_ || client_frames_.has_closed()) return;  // it knows
  if (!client_frames_.at_frame_boundary()) return app.reset();
  app->send_body(close_frame(cause.code, cause.reason, random_mask()));
  app->end_body();
}

// The side that closes first in WebSocket is the server's, once both close frames have passed (RFC 6455 7.1.1).
bool Tunnel::is_done(const ClientStream& client) const {
  return (client_ended_ || client_frames_.has_closed()) && client.unsent_bytes() == 0;
}

}  // namespace lp
