#include "proxy/http/collected_body.h"

#include <algorithm>
#include <utility>

#include "base/wipe.h"

namespace lp {

void CollectedBody::begin(std::size_t limit_bytes) {
  wipe();
  limit_bytes_ = limit_bytes;
}

// A string that grows by itself would leave its old bytes in freed memory.
bool CollectedBody::append(std::string_view bytes) {
  if (bytes.size() > limit_bytes_ - bytes_.size()) return false;
  const std::size_t wanted = bytes_.size() + bytes.size();
  if (wanted > bytes_.capacity()) {
    std::string larger;
    larger.reserve(std::max(wanted, std::min(limit_bytes_, 2 * bytes_.capacity())));
    larger.append(bytes_);
    wipe_string(bytes_);
    bytes_ = std::move(larger);
  }
  bytes_.append(bytes);
  return true;
}

void CollectedBody::wipe() {
  if (bytes_.empty()) return;
  wipe_string(bytes_);
  bytes_ = {};
}

}  // namespace lp
