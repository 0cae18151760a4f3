#include "tests/support/http1_client_world.h"

#include <doctest/doctest.h>

namespace lp::test::connections {

Answer text_answer(std::string body, int status) {
  Answer answer;
  answer.status = status;
  answer.body = std::move(body);
  return answer;
}

std::string get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n"; }

TimeoutSettings brief() {
  TimeoutSettings timeouts;
  timeouts.request_head_ms = timeouts.idle_connection_ms = timeouts.body_idle_ms = 100;
  return timeouts;
}

void send_response(ClientStream& client, const std::string& body, bool keep_alive) {
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

void Scripted::on_request(const ParsedRequest& request, std::size_t) {
  script_.paths.emplace_back(request.path_and_query);
  script_.bodies.emplace_back();
  if (script_.on_request) script_.on_request(client_, request);
}

void Scripted::on_bad_request(const ParseError& error) {
  script_.refused.push_back(std::to_string(error.status) + " " + error.rule);
  client_.send_answer(text_answer("refused\n", error.status), false, true);
}

void Scripted::on_request_body(std::string_view bytes) {
  script_.bodies.back().append(bytes);
  if (script_.on_body) script_.on_body(client_, bytes);
}

void Scripted::on_request_end() {
  ++script_.ends;
  if (script_.on_end) script_.on_end(client_);
}

void Scripted::on_client_drained() {
  ++script_.drained;
  if (script_.on_drained) script_.on_drained(client_);
}

Accepted::Accepted(EventLoop& loop, TimeoutSettings with)
    : wheel(loop), timeouts(with), events([this](ClientStream& made) {
        stream = &made;
        return std::make_unique<Scripted>(script, made);
      }) {}

void Accepted::accept(EventLoop& loop, BufferPool& buffers, Transport transport, const Http1Client::OverTls* over_tls) {
  environment.emplace(ClientEnvironment{loop, wheel, buffers, limits, timeouts, rules, scratch, memory, requests, true,
                                        false, over_tls});
  connection = std::make_unique<Http1Client>(*environment, std::move(transport), "192.0.2.1", events,
                                             [this, &loop](ClientConnection&) {
                                               ++closed;
                                               loop.defer_delete(std::move(connection));
                                             });
}

World::World(TimeoutSettings with, int buffer_bytes) : Accepted(loop, with) {
  TcpPair pair(buffer_bytes);
  client = std::make_unique<Peer>(loop, std::move(pair.theirs));
  accept(loop, buffers, std::move(pair.ours));
}

void World::wait_for_client(std::string_view text) {
  wait([&] { return client->has(text) || client->ended; });
  CHECK_MESSAGE(client->has(text), "received: " << client->received.substr(0, 500));
}

}  // namespace lp::test::connections
