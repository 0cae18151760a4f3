#include "proxy/http2/session.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "tests/support/loop_runner.h"

using namespace lp;

namespace {

// Keeps what it is told, and lets the test speak.
struct Told {
  ClientStream* client = nullptr;
  std::string body, trailers;
  int ends = 0, gone = 0, drained = 0, bad = 0;
  bool breaks_off = false;  // what is bad, for its answer is under way
};

class Scripted final : public RequestEvents {
 public:
  Scripted(Told& told, ClientStream& client) : told_(told), client_(client) { told_.client = &client; }
  void on_request(const ParsedRequest&, std::size_t) override {}
  void on_bad_request(const ParseError&) override {
    ++told_.bad;
    Answer answer;
    answer.body = "no";
    told_.breaks_off ? client_.abort() : client_.send_answer(answer, false, true);
  }
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
  ClientStream& client_;
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
  std::array<ReservedMemory, 2> others{ReservedMemory(memory), ReservedMemory(memory)};
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
    for (ReservedMemory& one : others) one.release();
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
  // All but so many bytes of the budget are other people's.
  void leave(std::int64_t bytes) {
    const auto half = static_cast<std::size_t>(memory.limit_bytes() / 2);
    REQUIRE(others[0].cover(half, "198.51.100.1"));
    REQUIRE(others[1].cover(half - static_cast<std::size_t>(bytes), "198.51.100.2"));
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

TEST_CASE("a body that drips is refused; silence alone is something else") {
  World world;
  world.limits.minimum_rate = 100'000'000;  // more than this loop can be
  world.timeouts.rate_window_ms = 400;
  world.say(frame(kHeaders, kEndHeaders, 1, head("POST")));
  while (world.told.bad == 0) world.say(frame(kData, 0, 1, "x"));
  CHECK(world.told.gone == 0);
}

TEST_CASE("an answer whose window opens byte by byte ends, and its connection does not") {
  // Its own window, or the connection's.
  for (const char stream : {'\1', '\0'}) {
    CAPTURE(static_cast<int>(stream));
    World world(stream != 0 ? std::string("\0\4\0\0\0\0", 6) : std::string("\0\4\x3f\xff\xff\xff", 6));
    world.limits.minimum_rate = 100'000;
    world.timeouts.rate_window_ms = 400;
    world.say(frame(kHeaders, kEndHeaders | kEndStream, 1, head("GET")));
    begin_answer(*world.told.client, kUnknownLength);
    world.told.client->send_body(std::string(100'000, 'z'));
    world.told.client->flush();
    while (world.told.gone == 0) {
      world.say(frame(kWindow, 0, stream, std::string("\0\0\0\1", 4)));
      test::run_loop_for_ms(world.loop, 5);
    }
    CHECK(world.hear().find(std::string{kReset, 0, 0, 0, 0, 1, 0, 0, 0, 8}) != std::string::npos);
    CHECK_FALSE(world.is_closed);
  }
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

namespace {

const std::string kNoWindow("\0\4\0\0\0\0", 6);

std::string many_fields() {
  std::string block;
  for (int i = 0; i < 140; ++i) block += field("x-many", std::string(100, 'v'));
  return block;
}

bool has_reset(const std::string& heard, char stream, char code) {
  return heard.find(frame(kReset, 0, stream, std::string{0, 0, 0, code})) != std::string::npos;
}

}  // namespace

TEST_CASE("fields are on the account, and gone as soon as nobody needs them") {
  World world;
  world.say(frame(kHeaders, kEndHeaders, 1, head("POST")));
  world.told.client->pause_request_body();
  const auto with_head = world.memory.used_bytes();
  world.say(frame(kHeaders, kEndHeaders | kEndStream, 1, many_fields()));
  CHECK(world.memory.used_bytes() > with_head + 30'000);
  Answer answer;
  answer.body = "no";
  world.told.client->send_answer(answer, false, true);
  world.turn();
  CHECK(world.memory.used_bytes() == 0);
}

TEST_CASE("an answer that waits for a window keeps nothing of the request") {
  World world(kNoWindow);
  world.say(frame(kHeaders, kEndHeaders, 1, head("POST") + many_fields()));
  CHECK(world.memory.used_bytes() > 30'000);
  Answer answer;
  answer.body = "no";
  world.told.client->send_answer(answer, false, true);
  world.turn();
  CHECK(world.memory.used_bytes() > 0);
  CHECK(world.memory.used_bytes() < 5'000);
  world.say(frame(kHeaders, kEndHeaders | kEndStream, 1, many_fields()));  // behind the whole answer
  CHECK(world.memory.used_bytes() < 5'000);
  CHECK(world.told.trailers.empty());
}

TEST_CASE("what there is no room for is refused, and not kept") {
  struct Row {
    const char* what;
    std::int64_t room;
    std::string before, then;
  };
  const std::string post = frame(kHeaders, kEndHeaders, 1, head("POST"));
  const Row rows[] = {
      {"a head", 20'000, "", frame(kHeaders, kEndHeaders | kEndStream, 1, head("GET") + many_fields())},
      {"half a head", 20'000, "", frame(kHeaders, kEndStream, 1, head("GET") + many_fields())},
      {"trailers", 20'000, post, frame(kHeaders, kEndHeaders | kEndStream, 1, many_fields())},
      {"half of them", 20'000, post, frame(kHeaders, kEndStream, 1, many_fields())},
      {"a stream at all", 3'000, "", frame(kHeaders, kEndHeaders | kEndStream, 1, head("GET"))},
      {"a body that nobody takes", 20'000, post,
       frame(kData, 0, 1, std::string(16'000, 'x')) + frame(kData, 0, 1, std::string(16'000, 'x')) +
           frame(kData, kEndStream, 1, std::string(16'000, 'x'))},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    World world(kNoWindow);
    world.leave(row.room);
    const auto before = world.memory.used_bytes();
    if (!row.before.empty()) world.say(row.before);
    if (!row.before.empty()) world.told.client->pause_request_body();
    world.say(row.then);
    for (int i = 0; i < 5; ++i) world.turn();  // it reads little at a time where memory is short
    CHECK(world.told.bad == 1);
    CHECK(world.told.ends == 0);
    CHECK(world.memory.used_bytes() < before + 5'000);
  }
}

TEST_CASE("answers that wait have what the budget has, and a little besides; then the stream ends") {
  World world(kNoWindow);
  world.leave(20'000);
  world.told.breaks_off = true;
  world.say(frame(kHeaders, kEndHeaders | kEndStream, 1, head("GET")));
  ClientStream& first = *world.told.client;
  world.say(frame(kHeaders, kEndHeaders | kEndStream, 3, head("GET")));
  ClientStream& second = *world.told.client;
  begin_answer(first, kUnknownLength);
  first.send_body(std::string(30'000, 'x'));
  first.flush();
  CHECK(first.room() == ClientStream::Room::none_of_all);
  CHECK_FALSE(has_reset(world.hear(), 1, NGHTTP2_INTERNAL_ERROR));
  CHECK(world.told.bad == 0);
  begin_answer(second, kUnknownLength);
  second.send_body(std::string(30'000, 'x'));
  second.flush();
  CHECK(has_reset(world.hear(), 3, NGHTTP2_INTERNAL_ERROR));
  CHECK(world.told.bad == 1);
  CHECK(first.unsent_bytes() == 30'000);
  first.abort();
  world.turn();
  for (const char id : {'\5', '\7'}) {  // whole ones, which nobody makes any more
    world.say(frame(kHeaders, kEndHeaders | kEndStream, id, head("GET")));
    Answer answer;
    answer.body.assign(30'000, 'x');
    world.told.client->send_answer(answer, false, true);
    CHECK(has_reset(world.hear(), id, NGHTTP2_ENHANCE_YOUR_CALM) == (id == 7));
  }
}
