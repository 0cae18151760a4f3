#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "config/settings.h"

// The words of a configuration file: text to value and back. Pure. The Error of a parser says what was expected and
// what was found; of a secret it never repeats the text.
namespace lp {

[[nodiscard]] Error expected(std::string_view what, std::string_view found);

// 500ms 30s 15m 12h 14d; one number, one unit. Milliseconds.
[[nodiscard]] Result<std::int64_t> parse_duration(std::string_view text);
[[nodiscard]] std::string format_duration(std::int64_t ms);
// 512 64KiB 10MiB 1GiB, or none for kUnlimited. Bytes.
[[nodiscard]] Result<std::int64_t> parse_size(std::string_view text);
[[nodiscard]] std::string format_size(std::int64_t bytes);
[[nodiscard]] Result<std::int64_t> parse_count(std::string_view text);
[[nodiscard]] Result<bool> parse_bool(std::string_view text);  // true | false

// 10.0.0.0/8, 192.0.2.1, fd00::/8, ::ffff:10.0.0.0/104; bits below the prefix must be zero.
[[nodiscard]] Result<Cidr> parse_cidr(std::string_view text);
[[nodiscard]] std::string format_cidr(const Cidr& cidr);
[[nodiscard]] bool is_ip_literal(std::string_view text);  // IPv6 without brackets

// 127.0.0.1:8080, [::]:8443, unix:/run/x.sock
[[nodiscard]] Result<ListenSettings> parse_listen(std::string_view text);
[[nodiscard]] std::string format_listen(const ListenSettings& listen);

// Also one of a page that no website has: "chrome-extension://abc", "capacitor://localhost", "file://", with port 0.
// The host "*" stands for all of that scheme; Firefox gives an extension another host in each browser.
[[nodiscard]] Result<Origin> parse_page_origin(std::string_view text);

// http://host:port, https://host:port or unix:/path into the address fields of `upstream`.
[[nodiscard]] Result<void> parse_upstream_url(std::string_view text, UpstreamSettings& upstream);
[[nodiscard]] std::string format_upstream_url(const UpstreamSettings& upstream);

// redis://[user@]host[:port][/db], rediss://..., or unix:/path[?db=N], into the address fields of `redis`. A password
// in it is refused: it has a key of its own.
[[nodiscard]] Result<void> parse_redis_url(std::string_view text, RedisSettings& redis);
[[nodiscard]] std::string format_redis_url(const RedisSettings& redis);

// scheme://host[:port], a slash at the end forgiven.
[[nodiscard]] Result<Origin> parse_config_origin(std::string_view text);

// RFC 9110 5.6.2
[[nodiscard]] bool is_token(std::string_view text);
// host name or IP literal (IPv6 in brackets), lower case, no port
[[nodiscard]] bool is_host(std::string_view text);

// A session secret: base64 in either alphabet, padding optional, 32 bytes or more.
[[nodiscard]] Result<Secret> parse_session_secret(std::string_view text);

// Values of the authorization request that Logto accepts; one bad value voids all of its extra parameters
// (Logto fact 12), so they are judged here.
[[nodiscard]] Result<std::string> parse_with(std::string_view text);
[[nodiscard]] Result<std::string> parse_prompt(std::string_view text);
[[nodiscard]] Result<std::string> parse_ui_locales(std::string_view text);
[[nodiscard]] Result<std::string> parse_first_screen(std::string_view text);
// One further authorization parameter: refuses the names that we set ourselves, judges the values of those we know.
[[nodiscard]] Result<void> check_extra_parameter(std::string_view name, std::string_view value);

}  // namespace lp
