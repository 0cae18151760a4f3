#pragma once
#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "proxy/http1/client.h"
#include "tests/support/wire.h"

// A client connection between a scripted exchange and a scripted client.
namespace lp::test {

// What the connection told its exchange, and what the test does then.
struct Script {
  std::vector<std::string> paths;
  std::vector<std::string> bodies;
  int ends = 0, batch_ends = 0, drained = 0, gone = 0;
  std::vector<std::string> refused;  // "400 rule"
  std::function<void(ClientStream&, const ParsedRequest&)> on_request;
  std::function<void(ClientStream&, std::string_view)> on_body;
  std::function<void(ClientStream&)> on_end;
  std::function<void(ClientStream&)> on_drained;
};

inline Answer text_answer(std::string body, int status = 200) {
  Answer answer;
  answer.status = status;
  answer.body = std::move(body);
  return answer;
}

class Scripted final : public RequestEvents {
 public:
  Scripted(Script& script, ClientStream& client) : script_(script), client_(client) {}
  void on_request(const ParsedRequest& request, std::size_t) override {
    script_.paths.emplace_back(request.path_and_query);
    script_.bodies.emplace_back();
    if (script_.on_request) script_.on_request(client_, request);
  }
  void on_bad_request(const ParseError& error) override {
    script_.refused.push_back(std::to_string(error.status) + " " + error.rule);
    client_.send_answer(text_answer("refused\n", error.status), false, true);
  }
  void on_request_body(std::string_view bytes) override {
    script_.bodies.back().append(bytes);
    if (script_.on_body) script_.on_body(client_, bytes);
  }
  void on_request_end() override {
    ++script_.ends;
    if (script_.on_end) script_.on_end(client_);
  }
  void on_request_batch_end() override { ++script_.batch_ends; }
  void on_client_drained() override {
    ++script_.drained;
    if (script_.on_drained) script_.on_drained(client_);
  }
  void on_client_gone() override { ++script_.gone; }

 private:
  Script& script_;
  ClientStream& client_;
};

inline const std::string kGet = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
inline std::string get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n"; }

struct World {
  EventLoop loop;
  DeadlineWheel wheel{loop};
  BufferPool buffers;
  LimitSettings limits;
  TimeoutSettings timeouts;
  Settings settings;
  ClientHeaderRules rules{settings};
  std::string scratch;
  Script script;
  ClientStream* stream = nullptr;
  std::unique_ptr<Http1Client> connection;
  int closed = 0;
  std::unique_ptr<Peer> client;

  explicit World(TimeoutSettings with = {}, int buffer_bytes = 0) : timeouts(with) {
    TcpPair pair(buffer_bytes);
    client = std::make_unique<Peer>(loop, std::move(pair.theirs));
    const Http1Client::Environment environment{loop, wheel, buffers, limits, timeouts, rules, scratch};
    connection = std::make_unique<Http1Client>(
        environment, std::move(pair.ours), "192.0.2.1",
        [this](ClientStream& made) {
          stream = &made;
          return std::make_unique<Scripted>(script, made);
        },
        [this](Http1Client&) {
          ++closed;
          loop.defer_delete(std::move(connection));
        });
  }
  ~World() { loop.delete_deferred(); }
  bool wait(const std::function<bool()>& what) { return wait_until(loop, what); }
  void wait_for_client(std::string_view text) {
    wait([&] { return client->has(text) || client->ended; });
    CHECK_MESSAGE(client->has(text), "received: " << client->received.substr(0, 500));
  }
};

inline TimeoutSettings brief() {
  TimeoutSettings timeouts;
  timeouts.request_head_ms = timeouts.idle_connection_ms = timeouts.body_idle_ms = 100;
  return timeouts;
}

// An answer of the app, framed by its length.
inline void send_response(ClientStream& client, const std::string& body, bool keep_alive = true) {
  ResponseHead head;
  head.status = 200;
  head.reason = "OK";
  OutgoingResponse out;
  out.body = {BodyFraming::Kind::length, body.size()};
  out.keep_alive = keep_alive;
  client.send_head(head, out);
  client.send_body(body);
  client.end();
}

}  // namespace lp::test
