#include "cli/import/to_do.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "config/forward_auth.h"

namespace lp {
namespace {

std::string text_at(const Node& map, std::string_view key, std::string otherwise) {
  const Node* found = map.find(key);
  return found == nullptr ? otherwise : found->text;
}

// Where oauth2-proxy's endpoints are served; empty: nowhere.
std::string oauth2_prefix(const Node& root) {
  const Node* forward = root.find("forward_auth");
  const std::string written = forward == nullptr ? "" : text_at(*forward, "oauth2_proxy", "");
  return written == "true" ? std::string(kOauth2Prefix) : written;
}

void register_at_logto(ImportContext& context) {
  const Node& root = context.root;
  const Node* urls = root.find("external_urls");
  std::string origin = text_at(root, "sign_in_url", urls == nullptr ? "" : urls->items.front().text);
  if (origin.empty() || has_variable(origin)) origin = "{EXTERNAL_URL}";
  const std::string ours = origin + text_at(root, "auth_prefix", "/_auth");
  const std::string prefix = oauth2_prefix(root);
  const std::string callback = (prefix.empty() ? ours : origin + prefix) + "/callback";
  context.note(Outcome::to_do, "(Logto)",
               "register, at the application: as redirect URI " + callback + ", as post sign-out redirect URI " + ours +
                   "/signed-out, as backchannel logout URI " + ours +
                   "/backchannel-logout; the first two for each origin where people sign in");
}

void let_probes_in(ImportContext& context) {
  const Node* admin = context.root.find("admin");
  const Node* health = context.root.find("health");
  const bool are_answered = health != nullptr && (health->find("ping") != nullptr || health->find("ready") != nullptr);
  if (are_answered || (admin != nullptr && admin->find("listen") != nullptr)) return;
  context.note(Outcome::to_do, "(admin.listen)",
               "/healthz and /readyz are at 127.0.0.1:9180, which nobody reaches from outside, a pod's probes "
               "included: where they must, set admin.listen, as 0.0.0.0:9180, and keep it from the internet");
}

bool any_route(const Node& root, std::string_view key) {
  const Node* routes = root.find("routes");
  return routes != nullptr && std::any_of(routes->items.begin(), routes->items.end(),
                                          [&](const Node& route) { return route.find(key) != nullptr; });
}

// Whoever may send the field himself chooses the method by which he is judged.
void tell_the_method(ImportContext& context) {
  const bool depends_on_it = any_route(context.root, "methods") || any_route(context.root, "preflight");
  const std::string prefix = oauth2_prefix(context.root);
  if (prefix.empty() || !depends_on_it || context.root.find("trusted_proxies") == nullptr) return;
  context.note(
      Outcome::to_do, "(X-Forwarded-Method)",
      "routes here depend on the method (methods, preflight). A proxy that asks " + prefix +
          "/auth must say it, "
          "beside X-Forwarded-Uri, and take out what the client sends: in nginx write `proxy_set_header "
          "X-Forwarded-Method $request_method;` where it asks. Without it a client chooses the method by which it is "
          "judged, and where no method is told, checks of paths of routes with methods are refused (403, "
          "unasked_rules)");
}

void send_people_to_sign_in(ImportContext& context) {
  if (oauth2_prefix(context.root).empty()) return;
  const std::string sign_in = oauth2_prefix(context.root) + "/sign_in";
  context.note(Outcome::to_do, "(nginx: error_page)",
               "`error_page 401 =403 " + sign_in + ";` shows people an empty page with 403, because " + sign_in +
                   " is a redirect here: write `error_page 401 = " + sign_in + ";`");
}

// Header values that are the client's own need no proof.
bool is_secret(const Entry& header) {
  static constexpr std::string_view kKeys[] = {"value", "value_file", "access_token", "id_token"};
  return std::any_of(std::begin(kKeys), std::end(kKeys),
                     [&](std::string_view key) { return header.value.find(key) != nullptr; });
}

void prove_who_asks(ImportContext& context) {
  const Node* headers = context.root.find("identity_headers");
  const bool has_secret =
      any_route(context.root, "authorization") || any_route(context.root, "token") ||
      (headers != nullptr && std::any_of(headers->entries.begin(), headers->entries.end(), is_secret));
  if (!has_secret) return;
  const std::string prefix = oauth2_prefix(context.root);
  context.note(Outcome::to_do, "(forward_auth.secret)",
               "where another proxy asks here, answers hold what their client does not have (authorization, tokens, "
               "fixed header values) only if it is proven who asks: set forward_auth.secret and let that proxy send it "
               "in X-Logto-Proxy-Check-Secret. Until then " +
                   std::string(prefix.empty() ? "" : prefix + "/auth answers without it, and ") +
                   text_at(context.root, "auth_prefix", "/_auth") + "/check refuses such checks (403)");
}

}  // namespace

void report_what_to_do(ImportContext& context) {
  register_at_logto(context);
  tell_the_method(context);
  prove_who_asks(context);
  send_people_to_sign_in(context);
  let_probes_in(context);
}

}  // namespace lp
