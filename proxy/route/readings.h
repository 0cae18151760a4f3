#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "proxy/route/target.h"

// What apps may read where we read the normal form, for the router to ask whether its rule would still be the same one.
// Pure.
namespace lp {

// Apps read some legal paths in other ways than RFC 3986: they cut parameters off (/private;x/secret), take %2F or %5C
// for a slash, %3F or %23 for the end of the path, decode twice or three times, or take overlong forms for the
// characters that these once stood for (threats P02, P08, P11, P13). Normal form but for the escapes that another
// decoding leaves; no longer than `normal_path`, and without dot segments.
[[nodiscard]] std::vector<std::string> lenient_readings(std::string_view normal_path);

// What some app takes for the query, or its beginning: what stands behind the first ';' (Fastify) or the first %3F, in
// whatever layer (gateways that decode the path and send it on).
[[nodiscard]] std::vector<std::string> hidden_queries(std::string_view normal_path);

// Where the app gets another spelling than the normal form, what apps read that do less than we do.
struct SpelledReadings {
  std::string unmerged;           // with empty segments as they are; all else in normal form
  std::vector<std::string> kept;  // with escapes of reserved characters as they are, merged and not
  // Behind what a parser of URLs takes for the authority, where two slashes stand first ("//host/private").
  std::vector<std::string> behind_authority;
};
[[nodiscard]] SpelledReadings spelled_readings(const Target& target);
// The path as it is sent, but for the case of digits in escapes.
[[nodiscard]] std::string undecoded_reading(const Target& target);
// With escapes of reserved characters as they are.
[[nodiscard]] std::string with_unreserved_decoded(std::string_view path);

// One layer of encoding less: %25XX as what %XX stands for, or as that escape.
[[nodiscard]] std::string with_layer_off(std::string_view normal_path);
// Overlong forms of ASCII characters as these.
[[nodiscard]] std::string without_overlong_forms(std::string_view normal_path);

}  // namespace lp
