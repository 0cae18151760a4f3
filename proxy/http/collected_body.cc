#include "proxy/http/collected_body.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/wipe.h"

namespace lp {

void CollectedBody::begin(std::size_t limit_bytes) {
  wipe();
  limit_bytes_ = limit_bytes;
}

std::size_t CollectedBody::memory_with(std::size_t bytes) const {
  const std::size_t wanted = bytes_.size() + bytes;
  if (wanted <= bytes_.capacity()) return bytes_.capacity();
  return std::max(wanted, std::min(limit_bytes_, 2 * bytes_.capacity()));
}

// A string that grows by itself would leave its old bytes in freed memory.
void CollectedBody::append(std::string_view bytes) {
  LP_CHECK(has_room_for(bytes.size()), "a collected body beyond its limit");
  const std::size_t memory = memory_with(bytes.size());
  if (memory > bytes_.capacity()) {
    std::string larger;
    larger.reserve(memory);
    larger.append(bytes_);
    wipe_string(bytes_);
    bytes_ = std::move(larger);
  }
  bytes_.append(bytes);
}

void CollectedBody::wipe() {
  if (bytes_.empty()) return;
  wipe_string(bytes_);
  std::string().swap(bytes_);  // an assignment of nothing would keep the memory
}

}  // namespace lp
