#pragma once
#include <optional>
#include <string_view>

#include "base/http_message.h"
#include "proxy/acme/token.h"
#include "proxy/exchange/worker_context.h"
#include "proxy/http/messages.h"

namespace lp {

inline constexpr std::string_view kAcmeChallenge = "acme_challenge";  // the access log's decision

// What an authority that makes sure of a host is answered, whoever asks and under any Host: GET and HEAD of a token
// that we have right now, or of a file in acme_webroot, whose folder for this is nobody else's. Nullopt: the request is
// about something else.
[[nodiscard]] std::optional<Answer> acme_answer(const WorkerContext& context, const ParsedRequest& request);

}  // namespace lp
