#pragma once
#include <array>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include "base/http_message.h"

// The writing side of the HTTP/1.1 codec for what we make ourselves (RFC 9112). Pure.
namespace lp {

// "1f4\r\n": the line before a chunk (RFC 9112 7.1).
class ChunkHead {
 public:
  explicit ChunkHead(std::size_t bytes);
  [[nodiscard]] std::string_view text() const { return {text_.data(), length_}; }

 private:
  std::array<char, 20> text_{};
  std::size_t length_ = 0;
};

// Appends a complete answer with Content-Length and Date; the body is left out for HEAD (its length is still told).
void append_answer(std::string& out, const Answer& answer, bool without_body, bool keep_alive, std::time_t now);

// Adds the field (RFC 6797) to a head, with or without what follows it, unless it has one.
void add_strict_transport(std::string& message, std::string_view value);

[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace lp
