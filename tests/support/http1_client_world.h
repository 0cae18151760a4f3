#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/deadline.h"
#include "proxy/http1/client.h"
#include "tests/support/wire.h"

// A client connection between a scripted exchange and a scripted client.
namespace lp::test::connections {

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

Answer text_answer(std::string body, int status = 200);

class Scripted final : public RequestEvents {
 public:
  Scripted(Script& script, ClientStream& client) : script_(script), client_(client) {}
  void on_request(const ParsedRequest& request, std::size_t) override;
  void on_bad_request(const ParseError& error) override;
  void on_request_body(std::string_view bytes) override;
  void on_request_end() override;
  void on_request_batch_end() override { ++script_.batch_ends; }
  void on_client_drained() override;
  void on_client_gone() override { ++script_.gone; }

 private:
  Script& script_;
  ClientStream& client_;
};

inline const std::string kGet = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
std::string get(const std::string& path);

// What a connection needs, and the connection once it is accepted. The loop must outlive it.
struct Accepted {
  DeadlineWheel wheel;
  LimitSettings limits;
  TimeoutSettings timeouts;
  Settings settings;
  ClientHeaderRules rules{settings};
  MemoryBudget memory{1 << 20};
  std::string scratch;
  Script script;
  ClientStream* stream = nullptr;
  FreeList<RequestUnderWay> requests;
  std::optional<ClientEnvironment> environment;
  FreshEvents events;
  std::unique_ptr<Http1Client> connection;
  int closed = 0;

  Accepted(EventLoop& loop, TimeoutSettings with);
  void accept(EventLoop& loop, BufferPool& buffers, Transport transport,
              const Http1Client::OverTls* over_tls = nullptr);
};

struct LoopAndBuffers {
  EventLoop loop;
  BufferPool buffers;
};

struct World : LoopAndBuffers, Accepted {
  std::unique_ptr<Peer> client;

  explicit World(TimeoutSettings with = {}, int buffer_bytes = 0);
  ~World() { loop.delete_deferred(); }
  bool wait(const std::function<bool()>& what) { return wait_until(loop, what); }
  void wait_for_client(std::string_view text);
};

TimeoutSettings brief();

// An answer of the app, framed by its length.
void send_response(ClientStream& client, const std::string& body, bool keep_alive = true);

}  // namespace lp::test::connections
