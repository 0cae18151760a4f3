#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "config/spelling.h"
#include "proxy/route/path_escapes.h"
#include "proxy/route/readings.h"
#include "proxy/route/target.h"

// The normal form is a fixed point, has no dot or empty segment, and leaves the query alone. What is sent is one too,
// and says the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto target = lp::normalise_target(text);
  if (!target) return 0;
  const std::string& path = target.value().path;
  LP_CHECK(!path.empty() && path.front() == '/', "no slash");
  LP_CHECK(path.find("//") == std::string::npos, "empty segment");
  LP_CHECK((path + "/").find("/../") == std::string::npos && (path + "/").find("/./") == std::string::npos, "dots");
  const bool is_ascii = std::all_of(text.begin(), text.end(), [](char c) { return static_cast<signed char>(c) >= 0; });
  LP_CHECK(!is_ascii || !target.value().has_query || text.ends_with("?" + target.value().query), "query changed");
  const auto again = lp::normalise_target(target.value().text());
  LP_CHECK(again.ok() && again.value().text() == target.value().text(), "not a fixed point");
  LP_CHECK(again.value().has_encoded_slash == target.value().has_encoded_slash, "flag lost");
  // What is left out of it, as "//", may be what had another reading.
  LP_CHECK(!again.value().has_other_readings || target.value().has_other_readings, "flag gained");
  const std::string& sent = target.value().sent();
  LP_CHECK((sent + "/").find("/../") == std::string::npos && (sent + "/").find("/./") == std::string::npos, "dots");
  const auto once_more = lp::normalise_target(sent);
  LP_CHECK(once_more.ok() && once_more.value().sent() == sent && once_more.value().path == path, "sent otherwise");
  LP_CHECK(lp::escapes::with_slashes_merged(lp::spelled_readings(*target).unmerged) == path, "another path is sent");
  for (const std::string& reading : lp::lenient_readings(path)) {
    LP_CHECK(reading.size() <= path.size() && (reading + "/").find("/../") == std::string::npos, "dots in a reading");
  }
  const std::string key = lp::spelling_key(path);
  LP_CHECK(lp::leads_upwards(path) || lp::spelling_key(key) == key, "a key that is not its own");
  LP_CHECK(key == path || lp::may_have_other_key(path), "a key not looked for");
  LP_CHECK(target.value().is_odd || !lp::may_have_other_key(path), "a path not looked at");
  const std::size_t slash = path.find('/', 1);
  if (slash != std::string::npos) {
    const auto rest = lp::rewrite_path(path, std::string_view(path).substr(0, slash));
    LP_CHECK(rest.ok() && rest.value() == path.substr(slash), "rewriting fails");
  }
  return 0;
}
