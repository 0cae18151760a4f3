#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/http_message.h"

namespace lp {

// Takes the chunked coding off (RFC 9112 7.1). Extensions are checked and dropped; trailers are checked and kept, apart
// from the head, for whoever lets some of them pass (threat H16). The size of both is bounded.
class ChunkedDecoder {
 public:
  // Apps of old put blanks behind a chunk's size, or end all their lines in a bare LF; of a client both are refused
  // (threat S11).
  explicit ChunkedDecoder(bool is_of_app = false) : is_of_app_(is_of_app) {}
  enum class Outcome { need_more, data, end, bad };
  // Looks at `in`, sets `consumed`; on `data`, `data` is the next piece of the body (a view into `in`), to be called
  // again with the rest; on `end` the message is complete and what follows `consumed` belongs to the next one.
  Outcome next(std::string_view in, std::size_t& consumed, std::string_view& data);
  [[nodiscard]] bool has_ended() const { return state_ == State::done; }
  [[nodiscard]] bool took_blanks() const { return took_blanks_; }
  [[nodiscard]] bool took_bare_lf() const { return took_bare_lf_; }
  // A chunk's size is half here, or none of it.
  [[nodiscard]] bool awaits_size() const { return state_ <= State::size_lf; }
  // Of a body that has ended. Views live until reset().
  [[nodiscard]] Fields trailers() const;
  void reset();

 private:
  enum class State : std::uint8_t {
    size,
    blanks,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_start,
    trailer_name,
    trailer_value,
    trailer_lf,
    end_lf,
    done,
    failed
  };
  bool take(char c);  // one byte outside of data; false: no legal message goes on so
  bool take_size(char c);
  bool take_blank(char c);
  // A line's end, or its first byte: what comes behind it is `next`, behind a CR `lf`.
  bool take_line_end(char c, State lf, State next);
  bool take_extension(char c);
  bool take_trailer(char c);
  bool expect(char c, char wanted, State next_state);
  [[nodiscard]] State behind_size() const;

  bool is_of_app_;
  bool took_blanks_ = false;
  bool took_bare_lf_ = false;
  State state_ = State::size;
  std::uint64_t left_ = 0;             // of this chunk's data
  std::uint32_t digits_ = 0;           // of this chunk's size
  std::uint32_t extension_bytes_ = 0;  // of the whole message
  std::string trailers_;               // lines as they came
};

}  // namespace lp
