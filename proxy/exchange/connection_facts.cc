#include "proxy/exchange/connection_facts.h"

#include <string>

#include "base/url.h"
#include "config/value.h"
#include "proxy/net/tls_acceptor.h"

namespace lp {
namespace {

// As SNI would name it, which knows no addresses (RFC 6066 3). Read as the router reads it: what leads to a host's
// routes in some spelling must count as that host here.
std::string server_name_of(std::string_view authority) {
  const auto parsed = parse_authority(authority, 443);
  return !parsed || is_ip_literal(parsed->host) ? std::string() : parsed->host;
}

}  // namespace

const ClientCertificate* certificate_shown_on(const ClientStream& client) {
  return client.tls() == nullptr ? nullptr : TlsAcceptor::client_certificate(*client.tls());
}

std::optional<Answer> refuse_on_this_connection(const ClientStream& client, std::string_view authority,
                                                ExchangeRecord& record) {
  if (client.tls() == nullptr || !TlsAcceptor::asks_for_certificates(*client.tls())) return std::nullopt;
  if (TlsAcceptor::asks_the_same_of(*client.tls(), server_name_of(authority))) return std::nullopt;
  record.decision = "other_connection";
  Answer answer = text_answer(
      421,
      "421 Misdirected Request\nThis connection was made for another host, whose clients are asked for other "
      "certificates. Ask again on a connection of its own.\nRequest ID: ");
  answer.body.append(record.id).append("\n");
  return answer;
}

}  // namespace lp
