#include "proxy/http2/session.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>

using namespace lp;

namespace {

// Keeps what it is told, and lets the test speak.
struct Told {
  ClientStream* client = nullptr;
  std::string body, trailers;
  int ends = 0, gone = 0, drained = 0, bad = 0;
};

class Scripted final : public RequestEvents {
 public:
  Scripted(Told& told, ClientStream& client) : told_(told) { told_.client = &client; }
  void on_request(const ParsedRequest&, std::size_t) override {}
  void on_bad_request(const ParseError&) override { ++told_.bad; }
  void on_request_body(std::string_view bytes) override { told_.body += bytes; }
  void on_request_trailers(const Fields& fields) override {
    for (const Field& field : fields.all()) told_.trailers.append(field.name).append("=").append(field.value);
  }
  void on_request_end() override { ++told_.ends; }
  void on_request_batch_end() override {}
  void on_client_drained() override { ++told_.drained; }
  void on_client_gone() override { ++told_.gone; }

 private:
  Told& told_;
};

std::string frame(char type, char flags, char stream, const std::string& payload) {
  std::string out{
      '\0', static_cast<char>(payload.size() >> 8U), static_cast<char>(payload.size()), type, flags, 0, 0, 0, stream};
  return out + payload;
}
std::string field(const std::string& name, const std::string& value) {
  return std::string{'\0', static_cast<char>(name.size())} + name + static_cast<char>(value.size()) + value;
}
std::string head(const std::string& method) {
  return field(":method", method) + field(":scheme", "http") + field(":authority", "x") + field(":path", "/");
}
constexpr char kData = 0, kHeaders = 1, kReset = 3, kSettings = 4, kWindow = 8, kEndStream = 1, kEndHeaders = 4;

struct World {
  EventLoop loop;
  DeadlineWheel wheel{loop};
  BufferPool buffers;
  LimitSettings limits;
  TimeoutSettings timeouts;
  Settings settings;
  ClientHeaderRules rules{settings};
  std::string scratch;
  MemoryBudget memory{1 << 20};
  Told told;
  FreeList<RequestUnderWay> requests;
  FreshEvents make{[this](ClientStream& stream) { return std::make_unique<Scripted>(told, stream); }};
  int client = -1;
  bool is_closed = false;
  std::unique_ptr<Http2Session> session;

  explicit World(const std::string& settings_payload = {}) {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
    client = ends[1];
    session = std::make_unique<Http2Session>(
        ClientEnvironment{loop, wheel, buffers, limits, timeouts, rules, scratch, memory, requests},
        Transport(Socket(ends[0])), "192.0.2.1", make, [this](ClientConnection&) { is_closed = true; });
    say("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(kSettings, 0, 0, settings_payload));
    (void)hear();
  }
  ~World() {
    ::close(client);
    loop.defer_delete(std::move(session));
    loop.delete_deferred();
    CHECK(memory.used_bytes() == 0);
  }
  void turn() {
    for (int i = 0; i < 2; ++i) {
      loop.post([this] { loop.stop(); });
      loop.run();
    }
  }
  void say(const std::string& bytes) {
    REQUIRE(::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
    turn();
  }
  std::string hear() {
    turn();
    std::string all(1 << 20, '\0');
    const ssize_t got = ::recv(client, all.data(), all.size(), 0);
    all.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return all;
  }
  // Payloads of the DATA frames among these bytes.
  static std::string data_in(std::string_view bytes) {
    std::string found;
    while (bytes.size() >= 9) {
      const std::size_t length =
          static_cast<std::size_t>(static_cast<unsigned char>(bytes[1])) << 8U | static_cast<unsigned char>(bytes[2]);
      if (bytes[3] == kData) found += bytes.substr(9, length);
      bytes.remove_prefix(std::min(bytes.size(), 9 + length));
    }
    return found;
  }
};

void begin_answer(ClientStream& client, BodyFraming body) {
  ResponseHead answer;
  answer.status = 200;
  OutgoingResponse out;
  out.body = body;
  client.send_head(answer, out);
}

const BodyFraming kUnknownLength{BodyFraming::Kind::chunked, 0};

}  // namespace

TEST_CASE("trailers of both sides") {
  World world;
  world.say(frame(kHeaders, kEndHeaders, 1, head("POST")) + frame(kData, 0, 1, "body") +
            frame(kHeaders, kEndHeaders | kEndStream, 1, field("x-sum", "1")));
  CHECK(world.told.body == "body");
  CHECK(world.told.trailers == "x-sum=1");
  CHECK(world.told.ends == 1);
  begin_answer(*world.told.client, kUnknownLength);
  world.told.client->send_body("answer");
  Fields trailers;
  trailers.add("Grpc-Status", "0");
  world.told.client->send_trailers(trailers);
  world.told.client->end();
  const std::string heard = world.hear();
  CHECK(World::data_in(heard) == "answer");
  CHECK(heard.find("grpc-status") == std::string::npos);  // Huffman
  const std::size_t last = heard.rfind(std::string{kHeaders, kEndHeaders | kEndStream});
  CHECK(last != std::string::npos);
  CHECK(last > heard.find("answer"));
}

TEST_CASE("what nobody takes is held, and its window is given back when somebody does") {
  World world;
  world.say(frame(kHeaders, kEndHeaders, 1, head("POST")));
  world.told.client->pause_request_body();
  world.say(frame(kData, 0, 1, std::string(16'000, 'x')) + frame(kData, kEndStream, 1, "y"));
  CHECK(world.told.body.empty());
  CHECK(world.told.ends == 0);
  CHECK(world.memory.used_bytes() > 16'000);
  world.told.client->resume_request_body();
  CHECK(world.told.body.empty());
  world.turn();
  CHECK(world.told.body.size() == 16'001);
  CHECK(world.told.ends == 1);
  Answer answer;
  world.told.client->send_answer(answer, false, true);
}

TEST_CASE("without a window an answer waits, and who makes it is told when it has gone") {
  World world(std::string("\0\4\0\0\0\0", 6));
  world.say(frame(kHeaders, kEndHeaders | kEndStream, 1, head("GET")));
  ClientStream& client = *world.told.client;
  begin_answer(client, kUnknownLength);
  client.send_body("0123456789");
  client.flush();
  CHECK(client.room() == ClientStream::Room::none);
  CHECK(client.unsent_bytes() == 10);
  CHECK(World::data_in(world.hear()).empty());
  world.say(frame(kWindow, 0, 1, std::string("\0\0\0\4", 4)));
  CHECK(World::data_in(world.hear()) == "0123");
  CHECK(world.told.drained == 0);
  world.say(frame(kWindow, 0, 1, std::string("\0\0\0\x40", 4)));
  CHECK(World::data_in(world.hear()) == "456789");
  CHECK(world.told.drained == 1);
  client.end();
  CHECK(World::data_in(world.hear()).empty());
  CHECK_FALSE(world.session->is_busy());
}

TEST_CASE("a stream that the client takes back is gone, once; the connection is not") {
  World world;
  world.say(frame(kHeaders, kEndHeaders | kEndStream, 1, head("GET")));
  world.say(frame(kReset, 0, 1, std::string("\0\0\0\x08", 4)));
  CHECK(world.told.gone == 1);
  world.say(frame(kHeaders, kEndHeaders | kEndStream, 3, head("GET")));
  CHECK(world.session->is_busy());
  world.told.client->abort();
  world.turn();
  CHECK_FALSE(world.session->is_busy());
  CHECK(world.told.gone == 1);
  CHECK(world.session->close_if_idle());
}
