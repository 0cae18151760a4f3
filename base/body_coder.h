#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace lp {

enum class Coding : unsigned char { identity, gzip, brotli };

// A body on its way, compressed (RFC 1952, RFC 7932). One stream; what comes out is whole only behind finish(). The
// views are valid until the next call and may be empty. Any one thread.
class BodyCoder {
 public:
  // Not for identity.
  [[nodiscard]] static std::unique_ptr<BodyCoder> make(Coding coding);
  // What one takes, its output aside, as measured.
  [[nodiscard]] static std::size_t memory_bytes(Coding coding);
  // As Content-Encoding says it.
  [[nodiscard]] static std::string_view name_of(Coding coding);

  virtual ~BodyCoder() = default;
  [[nodiscard]] std::string_view encode(std::string_view bytes);
  // All of what was said up to here can be read by the receiver then. Costs a few bytes where there is something.
  [[nodiscard]] std::string_view flush();
  [[nodiscard]] std::string_view finish();

 protected:
  enum class Step { encode, flush, finish };
  // Appends to `out` what `bytes` and the step make.
  virtual void run(Step step, std::string_view bytes, std::string& out) = 0;

 private:
  std::string out_;
  bool holds_input_ = false;
};

}  // namespace lp
