#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "proxy/http2/upstream.h"
#include "proxy/upstream/pool.h"

namespace lp {

// HTTP/2 connections, each for as many requests at once as the app allows: a further one is opened when they are full,
// and max_connections and queue count as in HTTP/1. There are no connections here that an app has signed in, none that
// settle, and none in anybody's way: a client that is slow holds up its own stream
// (docs/decisions/0066-http2-to-apps.md).
class Http2Pool final : public UpstreamPool,
                        private Http2Upstream::Owner,
                        private Http2UpstreamStream::Owner,
                        private ConnectionSlots::Member {
 public:
  Http2Pool(const UpstreamEnvironment& environment, SharedUpstream& shared);
  ~Http2Pool() override;

  [[nodiscard]] std::unique_ptr<UpstreamStream> lease(UpstreamEvents& events, Choice choice,
                                                      const UpstreamClient& client) override;
  using UpstreamPool::lease;
  void close() override;

 private:
  void has_room(Http2Upstream& connection) override;
  void left_over(Http2UpstreamStream& stream) override { place(stream, Choice::any); }
  void app_leaves() override;
  void is_idle(Http2Upstream& connection) override;
  void remove(Http2Upstream& connection) override;
  void tls_failed(const std::string& why) override { note_tls_failure(why); }
  void left(Http2UpstreamStream& stream) override;
  void slot_is_given(ConnectionSlots::Ticket ticket) override;
  void idle_is_wanted() override;
  void idle_is_in_the_way() override {}
  void others_wait() override {}

  void place(Http2UpstreamStream& stream, Choice choice);
  [[nodiscard]] Http2Upstream* find_place(Choice choice);
  void open_for(Http2UpstreamStream& stream);
  void take_slot(ConnectionSlots::Ticket ticket);
  void close_one_idle();
  void count_idle();
  [[nodiscard]] bool is_limited() const { return environment_.settings.max_connections != kUnlimited; }

  std::vector<std::unique_ptr<Http2Upstream>> connections_;  // the oldest first: it is filled first
  std::vector<std::pair<ConnectionSlots::Ticket, Http2UpstreamStream*>> queued_;
};

}  // namespace lp
