#pragma once
#include <string>
#include <string_view>

#include "base/http_message.h"
#include "base/url.h"
#include "config/settings.h"
#include "proxy/route/target.h"

// What a route answers itself, in place of an app: a redirect, a fixed answer, or the way to a page of ours. Files are
// those of proxy/exchange/static_file.h. Pure.
namespace lp {

// Of a request, what a reply depends on besides its target.
struct AskedReply {
  const Settings& settings;  // of the realm
  const Origin& external;
  const Fields& fields;
};
// Of files only this: a folder that was asked for without the slash at its end.
[[nodiscard]] Answer reply_of(const RouteSettings& route, const Target& target, const AskedReply& asked);

// For operators: "redirect 302 to /new", "static /srv/www"; empty: the route has none.
[[nodiscard]] std::string describe_reply(const RouteReplySettings& reply);

}  // namespace lp
