#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

// Which fields of a client an app may take for our word or for a command, whatever else is configured: the tables that
// the server strips by, that `check` judges names by and that `routes` and the manual show. Pure.
namespace lp {

enum class ClientFieldFamily : std::uint8_t {
  identity,         // who somebody is, in the words of proxies that do our job
  not_believed,     // of these, what passes all the same
  forwarding,       // where a request comes from and where it was meant to go: we say so, or nobody
  path,             // where below the app's root a request is: another path than the one that was judged
  method_override,  // another method than the one that was judged
  proxy_command,    // to a proxy in front of an app, from either side
  request_command,  // likewise, from clients only
  codec,            // what frames a message: in other spellings than its own
  hop,              // for one connection only, or what frames a message or says what part of a body it is
};

// Folded: lower case, everything that is not a letter or a digit as '-'. CGI and WSGI make one variable of
// X-Forwarded-User, X_Forwarded_User and (some) X.Forwarded.User (threat H02). One that ends in '-' stands for all that
// begin so.
[[nodiscard]] std::span<const std::string_view> client_fields_of(ClientFieldFamily family);
[[nodiscard]] std::string folded_field(std::string_view name);
[[nodiscard]] bool is_field_of(ClientFieldFamily family, std::string_view name);  // in any spelling

[[nodiscard]] bool is_known_method_override(std::string_view name);
// The same for each field of a request: nearly all have another length.
[[nodiscard]] inline bool is_method_override(std::string_view name) {
  constexpr std::uint32_t kSizes = 1U << 13 | 1U << 17 | 1U << 22;
  return name.size() < 32 && (kSizes >> name.size() & 1) != 0 && is_known_method_override(name);
}

}  // namespace lp
