#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "proxy/http2/session.h"

namespace {

// Answers each request at once, or when its body is here, and now and then by breaking off.
class Answering final : public lp::RequestEvents {
 public:
  explicit Answering(lp::ClientStream& client) : client_(client) {}
  void on_request(const lp::ParsedRequest& request, std::size_t) override {
    if (request.body.kind == lp::BodyFraming::Kind::chunked) client_.pause_request_body();
    if (request.head.method == "DELETE") return finish([this] { client_.abort(); });
    if (request.wants_websocket) {
      lp::ResponseHead head;
      head.status = 101;
      client_.send_head(head, {});
      return client_.become_tunnel();
    }
    client_.resume_request_body();
    if (request.head.method == "GET") on_request_end();
  }
  void on_bad_request(const lp::ParseError& error) override { answer(error.status); }
  void on_request_body(std::string_view bytes) override { bytes_ += bytes.size(); }
  void on_request_end() override { answer(200); }
  void on_request_batch_end() override {}
  void on_client_drained() override {}
  void on_client_gone() override {
    LP_CHECK(!done_, "a client that is gone twice");
    done_ = true;
  }

 private:
  template <class F>
  void finish(F how) {
    if (std::exchange(done_, true)) return;
    how();
  }
  void answer(int status) {
    finish([&] {
      lp::Answer made;
      made.status = status;
      made.body.assign(bytes_ % 70'000, 'x');
      client_.send_answer(made, false, true);
    });
  }
  lp::ClientStream& client_;
  std::size_t bytes_ = 1'000;
  bool done_ = false;
};

struct World {
  lp::EventLoop loop;
  lp::DeadlineWheel wheel{loop};
  lp::BufferPool buffers;
  lp::LimitSettings limits;
  lp::TimeoutSettings timeouts;
  lp::Settings settings;
  lp::ClientHeaderRules rules{settings};
  std::string scratch;
  lp::MemoryBudget memory{1 << 20};
  lp::FreeList<lp::RequestUnderWay> requests;

  void turn() {
    loop.post([this] { loop.stop(); });
    loop.run();
  }
};

}  // namespace

// What a client may say behind its preface, in two pieces.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::string_view kPreface("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33);
  World world;
  std::array<int, 2> ends{};
  LP_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0, "a pair of sockets");
  const lp::Socket client(ends[1]);
  lp::FreshEvents make([](lp::ClientStream& stream) { return std::make_unique<Answering>(stream); });
  bool is_closed = false;
  auto session = std::make_unique<lp::Http2Session>(
      lp::ClientEnvironment{world.loop, world.wheel, world.buffers, world.limits, world.timeouts, world.rules,
                            world.scratch, world.memory, world.requests},
      lp::Transport(lp::Socket(ends[0])), "192.0.2.1", make, [&](lp::ClientConnection&) { is_closed = true; });
  session->begin_with(kPreface);
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const std::string_view piece : {bytes.substr(0, size / 2), bytes.substr(size / 2)}) {
    if (!piece.empty()) (void)::send(ends[1], piece.data(), piece.size(), MSG_NOSIGNAL);
    world.turn();
  }
  if (!is_closed) session->drain();
  world.turn();
  world.loop.defer_delete(std::move(session));
  world.loop.delete_deferred();
  LP_CHECK(world.memory.used_bytes() == 0, "memory that nobody gives back");
  return 0;
}
