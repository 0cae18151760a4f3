#pragma once
#include <cstdint>
#include <string>

#include "base/secret.h"

// We call Logto, or another provider: the request as auth/oidc makes it, ready for auth/provider, and the reply as
// auth/oidc judges it.
namespace lp {

// What a call is for. Calls to one server share its places (auth/provider/call_turns.h), and none of these may take
// those of another: strangers cause sign-ins and introspections as they like.
enum class CallKind : std::uint8_t {
  keys,           // discovery and key sets, on which all others wait; never many
  session,        // refreshes and tokens of people who are signed in
  sign_in,        // codes that browsers bring
  introspection,  // opaque tokens that programs bring
  upkeep,         // nobody waits for it
};

struct Caller {
  CallKind kind = CallKind::keys;
  std::string client;  // on whose behalf, as base/client_group.h says; empty: nobody's
};

struct ProviderRequest {
  Caller caller;
  std::string method = "GET";
  std::string url;       // which ones may be called is the sender's matter (auth/provider/pinned_fetch.h)
  Secret authorization;  // value of the Authorization field; empty: none
  Secret form_body;      // application/x-www-form-urlencoded; for POST
  Secret json_body{};    // application/json, in place of form_body; for POST, PUT and PATCH
};

struct ProviderReply {
  int status = 0;
  std::string content_type;
  std::string body;
  std::string location{};        // of a redirect, which is not followed
  std::int64_t date_s{};         // when the server says it answered (Date, RFC 9110 6.6.1); 0: it does not
  std::int64_t retry_after_s{};  // for how long it wants to be left alone (RFC 9110 10.2.3); 0: it does not say
};

}  // namespace lp
