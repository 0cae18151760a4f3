#include "proxy/http2/head_fields.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/one_of.h"

namespace lp {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

// RFC 9113 8.2.2: with one of these a message is malformed.
bool is_of_connection(std::string_view name) {
  switch (name.size()) {
    case 7:
      return iequals(name, "Upgrade");
    case 10:
      return iequals(name, "Connection") || iequals(name, "Keep-Alive");
    case 16:
      return iequals(name, "Proxy-Connection");
    case 17:
      return iequals(name, "Transfer-Encoding");
    default:
      return false;
  }
}

// What must not be found out by guessing at the size of what is compressed, and would only push out what comes again
// (RFC 7541 7.1.3).
bool is_kept_out_of_table(std::string_view name) {
  return name == "set-cookie" || name == "authorization" || name == "cookie" || name == "location";
}

}  // namespace

void HeadFields::clear() {
  text_.clear();
  spans_.clear();
  list_.clear();
}

void HeadFields::release() {
  std::string().swap(text_);
  std::vector<Span>().swap(spans_);
  std::vector<nghttp2_nv>().swap(list_);
}

void HeadFields::add(std::string_view name, std::string_view value) {
  if (is_of_connection(name)) return;
  const std::size_t start = text_.size();
  text_.append(name).append(value);
  const auto begin = text_.begin() + static_cast<std::ptrdiff_t>(start);
  std::transform(begin, begin + static_cast<std::ptrdiff_t>(name.size()), begin, lower);
  spans_.push_back({name.size(), value.size()});
}

void HeadFields::add_lines(std::string_view lines) {
  for (std::size_t end = 0; (end = lines.find("\r\n")) != std::string_view::npos; lines.remove_prefix(end + 2)) {
    const std::string_view line = lines.substr(0, end);
    const std::size_t colon = line.find(':');
    if (colon == 0 || colon == std::string_view::npos) return;
    add(line.substr(0, colon), trim_ows(line.substr(colon + 1)));
  }
}

void HeadFields::add_all(const Fields& fields) {
  for (const Field& field : fields.all()) add(field.name, field.value);
}

void HeadFields::remove(std::string_view name) {
  std::size_t at = 0;
  for (auto span = spans_.begin(); span != spans_.end();) {
    const std::size_t bytes = span->name_bytes + span->value_bytes;
    if (std::string_view(text_).substr(at, span->name_bytes) == name) {
      text_.erase(at, bytes);
      span = spans_.erase(span);
    } else {
      at += bytes;
      ++span;
    }
  }
}

bool HeadFields::has(std::string_view name) const {
  const char* at = text_.data();
  return std::any_of(spans_.begin(), spans_.end(), [&](const Span& span) {
    const std::string_view one(at, span.name_bytes);
    at += span.name_bytes + span.value_bytes;
    return one == name;
  });
}

// nghttp2 promises not to write there.
const std::vector<nghttp2_nv>& HeadFields::all() {
  list_.clear();
  auto* at = reinterpret_cast<std::uint8_t*>(text_.data());
  for (const Span& span : spans_) {
    const bool kept_out = is_kept_out_of_table({reinterpret_cast<const char*>(at), span.name_bytes});
    const auto flags = static_cast<std::uint8_t>(kept_out ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE);
    list_.push_back({at, at + span.name_bytes, span.name_bytes, span.value_bytes, flags});
    at += span.name_bytes + span.value_bytes;
  }
  return list_;
}

}  // namespace lp
