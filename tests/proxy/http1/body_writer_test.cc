#include "proxy/http1/body_writer.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/wire.h"

using namespace lp;
using namespace lp::test;
using Kind = BodyFraming::Kind;

namespace {

struct BodyWriterWorld {
  EventLoop loop;
  BufferPool pool;
  TcpPair pair;
  Peer peer{loop, std::move(pair.theirs)};
  SocketWriter writer{loop, pool, [this] { (void)writer.resume(); }};
  BodyWriter body{writer};

  // What leaves, with all that is queued.
  std::string flushed() {
    writer.attach(pair.ours.fd());
    writer.queue(".");
    (void)writer.flush();
    wait_until(loop, [&] { return peer.received.ends_with('.'); });
    return peer.received.substr(0, peer.received.size() - 1);
  }
};

}  // namespace

TEST_CASE("a chunked body is framed and ended, any other goes as it is") {
  const struct {
    BodyFraming framing;
    const char* expected;
  } rows[] = {
      {{Kind::chunked, 0}, "head 4\r\nbody\r\n2\r\n!!\r\n0\r\n\r\n"},
      {{Kind::length, 6}, "head body!!"},
      {{Kind::until_close, 0}, "head body!!"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.expected);
    BodyWriterWorld world;
    world.writer.attach(world.pair.ours.fd());
    world.writer.queue("head ");
    world.body.begin(row.framing);
    CHECK_FALSE(world.body.write("body"));
    CHECK_FALSE(world.body.write("!!"));
    world.body.end();
    CHECK(world.flushed() == row.expected);
  }
}

TEST_CASE("the next body is framed by its own head") {
  BodyWriterWorld world;
  world.body.begin({Kind::chunked, 0});
  world.body.end();
  world.body.begin({});
  CHECK_FALSE(world.body.write("raw"));
  world.body.end();
  CHECK(world.flushed() == "0\r\n\r\nraw");
}

TEST_CASE("large pieces are written at once, and many small ones together") {
  BodyWriterWorld world;
  world.writer.attach(world.pair.ours.fd());
  world.body.begin({Kind::chunked, 0});
  const std::string large(16 * 1024 + 1, 'x'), small(16 * 1024, 'y');
  CHECK(world.body.write(large));
  CHECK_FALSE(world.body.write(small));
  CHECK(world.body.write(small));
  CHECK(world.flushed() == "4001\r\n" + large + "\r\n4000\r\n" + small + "\r\n4000\r\n" + small + "\r\n");
}

TEST_CASE("before there is a descriptor everything waits") {
  BodyWriterWorld world;
  world.body.begin({Kind::length, 3 * 16 * 1024 + 3});
  const std::string large(16 * 1024 + 1, 'x');
  for (int i = 0; i < 3; ++i) CHECK_FALSE(world.body.write(large));
  CHECK(world.writer.unsent_bytes() == 3 * large.size());
  CHECK(world.flushed() == large + large + large);
}

TEST_CASE("trailers stand behind the last chunk, and where there are no chunks nowhere") {
  Fields trailers;
  trailers.add("X-Sum", "7");
  for (const bool is_chunked : {true, false}) {
    BodyWriterWorld world;
    world.body.begin({is_chunked ? Kind::chunked : Kind::length, 4});
    CHECK_FALSE(world.body.write("body"));
    world.body.write_trailers(trailers);
    world.body.write_trailers(trailers);
    world.body.end();
    CHECK(world.flushed() == (is_chunked ? "4\r\nbody\r\n0\r\nX-Sum: 7\r\n\r\n" : "body"));
  }
}
