#include "proxy/http1/chunked.h"

#include <algorithm>
#include <limits>

#include "base/encoding.h"
#include "proxy/http/syntax.h"

namespace lp {
namespace {

// Extensions are counted over the whole message: one a chunk, forever, is an attack (CVE-2023-39326).
constexpr std::uint32_t kMaxExtensionBytes = 16 * 1024;
constexpr std::uint32_t kMaxTrailerBytes = 16 * 1024;
constexpr std::uint32_t kMaxSizeDigits = 16;

}  // namespace

// chunk-size = 1*HEXDIG: no sign, no prefix, no space, no endless zeros (RFC 9112 7.1, threats S11, S12).
bool ChunkedDecoder::take_size(char c) {
  const int digit = syntax::hex_value(c);
  if (digit >= 0) {
    if (++digits_ > kMaxSizeDigits) return false;
    if (left_ > (static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) >> 4)) return false;
    left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
    return true;
  }
  if (digits_ == 0) return false;
  if (c == ';') return expect(c, ';', State::extension);
  return take_line_end(c, State::size_lf, behind_size()) || take_blank(c);
}

ChunkedDecoder::State ChunkedDecoder::behind_size() const { return left_ > 0 ? State::data : State::trailer_start; }

bool ChunkedDecoder::take_line_end(char c, State lf, State next) {
  const bool is_bare = c == '\n' && is_of_app_;
  if (c != '\r' && !is_bare) return false;
  took_bare_lf_ = took_bare_lf_ || is_bare;
  state_ = is_bare ? next : lf;
  return true;
}

bool ChunkedDecoder::take_blank(char c) {
  if (!is_of_app_ || !syntax::is_ows(c) || ++extension_bytes_ > kMaxExtensionBytes) return false;
  took_blanks_ = true;
  state_ = State::blanks;
  return true;
}

bool ChunkedDecoder::take_extension(char c) {
  if (take_line_end(c, State::size_lf, behind_size())) return true;
  return (syntax::is_text(c) || c == '\t') && ++extension_bytes_ <= kMaxExtensionBytes;
}

// Only where they are field lines: anything else is a request in hiding (threat S16).
bool ChunkedDecoder::take_trailer(char c) {
  if (trailers_.size() >= kMaxTrailerBytes) return false;
  if (c != '\r' && (c != '\n' || state_ != State::trailer_start)) trailers_.push_back(c);
  if (state_ == State::trailer_start) {
    if (take_line_end(c, State::end_lf, State::done)) return true;
    state_ = State::trailer_name;
    return syntax::is_tchar(c);
  }
  if (state_ == State::trailer_name) {
    if (c == ':') state_ = State::trailer_value;
    return c == ':' || syntax::is_tchar(c);
  }
  return take_line_end(c, State::trailer_lf, State::trailer_start) || c == '\t' || syntax::is_text(c);
}

bool ChunkedDecoder::expect(char c, char wanted, State next_state) {
  state_ = next_state;
  return c == wanted;
}

bool ChunkedDecoder::take(char c) {
  switch (state_) {
    case State::size:
      return take_size(c);
    case State::blanks:
      if (c == ';') return expect(c, ';', State::extension);
      return take_line_end(c, State::size_lf, behind_size()) || take_blank(c);
    case State::extension:
      return take_extension(c);
    case State::size_lf:
      return expect(c, '\n', behind_size());
    case State::data_cr:
      digits_ = 0;
      return take_line_end(c, State::data_lf, State::size);
    case State::data_lf:
      return expect(c, '\n', State::size);
    case State::trailer_start:
    case State::trailer_name:
    case State::trailer_value:
      return take_trailer(c);
    case State::trailer_lf:
      trailers_.push_back(c);
      return expect(c, '\n', State::trailer_start);
    case State::end_lf:
      return expect(c, '\n', State::done);
    case State::data:
    case State::done:
    case State::failed:
      return false;
  }
  return false;
}

ChunkedDecoder::Outcome ChunkedDecoder::next(std::string_view in, std::size_t& consumed, std::string_view& data) {
  consumed = 0;
  data = {};
  while (consumed < in.size() && state_ != State::done) {
    if (state_ == State::data) {
      data = in.substr(consumed, static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size() - consumed)));
      consumed += data.size();
      left_ -= data.size();
      if (left_ == 0) state_ = State::data_cr;
      return Outcome::data;
    }
    if (!take(in[consumed])) {
      state_ = State::failed;
      return Outcome::bad;
    }
    ++consumed;
  }
  return state_ == State::done ? Outcome::end : state_ == State::failed ? Outcome::bad : Outcome::need_more;
}

Fields ChunkedDecoder::trailers() const {
  Fields fields;
  std::string_view rest = trailers_;
  for (std::size_t end = 0; (end = rest.find('\n')) != std::string_view::npos; rest.remove_prefix(end + 1)) {
    const std::string_view line = rest.substr(0, end);
    const std::size_t colon = line.find(':');
    fields.add(line.substr(0, colon), trim_ows(line.substr(colon + 1)));
  }
  return fields;
}

void ChunkedDecoder::reset() { *this = ChunkedDecoder(is_of_app_); }

}  // namespace lp
