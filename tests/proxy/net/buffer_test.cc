#include "proxy/net/buffer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using lp::Buffer;
using lp::BufferPool;

TEST_CASE("a buffer is first in, first out") {
  BufferPool pool;
  Buffer buffer(pool);
  CHECK(buffer.empty());
  CHECK(buffer.capacity() == 0);
  buffer.append("hello ");
  buffer.append("");
  buffer.append("world");
  CHECK(buffer.data() == "hello world");
  buffer.consume(6);
  CHECK(buffer.data() == "world");
  buffer.consume(5);
  CHECK(buffer.empty());
  CHECK(buffer.room() == BufferPool::kSmallBytes);  // begins at the front again
  buffer.release();
  CHECK(buffer.capacity() == 0);
  buffer.release();
}

TEST_CASE("making room moves, then grows, and keeps the bytes") {
  BufferPool pool;
  Buffer buffer(pool);
  const std::string fill(BufferPool::kSmallBytes, 'a');
  buffer.append(fill);
  CHECK(buffer.room() == 0);
  buffer.consume(fill.size() - 3);
  const char* const block = buffer.data().data() - (fill.size() - 3);
  buffer.make_room(100);
  CHECK(buffer.data().data() == block);  // the same block, moved to its front
  CHECK(buffer.data() == "aaa");
  buffer.make_room(BufferPool::kSmallBytes);
  CHECK(buffer.capacity() == BufferPool::kLargeBytes);
  CHECK(buffer.data() == "aaa");
  buffer.make_room(1 << 20);
  CHECK(buffer.capacity() >= (1 << 20) + 3);
  CHECK(buffer.data() == "aaa");
}

TEST_CASE("what may stay for long is kept in a block of its own size") {
  BufferPool pool;
  Buffer buffer(pool);
  buffer.trim();
  CHECK(buffer.capacity() == 0);
  const std::string bytes(BufferPool::kSmallBytes + 1, 'a');
  buffer.append(bytes + "end");
  buffer.consume(10);
  buffer.trim();
  CHECK(buffer.capacity() == bytes.size() + 3 - 10);
  CHECK(buffer.data() == bytes.substr(10) + "end");
  buffer.append("more");
  CHECK(buffer.data() == bytes.substr(10) + "endmore");
  buffer.consume(buffer.size());
  buffer.trim();
  CHECK(buffer.capacity() == 0);
}

TEST_CASE("what comes alone has a block of its own size, until more comes") {
  BufferPool pool;
  Buffer buffer(pool);
  buffer.append_alone("");
  CHECK(buffer.capacity() == 0);
  buffer.append_alone("abc");
  CHECK(buffer.capacity() == 3);
  buffer.append_alone("def");
  CHECK(buffer.capacity() == BufferPool::kSmallBytes);
  CHECK(buffer.data() == "abcdef");
  buffer.consume(6);
  buffer.release();
  buffer.append_alone("x");
  CHECK(buffer.data() == "x");
}

TEST_CASE("a growing queue is linear") {
  BufferPool pool;
  Buffer buffer(pool);
  const std::string piece(10'000, 'x');
  std::size_t reallocations = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::size_t before = buffer.capacity();
    buffer.append(piece);
    reallocations += buffer.capacity() != before ? 1 : 0;
  }
  CHECK(buffer.size() == 10'000'000);
  CHECK(reallocations < 12);
}

TEST_CASE("blocks come back to the pool and are lent again") {
  BufferPool pool;
  const char* first = nullptr;
  {
    Buffer buffer(pool);
    buffer.append("x");
    first = buffer.data().data();
  }
  Buffer again(pool);
  again.append("y");
  CHECK(again.data().data() == first);
  Buffer other(pool);
  other.append("z");
  CHECK(other.data().data() != first);
}

TEST_CASE("a block is as large as asked for") {
  BufferPool pool;
  for (const std::size_t wanted : {std::size_t{1}, BufferPool::kSmallBytes, BufferPool::kSmallBytes + 1,
                                   BufferPool::kLargeBytes, BufferPool::kLargeBytes + 1}) {
    CAPTURE(wanted);
    std::size_t capacity = 0;
    auto block = pool.take(wanted, capacity);
    CHECK(capacity >= wanted);
    std::fill_n(block.get(), capacity, 'b');  // ASan watches
    pool.give(std::move(block), capacity);
  }
}
