#include "proxy/http1/body_reader.h"

#include <algorithm>

namespace lp {

void BodyReader::begin(const BodyFraming& framing) {
  kind_ = framing.kind;
  left_ = framing.length;
  if (kind_ == BodyFraming::Kind::chunked) chunked_.reset();
}

bool BodyReader::is_over() const {
  switch (kind_) {
    case BodyFraming::Kind::none:
      return true;
    case BodyFraming::Kind::length:
      return left_ == 0;
    case BodyFraming::Kind::chunked:
      return chunked_.has_ended();
    case BodyFraming::Kind::until_close:
      return false;
  }
  return true;
}

BodyReader::Outcome BodyReader::next(std::string_view in, std::size_t& consumed, std::string_view& data) {
  switch (kind_) {
    case BodyFraming::Kind::none:
    case BodyFraming::Kind::length:
      return next_of_length(in, consumed, data);
    case BodyFraming::Kind::chunked:
      return chunked_.next(in, consumed, data);
    case BodyFraming::Kind::until_close:
      break;
  }
  consumed = in.size();
  data = in;
  return in.empty() ? Outcome::need_more : Outcome::data;
}

BodyReader::Outcome BodyReader::next_of_length(std::string_view in, std::size_t& consumed, std::string_view& data) {
  consumed = static_cast<std::size_t>(std::min<std::uint64_t>(in.size(), left_));
  data = in.substr(0, consumed);
  left_ -= consumed;
  if (left_ == 0) return Outcome::end;
  return data.empty() ? Outcome::need_more : Outcome::data;
}

}  // namespace lp
