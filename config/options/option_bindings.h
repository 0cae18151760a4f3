#pragma once
#include <string>
#include <string_view>

#include "config/options/binding.h"
#include "config/path_pattern.h"

// Bindings and value parsers of single rows of the option table, where the usual ones of config/options/binding.h do
// not fit.
namespace lp {

[[nodiscard]] Binding external_urls_binding();
[[nodiscard]] Binding origin_binding(Field<Origin> field);
[[nodiscard]] Binding optional_origin_binding(Field<std::optional<Origin>> field);
[[nodiscard]] Binding workers_binding();
[[nodiscard]] Binding connections_per_address_binding();
[[nodiscard]] Binding handshakes_per_address_binding();
// A count within the row's range, or a word that stands for `meaning`.
[[nodiscard]] Binding count_or_word(Field<std::int64_t> field, std::string word, std::int64_t meaning);
[[nodiscard]] Binding buffer_request_binding();
[[nodiscard]] Binding allowed_origins_binding();
[[nodiscard]] Binding keep_fragment_binding();
[[nodiscard]] Binding choose_binding();
Binding choose_binding();
[[nodiscard]] Binding extra_binding();
[[nodiscard]] Binding ca_file_binding(Field<std::string> field);
// A file that need not exist yet; relative to the configuration's folder.
[[nodiscard]] Binding path_binding(Field<std::string> field);
// A directory that is there; relative to the configuration's folder.
[[nodiscard]] Binding directory_binding(Field<std::string> field);
// One secret of visible ASCII characters, and the same in a file.
// `if_guessable` is the problem of a secret that anybody could guess; empty: its strength is somebody else's matter.
[[nodiscard]] Binding secret_binding(Field<Secret> field, std::string_view if_guessable = {});
[[nodiscard]] Binding secret_file_binding(Field<Secret> field, std::string_view if_guessable = {});
[[nodiscard]] Binding redis_url_binding();
[[nodiscard]] Binding app_secret_binding();
[[nodiscard]] Binding app_secret_file_binding();
[[nodiscard]] Binding app_id_file_binding();
[[nodiscard]] Binding scopes_binding();
[[nodiscard]] Binding allowed_parameters_binding();
[[nodiscard]] Binding session_secret_binding();
[[nodiscard]] Binding session_secret_file_binding();
[[nodiscard]] Binding same_site_binding();
[[nodiscard]] Binding upstream_url_binding();
[[nodiscard]] Binding upstream_servers_binding();
[[nodiscard]] Binding upstream_host_binding();
// "stdout", "off" or a file; relative to the configuration's folder.
[[nodiscard]] Binding access_log_output_binding();
[[nodiscard]] Binding access_log_fields_binding();
[[nodiscard]] Binding access_log_exclude_binding();
[[nodiscard]] Binding log_format_binding(Field<LogFormat> field);
// Numbers that may be unset; with `may_be_none` the word "none" is kUnlimited.
[[nodiscard]] Binding optional_number(Field<std::optional<std::int64_t>> field, Parse<std::int64_t> parse,
                                      std::string (*format)(std::int64_t), bool may_be_none);
[[nodiscard]] Binding optional_duration(Field<std::optional<std::int64_t>> field);
// A list that means "any" when it is absent: shown as null rather than as an empty list.
[[nodiscard]] Binding null_if_empty(Field<std::vector<std::string>> field, Parse<std::string> parse);

[[nodiscard]] Result<std::string> parse_visible_text(std::string_view text);   // visible ASCII
[[nodiscard]] Result<std::string> parse_field_name(std::string_view text);     // of a header field
[[nodiscard]] Result<std::string> parse_nonempty_text(std::string_view text);  // UTF-8 without controls
[[nodiscard]] Result<std::string> parse_cookie_name(std::string_view text);
// example.com, without the leading dot of old; refuses IP addresses, single labels and domains that anybody registers
// below (a few well-known ones; browsers know all).
[[nodiscard]] Result<std::string> parse_cookie_domain(std::string_view text);
[[nodiscard]] Result<std::string> parse_plain_path(std::string_view text);     // /a/b, no trailing slash
[[nodiscard]] Result<std::string> parse_oauth2_prefix(std::string_view text);  // true, false or /a/b; "": false
[[nodiscard]] std::string format_oauth2_prefix(const std::string& prefix);
[[nodiscard]] Result<std::string> parse_route_host(std::string_view text);
[[nodiscard]] Result<std::string> parse_method(std::string_view text);
[[nodiscard]] Result<std::string> parse_social_target(std::string_view text);
[[nodiscard]] Result<std::string> parse_upstream_name(std::string_view text);
[[nodiscard]] Result<std::string> parse_upgrade(std::string_view text);  // a protocol's name, RFC 9110 7.8

}  // namespace lp
