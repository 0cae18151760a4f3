#include "proxy/upstream/http2_pool.h"

#include <doctest/doctest.h>
#include <nghttp2/nghttp2.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/upstream_world.h"

using namespace lp;
using namespace lp::test;
using namespace lp::test::upstreams;

namespace {

// A scripted app: nghttp2 at the other end, which does what it is told.
class Server {
 public:
  struct Request {
    std::map<std::string, std::string> fields;  // trailers too
    std::string body;
    bool ended = false;
    bool ended_by_data = false;
    std::optional<std::uint32_t> closed_with;
  };
  std::map<std::int32_t, Request> requests;
  bool said_goodbye = false;
  int pings = 0;

  Server(Peer& peer, std::vector<nghttp2_settings_entry> settings, bool acks_pings = true) : peer_(peer) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t n,
                      const std::uint8_t* value, std::size_t v, std::uint8_t, void* self) {
          static_cast<Server*>(self)->requests[frame->hd.stream_id].fields[{reinterpret_cast<const char*>(name), n}] = {
              reinterpret_cast<const char*>(value), v};
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks,
        [](nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes, std::size_t n, void* self) {
          static_cast<Server*>(self)->requests[id].body.append(reinterpret_cast<const char*>(bytes), n);
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
          auto& self = *static_cast<Server*>(user);
          const bool is_message = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
          if (is_message && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
            self.requests[frame->hd.stream_id].ended = true;
            self.requests[frame->hd.stream_id].ended_by_data = frame->hd.type == NGHTTP2_DATA;
          }
          if (frame->hd.type == NGHTTP2_GOAWAY) self.said_goodbye = true;
          if (frame->hd.type == NGHTTP2_PING) ++self.pings;
          return 0;
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(
        callbacks, [](nghttp2_session*, std::int32_t id, std::uint32_t code, void* self) {
          static_cast<Server*>(self)->requests[id].closed_with = code;
          return 0;
        });
    nghttp2_option* option = nullptr;
    nghttp2_option_new(&option);
    nghttp2_option_set_no_auto_ping_ack(option, acks_pings ? 0 : 1);
    nghttp2_session_server_new2(&session_, callbacks, this, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session_, 0, settings.data(), settings.size());
  }
  ~Server() { nghttp2_session_del(session_); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void pump() {
    const std::string come = std::exchange(peer_.received, {});
    CHECK(nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(come.data()), come.size()) >= 0);
    const std::uint8_t* bytes = nullptr;
    for (ssize_t n = 0; (n = nghttp2_session_mem_send(session_, &bytes)) > 0;)
      peer_.send({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(n)});
  }
  void answer(std::int32_t id, const std::string& status, std::vector<std::pair<std::string, std::string>> fields = {},
              bool ends = true) {
    fields.insert(fields.begin(), {":status", status});
    std::vector<nghttp2_nv> list;
    for (auto& [name, value] : fields)
      list.push_back({reinterpret_cast<std::uint8_t*>(name.data()), reinterpret_cast<std::uint8_t*>(value.data()),
                      name.size(), value.size(), 0});
    nghttp2_submit_headers(session_, ends ? NGHTTP2_FLAG_END_STREAM : 0, id, nullptr, list.data(), list.size(),
                           nullptr);
  }
  void answer_with(std::int32_t id, const std::string& body) {
    bodies_[id] = body;
    nghttp2_data_provider provider{};
    provider.source.ptr = &bodies_[id];
    provider.read_callback = [](nghttp2_session*, std::int32_t, std::uint8_t* to, std::size_t room,
                                std::uint32_t* flags, nghttp2_data_source* source, void*) -> ssize_t {
      auto& rest = *static_cast<std::string*>(source->ptr);
      const std::size_t n = rest.copy(reinterpret_cast<char*>(to), room);
      rest.erase(0, n);
      if (rest.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
      return static_cast<ssize_t>(n);
    };
    std::string name = ":status", value = "200";
    const nghttp2_nv status{reinterpret_cast<std::uint8_t*>(name.data()), reinterpret_cast<std::uint8_t*>(value.data()),
                            name.size(), value.size(), 0};
    nghttp2_submit_response(session_, id, &status, 1, &provider);
  }
  void reset(std::int32_t id, std::uint32_t code) { nghttp2_submit_rst_stream(session_, 0, id, code); }
  void go_away(std::int32_t last) { nghttp2_submit_goaway(session_, 0, last, NGHTTP2_NO_ERROR, nullptr, 0); }
  void settings(std::vector<nghttp2_settings_entry> entries) {
    nghttp2_submit_settings(session_, 0, entries.data(), entries.size());
  }
  void raw(std::string_view bytes) { peer_.send(bytes); }
  [[nodiscard]] std::size_t open() const {
    std::size_t count = 0;
    for (const auto& [id, request] : requests) count += request.closed_with ? 0 : 1;
    return count;
  }

 private:
  Peer& peer_;
  std::map<std::int32_t, std::string> bodies_;
  nghttp2_session* session_ = nullptr;
};

struct World2 : World {
  std::optional<Http2Pool> http2;
  std::vector<std::unique_ptr<Server>> servers;
  std::vector<nghttp2_settings_entry> server_settings;
  bool acks_pings = true;

  explicit World2(void (*change)(UpstreamSettings&) = [](UpstreamSettings&) {}) : World(change) {
    upstream.http2 = true;
    http2.emplace(environment(), *shared);
  }
  ~World2() {
    http2->close();
    loop.delete_deferred();
    servers.clear();
  }
  bool until(const std::function<bool()>& what) {
    return wait_until(loop, [&] {
      while (servers.size() < app.connections.size())
        servers.push_back(std::make_unique<Server>(*app.connections[servers.size()], server_settings, acks_pings));
      for (auto& server : servers) server->pump();
      return what();
    });
  }
  void ask2(Asker& asker, const std::string& method = "GET", bool ends = true, Choice choice = Choice::any,
            BodyFraming body = {}) {
    asker.lease = http2->lease(asker, choice);
    if (!ends) body.kind = BodyFraming::Kind::chunked;
    send_head(asker, method, body);
    if (ends) asker.lease->end_body();
    asker.lease->flush();
  }
  Server::Request& request(std::size_t server, std::int32_t id) {
    until([&] { return servers.size() > server && servers[server]->requests.count(id) > 0; });
    return servers[server]->requests[id];
  }
  void wait2(Asker& asker) {
    until([&] { return asker.is_over(); });
  }
};

}  // namespace

TEST_CASE("requests share a connection, each with its own answer") {
  World2 world;
  Asker first, second;
  world.ask2(first);
  world.ask2(second, "HEAD");
  CHECK(world.request(0, 1).fields[":method"] == "GET");
  CHECK(world.request(0, 3).fields[":method"] == "HEAD");
  CHECK(world.request(0, 1).fields[":path"] == "/t");
  CHECK(world.request(0, 1).fields[":authority"] == "app.test");
  CHECK(world.request(0, 1).fields[":scheme"] == "http");
  CHECK(world.request(0, 1).fields.count("host") == 0);
  world.servers[0]->answer(3, "200", {{"content-length", "5"}});
  world.wait2(second);
  CHECK(second.ended);
  CHECK_FALSE(first.is_over());
  world.servers[0]->answer(1, "404");
  world.wait2(first);
  CHECK(first.status == 404);
  CHECK(world.app.connections.size() == 1);
  Asker third;
  world.ask2(third, "POST", true, Choice::checked);
  CHECK(third.lease->is_reused_connection());
  (void)world.request(0, 5);
  CHECK(world.app.connections.size() == 1);
}

TEST_CASE("a request's body goes as there is room for it, and its end says so") {
  World2 world;
  Asker asker;
  world.ask2(asker, "POST", false, Choice::any, {BodyFraming::Kind::chunked, 0});
  CHECK_FALSE(world.request(0, 1).ended);
  const std::string body(300'000, 'b');
  asker.lease->send_body(body);
  asker.lease->flush();
  world.until([&] { return world.servers[0]->requests[1].body.size() == body.size(); });
  CHECK(asker.drained > 0);
  CHECK(asker.lease->unsent_bytes() == 0);
  Fields trailers;
  trailers.add("X-Sum", "7");
  asker.lease->send_trailers(trailers);
  asker.lease->end_body();
  world.until([&] { return world.servers[0]->requests[1].ended; });
  CHECK(world.servers[0]->requests[1].fields["x-sum"] == "7");
  world.servers[0]->answer(1, "200");
  world.wait2(asker);
  CHECK(asker.ended);
}

TEST_CASE("a body that was announced ends with DATA, also where it is empty") {
  World2 world;
  Asker announced, none;
  world.ask2(announced, "POST", true, Choice::any, {BodyFraming::Kind::chunked, 0});
  world.ask2(none);
  (void)world.request(0, 3);
  world.until([&] { return world.servers[0]->requests[1].ended && world.servers[0]->requests[3].ended; });
  CHECK(world.servers[0]->requests[1].ended_by_data);
  CHECK_FALSE(world.servers[0]->requests[3].ended_by_data);
}

TEST_CASE("a further connection is opened when an app allows no more streams") {
  World2 world;
  world.server_settings = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 2}};
  std::vector<std::unique_ptr<Asker>> askers;
  for (int i = 0; i < 5; ++i) world.ask2(*askers.emplace_back(std::make_unique<Asker>()));
  const auto count = [&] {
    std::size_t all = 0;
    for (const auto& server : world.servers) all += server->requests.size();
    return all;
  };
  world.until([&] { return count() == 5; });
  CHECK(world.servers.size() == 3);
  for (const auto& server : world.servers) CHECK(server->open() <= 2);
}

TEST_CASE("with max_connections requests wait for a stream, and are told when that takes too long") {
  World2 world([](UpstreamSettings& settings) {
    settings.max_connections = 1;
    settings.queue = 1;
    settings.queue_timeout_ms = 300;
  });
  world.server_settings = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1}};
  Asker first;
  world.ask2(first);
  (void)world.request(0, 1);
  Asker waits, too_many;
  world.ask2(waits);
  world.ask2(too_many);
  world.wait2(too_many);
  CHECK(too_many.error == UpstreamError::queue_full);
  world.servers[0]->answer(1, "200");
  (void)world.request(0, 3);
  CHECK(first.ended);
  Asker late;
  world.ask2(late);
  world.wait2(late);
  CHECK(late.error == UpstreamError::queue_timeout);
  world.servers[0]->answer(3, "200");
  world.wait2(waits);
  CHECK(waits.ended);
  CHECK(world.app.connections.size() == 1);
}

TEST_CASE("an idle connection makes room for another worker's request") {
  World2 world([](UpstreamSettings& settings) { settings.max_connections = 1; });
  Asker first;
  world.ask2(first);
  (void)world.request(0, 1);
  world.servers[0]->answer(1, "200");
  world.wait2(first);
  Http2Pool other(world.environment(), *world.shared);
  Asker second;
  second.lease = other.lease(second, Choice::any);
  world.send_head(second, "GET", {});
  second.lease->end_body();
  (void)world.request(1, 1);
  CHECK(world.servers[0]->said_goodbye);
  second.lease.reset();
  other.close();
  world.loop.delete_deferred();
}

TEST_CASE("what an app has not begun with is told apart") {
  World2 world;
  Asker refused, reset, kept, above;
  world.ask2(refused, "POST");
  world.ask2(reset);
  world.ask2(kept);
  world.ask2(above, "POST");
  (void)world.request(0, 7);
  world.servers[0]->reset(1, NGHTTP2_REFUSED_STREAM);
  world.servers[0]->reset(3, NGHTTP2_INTERNAL_ERROR);
  world.wait2(refused);
  world.wait2(reset);
  CHECK(refused.error == UpstreamError::refused_stream);
  CHECK(reset.error == UpstreamError::reset);
  CHECK(reset.broken_rule == "INTERNAL_ERROR");
  world.servers[0]->go_away(5);
  world.wait2(above);
  CHECK(above.error == UpstreamError::refused_stream);
  Asker next;
  world.ask2(next);
  (void)world.request(1, 1);  // elsewhere
  world.servers[0]->answer(5, "200");
  world.wait2(kept);
  CHECK(kept.ended);
  CHECK(world.until([&] { return world.app.connections[0]->ended; }));
}

TEST_CASE("an app that takes no streams at all is not asked for ever") {
  World2 world;
  world.server_settings = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 0}};
  Asker asker;
  world.ask2(asker);
  world.wait2(asker);
  CHECK(asker.error == UpstreamError::refused_stream);
  CHECK(world.app.connections.size() == 1);
}

TEST_CASE("who lets go ends the stream, with what fits") {
  World2 world;
  Asker early, answered;
  world.ask2(early);
  world.ask2(answered, "POST", false);
  (void)world.request(0, 3);
  early.lease.reset();
  world.until([&] { return world.servers[0]->requests[1].closed_with.has_value(); });
  CHECK(*world.servers[0]->requests[1].closed_with == NGHTTP2_CANCEL);
  world.servers[0]->answer(3, "413");  // before the request has ended
  world.wait2(answered);
  CHECK(answered.ended);
  world.until([&] { return world.servers[0]->requests[3].closed_with.has_value(); });
  CHECK(*world.servers[0]->requests[3].closed_with == NGHTTP2_NO_ERROR);
  Asker next;
  world.ask2(next);
  (void)world.request(0, 5);
}

namespace {
// A request on each stream of the first connection from `first` to before `end`.
void give_up(World2& world, std::int32_t first, std::int32_t end) {
  for (std::int32_t id = first; id < end; id += 2) {
    Asker asker;
    world.ask2(asker);
    (void)world.request(0, id);
    asker.lease.reset();
  }
}
}  // namespace

TEST_CASE("requests that are given up again and again do not end the connection for others") {
  World2 world;
  Asker stays;
  world.ask2(stays, "POST", false);
  (void)world.request(0, 1);
  give_up(world, 3, 1003);
  Asker next;
  world.ask2(next);
  (void)world.request(1, 1);
  CHECK_FALSE(stays.is_over());
  world.servers[0]->answer(1, "200");
  world.wait2(stays);
  CHECK(stays.ended);
}

TEST_CASE("where max_connections allows no other connection, those who give up do not take it from others") {
  World2 world([](UpstreamSettings& settings) {
    settings.max_connections = 1;
    settings.queue_timeout_ms = 300;
  });
  Asker stays;
  world.ask2(stays, "POST", false);
  (void)world.request(0, 1);
  give_up(world, 3, 1103);
  Asker next;
  world.ask2(next);
  (void)world.request(0, 1103);
  world.servers[0]->answer(1103, "200");
  world.wait2(next);
  CHECK(next.ended);
  CHECK_FALSE(stays.is_over());
}

TEST_CASE("a connection that the app has left counts no more for max_connections, though it has streams") {
  World2 world([](UpstreamSettings& settings) {
    settings.max_connections = 1;
    settings.queue_timeout_ms = 300;
  });
  world.server_settings = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1}};
  Asker stays, waits, next;
  world.ask2(stays);
  (void)world.request(0, 1);
  world.ask2(waits);
  world.servers[0]->go_away(1);
  (void)world.request(1, 1);
  world.servers[0]->answer(1, "200");
  world.wait2(stays);
  CHECK(world.until([&] { return world.app.connections[0]->ended; }));
  world.ask2(next);  // what was given back once is not given back again
  world.wait2(next);
  CHECK(next.error == UpstreamError::queue_timeout);
  world.servers[1]->answer(1, "200");
  world.wait2(waits);
  CHECK(waits.ended);
  CHECK(world.app.connections.size() == 2);
}

TEST_CASE("a client that takes nothing gets little, one that takes gets much") {
  World2 world;
  Asker stuck, taking;
  world.ask2(stuck);
  world.ask2(taking);
  (void)world.request(0, 3);
  stuck.lease->pause_response();
  const std::string body(100'000, 'b');
  world.servers[0]->answer_with(1, body);
  world.servers[0]->answer_with(3, body);
  world.until([&] { return taking.body.size() == body.size(); });
  CHECK(stuck.body.size() == 4 * 1024);
  stuck.lease->resume_response();
  world.until([&] { return stuck.body.size() == body.size(); });
}

TEST_CASE("who lets go before anything was sent is not asked for") {
  World2 world;
  Asker asker, other;
  world.ask2(asker);
  asker.lease.reset();
  world.ask2(other);
  CHECK(world.request(0, 1).fields[":method"] == "GET");
  CHECK(world.servers[0]->requests.size() == 1);
  CHECK_FALSE(asker.is_over());
}

TEST_CASE("an app that answers nobody is asked whether it is there") {
  for (const bool is_there : {true, false}) {
    CAPTURE(is_there);
    World2 world([](UpstreamSettings& settings) {
      settings.response_timeout_ms = 200;
      settings.connect_timeout_ms = 300;
    });
    world.acks_pings = is_there;
    Asker late, other;
    world.ask2(late);
    world.ask2(other, "POST", false);
    world.wait2(late);
    CHECK(late.error == UpstreamError::response_timeout);
    world.until([&] { return world.servers[0]->pings == 1; });
    if (!is_there) world.wait2(other);
    CHECK((other.error == UpstreamError::lost) == !is_there);
    Asker next;
    if (is_there) turns_within_ms(world.loop, 50);
    world.ask2(next);
    (void)(is_there ? world.request(0, 5) : world.request(1, 1));
  }
}

TEST_CASE("what an app breaks in HTTP/2 is told, and the others on its connection go on") {
  World2 world;
  Asker broken, other;
  world.ask2(broken);
  world.ask2(other);
  (void)world.request(0, 3);
  world.servers[0]->answer(1, "101");
  world.wait2(broken);
  CHECK(broken.error == UpstreamError::nonsense);
  CHECK_FALSE(broken.broken_rule.empty());
  world.servers[0]->answer(3, "200");
  world.wait2(other);
  CHECK(other.ended);
}

TEST_CASE("a connection that breaks takes all its streams with it") {
  World2 world;
  Asker first, second;
  world.ask2(first);
  world.ask2(second);
  (void)world.request(0, 3);
  SUBCASE("by a frame that cannot be") {
    world.servers[0]->raw(std::string("\x00\x00\x01\x06\x00\x00\x00\x00\x00x", 10));  // a PING of one byte
    world.wait2(first);
    world.wait2(second);
    CHECK(first.error == UpstreamError::nonsense);
    CHECK(second.error == UpstreamError::nonsense);
    CHECK(first.broken_rule == "FRAME_SIZE_ERROR");
  }
  SUBCASE("by its end") {
    world.app.connections[0]->close();
    wait_until(world.loop, [&] { return first.is_over() && second.is_over(); });
    CHECK(first.error == UpstreamError::lost);
    CHECK(second.error == UpstreamError::lost);
    world.servers.clear();
    world.app.connections.clear();
  }
}

TEST_CASE("what speaks no HTTP/2 is told apart") {
  World2 world;
  Asker asker;
  world.ask2(asker);
  wait_until(world.loop, [&] { return !world.app.connections.empty(); });
  world.app.last().send("HTTP/1.1 400 Bad Request\r\n\r\n");
  wait_until(world.loop, [&] { return asker.is_over(); });
  CHECK(asker.error == UpstreamError::not_http2);
}

TEST_CASE("there is no upgrade in HTTP/2") {
  World2 world;
  Asker asker;
  asker.lease = world.http2->lease(asker, Choice::any);
  OutgoingRequest request;
  request.method = "GET";
  request.target = "/";
  request.upgrade = "websocket";
  asker.lease->send_head(request, {}, world.rules);
  asker.lease->end_body();
  world.wait2(asker);
  CHECK(asker.error == UpstreamError::no_upgrade);
  CHECK((world.servers.empty() || world.servers[0]->requests.empty()));
}

TEST_CASE("nobody signs in a connection that is everybody's") {
  World2 world;
  struct Row {
    const char* authorization;
    bool is_replaced;
    bool is_refused;
    Asker asker{};
  };
  Row rows[] = {{"Negotiate YII=", false, true},
                {"NTLM TlRM", false, true},
                {"NTLM TlRM", true, false},
                {"Bearer x", false, false}};
  for (Row& row : rows) {
    row.asker.lease = world.http2->lease(row.asker, Choice::any);
    OutgoingRequest request;
    request.method = "GET";
    request.target = "/";
    request.host = "app.test";
    request.replaces_authorization = row.is_replaced;
    Fields fields;
    fields.add("Authorization", row.authorization);
    row.asker.lease->send_head(request, fields, world.rules);
    row.asker.lease->end_body();
  }
  (void)world.request(0, 3);
  for (Row& row : rows) {
    CAPTURE(row.authorization);
    if (row.is_refused) world.wait2(row.asker);
    CHECK(row.asker.is_over() == row.is_refused);
    if (row.is_refused) CHECK(row.asker.error == UpstreamError::no_sign_in);
  }
  CHECK(world.servers[0]->requests.size() == 2);
}

TEST_CASE("nobody listens") {
  World2 world;
  world.app.stop_listening();
  Asker first, second;
  world.ask2(first);
  world.ask2(second);
  wait_until(world.loop, [&] { return first.is_over() && second.is_over(); });
  CHECK(first.error == UpstreamError::refused);
  CHECK(second.error == UpstreamError::refused);
}

TEST_CASE("an idle connection is closed politely: after a while, and with keep_alive: off behind its last stream") {
  for (void (*change)(UpstreamSettings&) : {+[](UpstreamSettings& settings) { settings.idle_time_ms = 200; },
                                            +[](UpstreamSettings& settings) { settings.keep_alive = 0; }}) {
    World2 world(change);
    Asker asker;
    world.ask2(asker);
    (void)world.request(0, 1);
    world.servers[0]->answer(1, "200");
    world.wait2(asker);
    CHECK(world.until([&] { return world.servers[0]->said_goodbye; }));
  }
}
