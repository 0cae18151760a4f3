#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace lp {

// A request body on its way to whoever must see all of it. It may hold a logout token or a form, so its bytes are wiped
// wherever they stood. Memory grows with what came, not with what was announced.
class CollectedBody {
 public:
  CollectedBody() = default;
  ~CollectedBody() { wipe(); }
  CollectedBody(const CollectedBody&) = delete;
  CollectedBody& operator=(const CollectedBody&) = delete;

  void begin(std::size_t limit_bytes);
  [[nodiscard]] bool has_room_for(std::size_t bytes) const { return bytes <= limit_bytes_ - bytes_.size(); }
  // What it holds of memory once so many bytes more are appended.
  [[nodiscard]] std::size_t memory_with(std::size_t bytes) const;
  void append(std::string_view bytes);  // which it has room for
  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  void wipe();  // cheap where nothing was collected

 private:
  std::string bytes_;
  std::size_t limit_bytes_ = 0;
};

}  // namespace lp
