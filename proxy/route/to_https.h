#pragma once
#include <optional>
#include <string_view>

#include "base/http_message.h"
#include "base/url.h"
#include "config/settings.h"

// Listeners with redirect_to_https: whoever comes there is sent to the same address under https. Pure.
namespace lp {

// The https:// external URL, or sign_in_url, of any realm that has this host, whatever port the client has named: it is
// that of http. On port 443 where there are several. Nullopt: none; nobody is sent to a host that is not ours.
[[nodiscard]] std::optional<Origin> https_origin_for(std::string_view authority, const Settings& settings);

// 301 to GET and HEAD, 308 to all else, which keeps its method; 421 to another host; 400 to a target that is no path.
[[nodiscard]] Answer answer_to_https(std::string_view authority, std::string_view method,
                                     std::string_view path_and_query, const Settings& settings);

}  // namespace lp
