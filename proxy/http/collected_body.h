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
  // False when that would be more than the limit: then nothing is taken.
  [[nodiscard]] bool append(std::string_view bytes);
  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  void wipe();  // cheap where nothing was collected

 private:
  std::string bytes_;
  std::size_t limit_bytes_ = 0;
};

}  // namespace lp
