#pragma once
#include <string_view>

#include "base/http_message.h"

// Who is asking: a person at an address bar, or a script, an image, a poll? Pure.
namespace lp {

// True for a top-level navigation or one in a frame that may start a sign-in and gets HTML: Sec-Fetch-Mode: navigate
// with Sec-Fetch-Dest document, iframe, frame or (by way of a service worker) empty where sent (and no
// Purpose/Sec-Purpose prefetch), else GET or HEAD with text/html in Accept. Only GET and HEAD navigations may be
// redirected to a sign-in; a POST navigation gets HTML.
[[nodiscard]] bool is_navigation(std::string_view method, const Fields& fields);
[[nodiscard]] bool may_start_sign_in(std::string_view method, const Fields& fields);
// A request of our own pages' scripts and forms: Sec-Fetch-Site same-origin where sent, else Origin or Referer of
// `own`; without any of these headers, false.
[[nodiscard]] bool is_same_origin_request(const Fields& fields, std::string_view own_origin);
// A state change asked for by our own pages or a user's own hand: Sec-Fetch-Site same-origin, same-site or none where
// sent; else Origin or Referer of `own`; for a POST without any of these headers, false.
[[nodiscard]] bool is_same_site_request(std::string_view method, const Fields& fields, std::string_view own_origin);
// fetch() or XMLHttpRequest of a page of this very origin: no image, no prefetch, nothing that a link alone can cause.
[[nodiscard]] bool is_script_of_same_origin(const Fields& fields);

// A form that a person submits in a browser: mode navigate and destination document where those are sent, which
// browsers do over https only; else text/html in Accept.
[[nodiscard]] bool is_form_post(const RequestHead& head, bool wants_upgrade);

}  // namespace lp
