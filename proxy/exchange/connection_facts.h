#pragma once
#include <optional>
#include <string_view>

#include "base/client_certificate.h"
#include "base/http_message.h"
#include "proxy/exchange/record.h"
#include "proxy/http/stream.h"

// What a client's connection says of its requests, beside what is in them. Worker.
namespace lp {

// Null: none that is accepted now. Lives as long as the connection.
[[nodiscard]] const ClientCertificate* certificate_shown_on(const ClientStream& client);

// 421 (RFC 9110 15.5.20, threat D16) where the handshake was for a host whose clients are asked for other certificates
// than those of `authority`, or for none: nobody gets around being asked by naming another host first. Of another host
// of which the same is asked the request is as good as on a connection of its own. Writes the decision into `record`.
[[nodiscard]] std::optional<Answer> refuse_on_this_connection(const ClientStream& client, std::string_view authority,
                                                              ExchangeRecord& record);

}  // namespace lp
