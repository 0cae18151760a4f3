#include "proxy/net/buffer.h"

#include <cstring>
#include <utility>

#include "base/check.h"

namespace lp {

namespace {
constexpr std::size_t kKeptSmallBlocks = 256;
constexpr std::size_t kKeptLargeBlocks = 32;

std::unique_ptr<char[]> take_from(std::vector<std::unique_ptr<char[]>>& free_list, std::size_t bytes) {
  if (free_list.empty()) return std::unique_ptr<char[]>(new char[bytes]);
  auto block = std::move(free_list.back());
  free_list.pop_back();
  return block;
}
}  // namespace

std::unique_ptr<char[]> BufferPool::take(std::size_t wanted, std::size_t& capacity) {
  if (wanted <= kSmallBytes) {
    capacity = kSmallBytes;
    return take_from(small_, kSmallBytes);
  }
  if (wanted <= kLargeBytes) {
    capacity = kLargeBytes;
    return take_from(large_, kLargeBytes);
  }
  capacity = wanted;
  return std::unique_ptr<char[]>(new char[wanted]);
}

void BufferPool::give(std::unique_ptr<char[]> block, std::size_t capacity) {
  if (capacity == kSmallBytes && small_.size() < kKeptSmallBlocks) small_.push_back(std::move(block));
  if (capacity == kLargeBytes && large_.size() < kKeptLargeBlocks) large_.push_back(std::move(block));
}

void BufferPool::drop() {
  for (auto* blocks : {&small_, &large_}) {
    blocks->clear();
    blocks->shrink_to_fit();
  }
}

void Buffer::grow(std::size_t wanted) {
  if (!block_) {
    block_ = pool_.take(wanted, capacity_);
    return;
  }
  if (empty()) begin_ = end_ = 0;
  if (capacity_ - size() >= wanted) {
    std::memmove(block_.get(), block_.get() + begin_, size());
    end_ -= begin_;
    begin_ = 0;
    return;
  }
  std::size_t capacity = 0;
  const std::size_t bytes = size();
  // Doubling keeps a growing queue linear.
  auto block = pool_.take(std::max(bytes + wanted, capacity_ > BufferPool::kLargeBytes ? capacity_ * 2 : 0), capacity);
  if (bytes > 0) std::memcpy(block.get(), block_.get() + begin_, bytes);
  pool_.give(std::move(block_), capacity_);
  block_ = std::move(block);
  capacity_ = capacity;
  begin_ = 0;
  end_ = bytes;
}

void Buffer::append(std::string_view bytes) {
  if (bytes.empty()) return;
  make_room(bytes.size());
  std::memcpy(write_position(), bytes.data(), bytes.size());
  end_ += bytes.size();
}

void Buffer::append_alone(std::string_view bytes) {
  if (block_ || bytes.empty()) return append(bytes);
  block_.reset(new char[bytes.size()]);
  std::memcpy(block_.get(), bytes.data(), bytes.size());
  capacity_ = end_ = bytes.size();
}

void Buffer::consume(std::size_t bytes) {
  LP_CHECK(bytes <= size(), "a buffer gives no more than it has");
  begin_ += bytes;
  if (begin_ == end_) begin_ = end_ = 0;
}

void Buffer::trim() {
  const std::size_t bytes = size();
  if (bytes == 0) return release();
  if (bytes == capacity_) return;
  std::unique_ptr<char[]> block(new char[bytes]);
  std::memcpy(block.get(), block_.get() + begin_, bytes);
  pool_.give(std::move(block_), capacity_);
  block_ = std::move(block);
  capacity_ = end_ = bytes;
  begin_ = 0;
}

}  // namespace lp
