#pragma once
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace lp {

// Objects to be used again, of one worker. Who gave back last is taken first, for that memory is still in the CPU's
// cache. T::start_over() makes it as good as new; which memory it keeps for that is its own choice.
template <class T>
class FreeList {
 public:
  template <class... Arguments>
  [[nodiscard]] std::unique_ptr<T> take(Arguments&... arguments) {
    if (free_.empty()) return std::make_unique<T>(arguments...);
    auto taken = std::move(free_.back());
    free_.pop_back();
    return taken;
  }
  void give(std::unique_ptr<T> one) {
    if (free_.size() >= kMostKept) return;
    one->start_over();
    free_.push_back(std::move(one));
  }
  void drop() {
    free_.clear();
    free_.shrink_to_fit();
  }

 private:
  static constexpr std::size_t kMostKept = 256;
  std::vector<std::unique_ptr<T>> free_;
};

}  // namespace lp
