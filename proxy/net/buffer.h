#pragma once
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace lp {

// Free lists of I/O blocks, one pool a worker. Blocks are lent while bytes are under way and come back when a
// connection is idle, so that ten thousand idle connections hold none.
class BufferPool {
 public:
  static constexpr std::size_t kSmallBytes = 16 * 1024;   // heads and small bodies
  static constexpr std::size_t kLargeBytes = 128 * 1024;  // streams: fewer system calls per byte

  // A block of at least `wanted` bytes; `capacity` is set to its real size.
  [[nodiscard]] std::unique_ptr<char[]> take(std::size_t wanted, std::size_t& capacity);
  void give(std::unique_ptr<char[]> block, std::size_t capacity);
  void drop();  // those that nobody has

 private:
  std::vector<std::unique_ptr<char[]>> small_;
  std::vector<std::unique_ptr<char[]>> large_;
};

// A first-in first-out run of bytes in one block. Views into it stay valid until room is made or it is cleared.
class Buffer {
 public:
  explicit Buffer(BufferPool& pool) : pool_(pool) {}
  ~Buffer() { release(); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  [[nodiscard]] std::string_view data() const { return {block_.get() + begin_, end_ - begin_}; }
  [[nodiscard]] std::size_t size() const { return end_ - begin_; }
  [[nodiscard]] bool empty() const { return begin_ == end_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

  // At least `wanted` writable bytes behind the data; moves or reallocates when it must.
  void make_room(std::size_t wanted) {
    if (room() < wanted) grow(wanted);
  }
  [[nodiscard]] std::size_t room() const { return capacity_ - end_; }
  [[nodiscard]] char* write_position() { return block_.get() + end_; }
  void wrote(std::size_t bytes) { end_ += bytes; }

  void append(std::string_view bytes);
  void append_alone(std::string_view bytes);  // in a block of its own size, where nothing is here and no more may come
  void consume(std::size_t bytes);
  void trim();  // where it may stay for long: in a block of its own size
  // Drops the content and gives the block back.
  void release() {
    if (block_) pool_.give(std::move(block_), capacity_);
    capacity_ = begin_ = end_ = 0;
  }

 private:
  void grow(std::size_t wanted);

  BufferPool& pool_;
  std::unique_ptr<char[]> block_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace lp
