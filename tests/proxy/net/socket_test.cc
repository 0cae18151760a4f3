#include "proxy/net/socket.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "tests/support/wire.h"

using namespace lp;
using namespace lp::test;
using State = SocketWriter::State;

namespace {

struct WriterWorld {
  EventLoop loop;
  BufferPool pool;
  TcpPair pair;
  Peer peer;
  SocketWriter writer;
  int writable = 0;
  std::optional<State> last;

  explicit WriterWorld(int buffer_bytes = 0)
      : pair(buffer_bytes), peer(loop, std::move(pair.theirs)), writer(loop, pool, [this] {
          ++writable;
          last = writer.resume();
        }) {
    writer.attach(pair.ours.fd());
  }
};

}  // namespace

TEST_CASE("a socket is owned once") {
  TcpPair pair;
  const int fd = pair.ours.fd();
  Socket moved(std::move(pair.ours));
  CHECK(moved.fd() == fd);
  CHECK_FALSE(pair.ours.is_open());
  pair.theirs = std::move(moved);
  CHECK(pair.theirs.fd() == fd);
  pair.theirs.close();
  pair.theirs.close();
  CHECK_FALSE(pair.theirs.is_open());
}

TEST_CASE("queued bytes leave before sent ones, and both before the suffix") {
  WriterWorld world;
  world.writer.queue("head ");
  CHECK(world.writer.unsent_bytes() == 5);
  CHECK(world.writer.send("body", "\r\n") == State::drained);
  CHECK(world.writer.unsent_bytes() == 0);
  wait_until(world.loop, [&] { return world.peer.received == "head body\r\n"; });
  CHECK(world.writer.flush() == State::drained);
  CHECK(world.writable == 0);
}

TEST_CASE("what the kernel does not take waits in order, and room is asked for only then") {
  WriterWorld world(4096);
  world.peer.stop_reading();
  std::string expected;
  State state = State::drained;
  for (int i = 0; state == State::drained; ++i) {
    const std::string piece = std::to_string(i) + std::string(20'000, '.');
    expected += piece + "|";
    state = world.writer.send(piece, "|");
  }
  CHECK(state == State::blocked);
  CHECK(world.writer.flush() == State::blocked);
  expected += "late+";
  CHECK(world.writer.send("late", "+") == State::blocked);
  CHECK(world.writer.unsent_bytes() > 0);
  world.peer.go_on_reading();
  wait_until(world.loop, [&] { return world.peer.received.size() == expected.size(); });
  CHECK(world.peer.received == expected);
  CHECK(world.last == State::drained);
  world.writable = 0;
  CHECK(turns_within_ms(world.loop, 50) < kFewTurns);
  CHECK(world.writable == 0);
}

TEST_CASE("a writer whose peer is gone fails, and stays so") {
  WriterWorld world;
  world.peer.reset();
  State state = State::drained;
  for (int i = 0; i < 100 && state != State::failed; ++i) state = world.writer.send("x");
  CHECK(state == State::failed);
  CHECK(world.writer.send("y") == State::failed);
  CHECK(world.writer.flush() == State::failed);
  CHECK(world.writer.resume() == State::failed);
}

TEST_CASE("closing a blocked writer from its own callback is safe") {
  EventLoop loop;
  BufferPool pool;
  TcpPair pair(4096);
  Peer peer(loop, std::move(pair.theirs));
  peer.stop_reading();
  std::optional<SocketWriter> writer;
  bool called = false;
  writer.emplace(loop, pool, [&] {
    called = true;
    writer->close();
  });
  writer->attach(pair.ours.fd());
  while (writer->send(std::string(50'000, 'x')) == State::drained) {
  }
  peer.go_on_reading();
  wait_until(loop, [&] { return called; });
  CHECK(writer->unsent_bytes() == 0);
  CHECK(writer->send("x") == State::failed);
}

TEST_CASE("a reset is seen as a reset") {
  WriterWorld world;
  world.pair.ours.reset_connection();
  wait_until(world.loop, [&] { return world.peer.ended; });
  CHECK(world.peer.was_reset);
}

TEST_CASE("receiving says what there was") {
  TcpPair pair;
  BufferPool pool;
  Buffer buffer(pool);
  buffer.make_room(16);
  CHECK(receive_into(pair.ours.fd(), buffer).kind == ReceiveResult::Kind::again);
  CHECK(receive_and_drop(pair.ours.fd()).kind == ReceiveResult::Kind::again);
  EventLoop loop;
  Peer peer(loop, std::move(pair.theirs));
  bool there = false;
  IoEvent readable(loop, pair.ours.fd(), kReadable, [&] { there = true; });
  readable.enable();
  peer.send("abc");
  wait_until(loop, [&] { return there; });
  const ReceiveResult got = receive_into(pair.ours.fd(), buffer);
  CHECK(got.kind == ReceiveResult::Kind::data);
  CHECK(got.bytes == 3);
  CHECK(buffer.data() == "abc");
  peer.close();
  there = false;
  wait_until(loop, [&] { return there; });
  CHECK(receive_into(pair.ours.fd(), buffer).kind == ReceiveResult::Kind::end);
}
