#include "auth/cookies/cookie_pieces.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/encoding.h"

namespace lp {
namespace {

std::string piece_name(std::string_view name, std::size_t index) {
  std::string piece(name);
  if (index > 0) piece.append(1, '_').append(std::to_string(index));
  return piece;
}

std::string attribute_text(const CookieAttributes& attributes) {
  std::string text = "; Path=/";
  if (!attributes.until_closed) text += "; Max-Age=" + std::to_string(attributes.max_age_s);
  if (!attributes.domain.empty()) text += "; Domain=" + attributes.domain;
  text += "; HttpOnly";
  if (attributes.secure) text += "; Secure";
  text += attributes.same_site == SameSite::none ? "; SameSite=None" : "; SameSite=Lax";
  if (attributes.partitioned) text += "; Partitioned";
  return text;
}

CookieAttributes expired(CookieAttributes attributes) {
  attributes.max_age_s = 0;
  attributes.until_closed = false;
  return attributes;
}

}  // namespace

CookieAttributes common_attributes(const CookieSettings& settings, bool https, std::string domain,
                                   std::int64_t max_age_s) {
  return {https, settings.same_site, std::move(domain), max_age_s, settings.partitioned};
}

std::optional<std::size_t> piece_index(std::string_view cookie, std::string_view name) {
  if (!cookie.starts_with(name)) return std::nullopt;
  cookie.remove_prefix(name.size());
  if (cookie.empty()) return 0;
  if (cookie.size() != 2 || cookie[0] != '_' || cookie[1] < '1') return std::nullopt;
  const auto index = static_cast<std::size_t>(cookie[1] - '0');
  return index < kMaxCookiePieces ? std::optional(index) : std::nullopt;
}

std::vector<std::string> set_cookie_pieces(std::string_view name, std::string_view value,
                                           const CookieAttributes& attributes, std::size_t pieces_before) {
  const std::size_t pieces = (value.size() + kCookiePieceBytes - 1) / kCookiePieceBytes;
  if (pieces == 0 || pieces > kMaxCookiePieces) return {};
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < pieces; ++i) {
    std::string line = piece_name(name, i) + "=";
    line += value.substr(i * kCookiePieceBytes, kCookiePieceBytes);
    lines.push_back(line + attribute_text(attributes));
  }
  for (std::size_t i = pieces; i < std::min(pieces_before, kMaxCookiePieces); ++i) {
    lines.push_back(piece_name(name, i) + "=" + attribute_text(expired(attributes)));
  }
  return lines;
}

std::vector<std::string> delete_cookie_pieces(std::string_view name, const CookieAttributes& attributes,
                                              std::size_t pieces) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < std::min(pieces, kMaxCookiePieces); ++i) {
    lines.push_back(piece_name(name, i) + "=" + attribute_text(expired(attributes)));
  }
  return lines;
}

JoinedCookie join_cookie_pieces(std::string_view name, const Fields& fields, std::string_view other) {
  std::array<std::string_view, kMaxCookiePieces> found;
  JoinedCookie joined;
  unsigned came = 0;  // a bit for each piece
  bool twice = false;
  for_each_cookie(fields, [&](std::string_view cookie, std::string_view value) {
    const std::optional<std::size_t> index = piece_index(cookie, name);
    joined.has_other = joined.has_other || (cookie == other && !other.empty());
    if (!index) return;
    twice = twice || (came >> *index & 1) != 0;
    came |= 1U << *index;
    found[*index] = value;
    joined.pieces = std::max(joined.pieces, *index + 1);
  });
  const bool complete = came + 1 == 1U << joined.pieces;
  if (twice || !complete || joined.pieces == 0) return joined;
  if (joined.pieces == 1) {
    joined.single = found[0];
    return joined;
  }
  for (std::size_t i = 0; i < joined.pieces; ++i) joined.assembled += found[i];
  return joined;
}

}  // namespace lp
