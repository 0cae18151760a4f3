#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/identity/client_headers.h"
#include "base/http_message.h"
#include "config/settings.h"
#include "proxy/http/client_facts.h"
#include "proxy/http/messages.h"
#include "proxy/http/route_fields.h"
#include "proxy/http/trace_context.h"

// What is sent on is rebuilt from parsed fields, never copied: hop-by-hop fields, the client's spoofs and our own
// cookies stay here. Pure.
namespace lp {

// What the Host field says where the upstream does not get the client's own; else empty.
[[nodiscard]] std::string own_host_field(const UpstreamSettings& upstream);

// Where a request comes from and where it was meant to go, in our words, as lines of a head: X-Forwarded-For,
// X-Real-IP, X-Forwarded-Proto, -Host and -Port. Kept, for they are often those of the last request.
class ForwardedLines {
 public:
  // Valid until the next call.
  [[nodiscard]] std::string_view of(const ClientFacts& client, const Origin& external);

 private:
  void write_lines(const ClientFacts& client, const Origin& external);
  std::string address_;
  std::string forwarded_for_;
  Origin external_;
  std::string lines_;
};

// Everything for one upstream request head besides the client's fields.
struct OutgoingRequest {
  std::string_view method;
  std::string_view target;           // rewritten path and query
  std::string_view host;             // the Host to send
  const Origin* external = nullptr;  // that the browser asked
  const ClientFacts* client = nullptr;
  std::string_view forwarded_lines;  // ForwardedLines of these two
  std::string_view request_id;
  const TraceContext* trace = nullptr;  // null: the client's fields go on as they came
  std::string_view identity_lines;      // ready "Name: value\r\n" lines; empty when anonymous
  // The Authorization field is ours on this route: the client's stays here, also where we have none.
  bool replaces_authorization = false;
  std::string_view bearer_token;  // empty: none
  BodyFraming body;
  bool client_may_name_fields = true;  // ParsedRequest::may_name_fields
  // The Content-Type of a body that is not the client's: all that the client said of its own is left out. Null
  // otherwise.
  const std::string* replaced_content_type = nullptr;
  std::string_view upgrade;                      // the protocol that the connection should become; empty: none
  bool keep_alive = true;                        // else the app is told that this is the only request on its connection
  std::string_view stripped_prefix;              // for X-Forwarded-Prefix; empty: none was taken off
  bool tells_forwarded = false;                  // `Forwarded` (RFC 7239)
  bool drops_method_override = false;            // fields that name another method than the one that was judged
  const RequestFieldChanges* changes = nullptr;  // the route's; null: none
};
// Appends the complete head, with the empty line, to `out`: our fields first, then what may remain of the client's,
// then the framing. The client's Connection options drop fields of the client's own only. Expect is not sent on:
// whoever reads the client's body answers it.
void append_request_head(std::string& out, const OutgoingRequest& request, const Fields& client_fields,
                         const ClientHeaderRules& rules);
// Its "Name: value\r\n" lines alone, for a wire that frames otherwise: no request line, Host, Transfer-Encoding,
// Connection or Upgrade, and no empty line.
void append_request_fields(std::string& out, const OutgoingRequest& request, const Fields& client_fields,
                           const ClientHeaderRules& rules);

struct OutgoingResponse {
  BodyFraming body;  // how we frame it to this client
  int client_version_minor = 1;
  bool keep_alive = true;
  bool app_may_name_fields = true;  // ParsedResponse::may_name_fields
  bool authenticated = false;       // for somebody signed in: no shared cache may keep it, whatever the app says
  std::string_view upgrade;         // 101: what the connection becomes; empty: nothing
  // Ours, to be added. No shared cache may keep such an answer either: it would hand them on.
  const std::vector<std::string>* set_cookies = nullptr;
  const Origin* external = nullptr;             // that the browser asked; null: the fields below are not looked at
  const AnswerFieldChanges* changes = nullptr;  // the route's; null: none
  const AddressMap* addresses = nullptr;        // likewise
};
// Body kind `none` under a status that could have a body means HEAD or 304: the app's Content-Length is kept then. A
// 1xx that is no upgrade gets neither framing nor Connection.
void append_response_head(std::string& out, const OutgoingResponse& response, const ResponseHead& upstream_head,
                          const ClientHeaderRules& rules);
// As append_request_fields().
void append_response_fields(std::string& out, const OutgoingResponse& response, const ResponseHead& upstream_head,
                            const ClientHeaderRules& rules);

// It has said that it knows what to do with trailers (RFC 9110 10.1.4): TE: trailers.
[[nodiscard]] bool takes_trailers(const Fields& request);
// What of a message's trailers may be sent on: nothing that frames, routes, signs in, tells who somebody is, or rules a
// browser, and nothing that its head would have lost on this route, for there are readers that merge the two (RFC 9110
// 6.5.1). `changes`: null: none.
[[nodiscard]] Fields request_trailers(const Fields& sent, const Fields& head, const RequestFieldChanges* changes,
                                      const ClientHeaderRules& rules);
[[nodiscard]] Fields response_trailers(const Fields& sent, const AnswerFieldChanges* changes,
                                       const ClientHeaderRules& rules);

}  // namespace lp
