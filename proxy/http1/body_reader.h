#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/http/messages.h"
#include "proxy/http1/chunked.h"

namespace lp {

// Finds the body in what follows a head, by its framing (RFC 9112 6.3). Pure. One object reads the bodies of a
// connection one after the other.
class BodyReader {
 public:
  using Outcome = ChunkedDecoder::Outcome;

  // `is_of_app`: see ChunkedDecoder.
  explicit BodyReader(bool is_of_app = false) : chunked_(is_of_app) {}

  void begin(const BodyFraming& framing);
  // Nothing of the body is to come: it has ended, or there never was one. A body until the connection closes is never
  // over by itself.
  [[nodiscard]] bool is_over() const;
  // Looks at `in`, sets `consumed` and `data`, the next piece of the body (a view into `in`), which may be empty unless
  // the outcome is `data`. On `data` it is to be called again with the rest; on `end` this piece was the last and what
  // follows `consumed` belongs to the next message; `bad`: the chunked coding is broken.
  Outcome next(std::string_view in, std::size_t& consumed, std::string_view& data);
  [[nodiscard]] bool took_blanks() const { return kind_ == BodyFraming::Kind::chunked && chunked_.took_blanks(); }
  [[nodiscard]] bool took_bare_lf() const { return kind_ == BodyFraming::Kind::chunked && chunked_.took_bare_lf(); }
  [[nodiscard]] bool awaits_chunk_size() const { return kind_ == BodyFraming::Kind::chunked && chunked_.awaits_size(); }
  // Of a body that has ended; see ChunkedDecoder.
  [[nodiscard]] Fields trailers() const { return kind_ == BodyFraming::Kind::chunked ? chunked_.trailers() : Fields{}; }
  // What a length still promises; 0 where none was told.
  [[nodiscard]] std::uint64_t bytes_left() const { return left_; }

 private:
  Outcome next_of_length(std::string_view in, std::size_t& consumed, std::string_view& data);

  BodyFraming::Kind kind_ = BodyFraming::Kind::none;
  std::uint64_t left_ = 0;  // with a length
  ChunkedDecoder chunked_;
};

}  // namespace lp
