#pragma once
#include <cstdint>
#include <memory>
#include <string_view>

#include "proxy/http/stream.h"
#include "proxy/http/websocket_frames.h"

// A tunnel between client and app, from the 101 to its end. Of a WebSocket: where frames begin and end in what both
// say, and how the two are told why it ends, each where its side leaves a place for a close frame. Of anything else
// nothing is known, and its end is that of the connections.
namespace lp {

class Tunnel {
 public:
  void open(bool is_websocket) {
    *this = {};
    is_websocket_ = is_websocket;
  }
  void client_says(std::string_view bytes) {
    if (is_websocket_) client_frames_.feed(bytes);
  }
  void app_says(std::string_view bytes) {
    if (is_websocket_) app_frames_.feed(bytes);
  }
  void client_has_ended() { client_ended_ = true; }

  // It ends. The app is told, and hears of the end where there is no place for it in mid-frame: `app` is
  // given back then. False: the client is in mid-frame, and only the end of its connection can say it.
  [[nodiscard]] bool close(ClientStream& client, std::unique_ptr<UpstreamStream>& app, const CloseCause& cause);
  // Both sides have said what they had to, and the client has got all of it. To be asked after close() has said true.
  [[nodiscard]] bool is_done(const ClientStream& client) const;
  // Once for each sweep after that: true when whoever has not ended by now never will.
  [[nodiscard]] bool has_waited_long_enough() { return --sweeps_left_ == 0; }

 private:
  void tell_app(std::unique_ptr<UpstreamStream>& app, const CloseCause& cause) const;

  bool is_websocket_ = true;
  FrameTracker client_frames_;
  FrameTracker app_frames_;
  bool client_ended_ = false;
  std::uint8_t sweeps_left_ = 0;
};

}  // namespace lp
