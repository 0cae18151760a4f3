#pragma once
#include <string_view>
#include <vector>

#include "base/http_message.h"
#include "base/url.h"

// The header fields of our own pages, JSON and redirects: they may not be stored, framed, sniffed, or run anything that
// is not ours (threats K01, O15, O16, O18). Public keys alone may be stored (auth/endpoints/jwks_endpoint). Answers to
// machines without a body of ours (auth/endpoints/call_by_logto, auth/visit/forward_auth) have Cache-Control alone.
// Pure.
namespace lp {

// What a page needs beyond the strictest policy.
struct PageNeeds {
  std::vector<std::string_view> styles;             // the texts of its <style> elements, allowed by hash
  bool has_images = false;                          // that stand in the page itself (data:)
  const std::vector<Origin>* allow_from = nullptr;  // pictures, style sheets and fonts may come from there too
  std::string_view script;                          // the text of its <script>, allowed by hash
  std::string_view form_origin;  // a form's answer may redirect there (Chromium judges redirects by form-action)
  // A form on a no-referrer page posts with "Origin: null", which our own same-site check must refuse.
  bool has_form = false;
};
void add_security_headers(Answer& answer, const PageNeeds& needs = {});

}  // namespace lp
