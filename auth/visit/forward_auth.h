#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "auth/visit/forwarded_request.h"
#include "auth/visit/verdict.h"
#include "base/http_message.h"
#include "config/settings.h"

// What the proxy that asked {prefix}/check is told. It lets the client's request through on 2xx and copies the fields
// that it was configured to copy. Pure.
namespace lp {

// `identity_lines` ("Name: value\r\n" each) become fields of the answer. `removed`: names that the client's request
// must lose where the answer does not set them, which Envoy's ext_authz can be told.
[[nodiscard]] Answer grant_answer(int status, std::string_view identity_lines,
                                  const std::vector<std::string>& removed = {});

// What the app would be told of who asks: the identity lines of a pass, and `Authorization` where the route has one. A
// program's own token stays in its place where the app wants one of whoever asks.
[[nodiscard]] std::string lines_for_app(const RequestFacts& facts, const Verdict& passed);
// "Name: value\r\n" each, but for names that the answer has already.
void add_lines(Answer& answer, std::string_view lines);

// Everything else in the words that the asking proxy understands, and never 2xx. Redirects are 302. For nginx they are
// 401 with Location, and what it would take for an error of ours (400, 404, 421) is 403.
[[nodiscard]] Answer refusal_answer(ForwardedForm form, Answer made);
// nginx takes 2xx, 401 and 403 for what they are, and any other for an error.
[[nodiscard]] int status_for_nginx(int status);
// The same for a status alone; the form is told by the fields, for they may not have made sense otherwise.
[[nodiscard]] int refusal_status(const Fields& fields, int status);

// nginx passes on one Set-Cookie field (auth_request_set). A session in several cookies is then not renewed at all, for
// half of a new one and half of an old one would open no more: false, and `lines` is empty.
[[nodiscard]] bool keep_one_cookie(std::vector<std::string>& lines, std::string_view session_cookie_name);

// The names of all identity headers that this route's apps may get, and those of other routes, which a client of this
// one must not say: the same app may stand behind both.
[[nodiscard]] std::vector<std::string> identity_names(const Settings& settings, const RouteSettings& route);

}  // namespace lp
