#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace lp {

// scheme://host[:port], the unit of trust in a browser (RFC 6454). Host is lower case ASCII; IPv6 keeps its brackets.
struct Origin {
  std::string scheme;  // "http" or "https"
  std::string host;
  std::uint16_t port = 0;  // always the real one, 80 or 443 when the text names none

  [[nodiscard]] bool is_https() const { return scheme == "https"; }
  [[nodiscard]] std::string text() const;       // default port left out
  [[nodiscard]] std::string authority() const;  // host[:port], default port left out
  bool operator==(const Origin&) const = default;
};

// An absolute http or https URL. Strict: no user info, no control or non-ASCII byte, no backslash, port 1-65535.
struct Url {
  Origin origin;
  std::string path;   // "/" when empty
  std::string query;  // without '?'; a fragment is refused

  [[nodiscard]] std::string text() const;
};
[[nodiscard]] Result<Url> parse_url(std::string_view text);
// As parse_url, but path must be empty or "/" and there is no query.
[[nodiscard]] Result<Origin> parse_origin(std::string_view text);

// The Host header or :authority (RFC 9110 7.2): host[:port], lower-cased host. Refuses user info, path, spaces, zone
// ids, empty host, lists. A single trailing dot of the host is removed. `default_port` where the text names none.
struct Authority {
  std::string host;
  std::uint16_t port = 0;
};
[[nodiscard]] Result<Authority> parse_authority(std::string_view text, std::uint16_t default_port);

// "a=1&b=2" form pairs, decoded. Fails on a broken escape. Repeated names are kept: the caller decides (a protocol
// parameter sent twice is refused).
using FormPairs = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] Result<FormPairs> parse_form(std::string_view text);
[[nodiscard]] std::string form_encode(const FormPairs& pairs);

}  // namespace lp
