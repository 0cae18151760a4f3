#include "auth/rules/navigation.h"

#include <algorithm>
#include <optional>

#include "auth/rules/grpc.h"
#include "base/encoding.h"
#include "base/url.h"
#include "base/weighted_list.h"

namespace lp {
namespace {

bool is_safe_method(std::string_view method) { return method == "GET" || method == "HEAD"; }

// A prefetched sign-in would set a pending cookie and spend an interaction that nobody sees (threat O30).
bool is_prefetch(const Fields& fields) {
  return fields.has("Sec-Purpose") || iequals(fields.get("Purpose"), "prefetch") ||
         iequals(fields.get("X-Moz"), "prefetch");
}

// Android's WebView names its app in the same field, also when it navigates.
bool is_script(const Fields& fields) { return iequals(fields.get("X-Requested-With"), "XMLHttpRequest"); }

// "empty" with the mode "navigate" is a navigation that the page's service worker passes on: no script can ask for that
// mode itself (Fetch, Request constructor).
bool is_page_destination(std::string_view destination) {
  return destination == "document" || destination == "iframe" || destination == "frame" || destination == "empty";
}

// "text/html", "text/html;level=1" or "text/html;q=0.9", not "text/html;q=0". A weight that is none refuses nothing:
// who names the type wants it.
bool wants_html(std::string_view element) {
  const std::optional<Weighted> range = parse_weighted(element);
  if (range && range->weight == 0) return false;
  return iequals(trim_ows(element.substr(0, element.find(';'))), "text/html");
}

bool accepts_html(const Fields& fields) {
  const std::vector<std::string_view> accepted = list_values(fields, "Accept");
  return std::any_of(accepted.begin(), accepted.end(), wants_html);
}

bool is_same_site(std::string_view fetch_site) {
  return fetch_site == "same-origin" || fetch_site == "same-site" || fetch_site == "none";
}

bool refers_to(std::string_view referer, std::string_view own_origin) {
  const Result<Url> url = parse_url(referer.substr(0, referer.find('#')));
  return url && url->origin.text() == own_origin;
}

bool comes_from(const Fields& fields, std::string_view own_origin) {
  if (fields.has("Origin")) return fields.get("Origin") == own_origin;
  return refers_to(fields.get("Referer"), own_origin);
}

}  // namespace

bool is_navigation(std::string_view method, const Fields& fields) {
  if (is_prefetch(fields) || is_grpc(fields)) return false;
  if (!fields.has("Sec-Fetch-Mode")) {
    return is_safe_method(method) && accepts_html(fields) && !is_script(fields);
  }
  return fields.get("Sec-Fetch-Mode") == "navigate" && is_page_destination(fields.get("Sec-Fetch-Dest"));
}

bool may_start_sign_in(std::string_view method, const Fields& fields) {
  return is_safe_method(method) && is_navigation(method, fields);
}

bool is_same_site_request(std::string_view method, const Fields& fields, std::string_view own_origin) {
  const bool may_change = is_safe_method(method) || method == "POST";
  if (!may_change) return false;
  if (fields.has("Sec-Fetch-Site")) return is_same_site(fields.get("Sec-Fetch-Site"));
  return comes_from(fields, own_origin);
}

bool is_same_origin_request(const Fields& fields, std::string_view own_origin) {
  if (fields.has("Sec-Fetch-Site")) return fields.get("Sec-Fetch-Site") == "same-origin";
  return comes_from(fields, own_origin);
}

bool is_script_of_same_origin(const Fields& fields) {
  if (is_prefetch(fields)) return false;
  const std::string_view mode = fields.get("Sec-Fetch-Mode");
  return fields.get("Sec-Fetch-Site") == "same-origin" && fields.get("Sec-Fetch-Dest") == "empty" &&
         (mode == "cors" || mode == "same-origin");
}

bool is_form_post(const RequestHead& head, bool wants_upgrade) {
  if (head.method != "POST" || wants_upgrade || is_grpc(head.fields)) return false;
  if (!head.fields.has("Sec-Fetch-Mode")) return accepts_html(head.fields) && !head.fields.has("X-Requested-With");
  return head.fields.get("Sec-Fetch-Mode") == "navigate" && head.fields.get("Sec-Fetch-Dest") == "document";
}

}  // namespace lp
