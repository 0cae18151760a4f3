#include "config/options/route_options.h"

#include <algorithm>
#include <utility>

#include "config/options/bearer_options.h"
#include "config/options/binding.h"
#include "config/options/identity_binding.h"
#include "config/options/option_bindings.h"
#include "config/options/requirement_binding.h"
#include "config/organization_place.h"
#include "config/redirect_target.h"
#include "config/value.h"
#include "config/yaml/suggest.h"

namespace lp {
namespace {

using Table = std::vector<Option>;

Result<std::string> parse_parameter_name(std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!text.empty() && plain && text.find_first_of("&=;%+[]#") == std::string_view::npos) return std::string(text);
  return expected("the plain name of a query parameter", text);
}

Result<std::string> parse_field_name(std::string_view text) {
  if (is_token(text)) return std::string(text);
  return expected("the name of a header field", text);
}

Binding networks_binding() {
  const Binding cidrs = list<Cidr>(LP_FIELD(route->networks), parse_cidr, format_cidr);
  return {cidrs.read,
          [print = cidrs.print](const Scope& scope) { return scope.route->networks.empty() ? Node() : print(scope); }};
}

void add_matching(Table& table) {
  table.push_back({"routes[].host", "a host or *.DOMAIN", "null", 0, 0, kPlain,
                   "Only requests to this host; null: any external URL.",
                   text(LP_FIELD(route->host), parse_route_host)});
  table.push_back({"routes[].path", "a path", "", 0, 0, kRequired,
                   "/a/b is that path alone, /a/* is /a, /a/ and all below, \"~ REGEX\" must match the whole path.",
                   scalar<PathPattern>(LP_FIELD(route->path), parse_path_pattern, format_path_pattern)});
  table.push_back({"routes[].methods", "a list of methods", "null", 0, 0, kNonEmpty, "Only these; null: any.",
                   null_if_empty(LP_FIELD(route->methods), parse_method)});
  table.push_back({"routes[].query", "a map of names to texts", "null", 0, 0, kPlain,
                   "Only with these query parameters; a text, \"~ REGEX\" or a list of which one is enough.",
                   field_conditions_binding(LP_FIELD(route->query), parse_parameter_name)});
  table.push_back({"routes[].headers", "a map of names to texts", "null", 0, 0, kPlain,
                   "Only with these header fields, which reach the app as they are.",
                   field_conditions_binding(LP_FIELD(route->headers), parse_field_name)});
  table.push_back({"routes[].networks", "a list of addresses and ranges such as 10.0.0.0/8", "null", 0, 0, kNonEmpty,
                   "Only for clients from these; null: from anywhere.", networks_binding()});
}

using OrganizationPlace = RouteTokenSettings::Organization;

constexpr std::string_view kOrganizationType = "an organization's id, from_host or from_path";

// `id` is that of a fixed one. False: a problem was reported.
bool read_organization(const Node& node, const Reading& reading, OrganizationPlace& place, std::string& id) {
  const auto* text = scalar_text(node, reading);
  if (text == nullptr) return false;
  if (!is_organization_id(*text)) {
    reading.problem(node, expected(kOrganizationType, *text).message);
    return false;
  }
  const std::string meant = nearest(*text, {"from_host", "from_path"});
  if (!meant.empty() && meant != *text) {
    reading.problem(node, expected(kOrganizationType, *text).message + ": did you mean " + meant + "?");
    return false;
  }
  place = *text == "from_host"   ? OrganizationPlace::from_host
          : *text == "from_path" ? OrganizationPlace::from_path
                                 : OrganizationPlace::fixed;
  id = place == OrganizationPlace::fixed ? *text : "";
  return true;
}

Node print_organization(OrganizationPlace place, const std::string& id) {
  switch (place) {
    case OrganizationPlace::none:
      return Node();
    case OrganizationPlace::fixed:
      return Node::scalar(id);
    case OrganizationPlace::from_host:
      return Node::scalar("from_host");
    case OrganizationPlace::from_path:
      return Node::scalar("from_path");
  }
  return Node();
}

Binding token_organization_binding() {
  return {[](const Node& node, const Reading& reading) {
            RouteTokenSettings& token = reading.scope.route->token;
            (void)read_organization(node, reading, token.organization, token.organization_id);
          },
          [](const Scope& scope) {
            return print_organization(scope.route->token.organization, scope.route->token.organization_id);
          }};
}

Binding organization_binding() {
  return {[](const Node& node, const Reading& reading) {
            RouteOrganizationSettings& organization = reading.scope.route->organization;
            if (!read_organization(node, reading, organization.place, organization.id)) return;
            organization.rule.kind = Requirement::Kind::member;
            organization.rule.any_of.clear();
            if (!organization.id.empty()) organization.rule.any_of = {organization.id};
          },
          [](const Scope& scope) {
            return print_organization(scope.route->organization.place, scope.route->organization.id);
          }};
}

void add_protection(Table& table) {
  table.push_back({"routes[].access", "public, optional, signed_in or deny", "signed_in", 0, 0, kPlain,
                   "optional: anybody, and identity headers for those who are signed in.",
                   choice<Access>(LP_FIELD(route->access), {{"public", Access::public_},
                                                            {"optional", Access::optional},
                                                            {"signed_in", Access::signed_in},
                                                            {"deny", Access::deny}})});
  table.push_back({"routes[].require", "a map of rules", "null", 0, 0, kPlain,
                   "What a person must be; all of it. 403 for others. See the manual for the rules.",
                   requirement_binding(LP_FIELD(route->require), Requirement::Kind::all)});
  table.push_back({"routes[].deny", "a map of rules", "null", 0, 0, kPlain,
                   "Whoever meets any one of these is refused, whatever else holds.",
                   requirement_binding(LP_FIELD(route->deny), Requirement::Kind::any)});
  table.push_back({"routes[].organization", kOrganizationType, "null", 0, 0, kPlain,
                   "Members of it alone, its id in X-Forwarded-Organization: from_host is the host's first label, "
                   "from_path the segment after path.",
                   organization_binding()});
  table.push_back({"routes[].unauthenticated", "auto, redirect or 401", "auto", 0, 0, kPlain,
                   "auto: navigations go to sign in, everything else gets 401.",
                   choice<Unauthenticated>(LP_FIELD(route->unauthenticated), {{"auto", Unauthenticated::automatic},
                                                                              {"redirect", Unauthenticated::redirect},
                                                                              {"401", Unauthenticated::status_401}})});
  add_bearer_route_options(table);
  table.push_back(
      {"routes[].forbidden", "page, 403 or sign_in", "page", 0, 0, kPlain,
       "page: says what is missing. 403: says nothing more. sign_in: a navigation may choose another account.",
       choice<Forbidden>(
           LP_FIELD(route->forbidden),
           {{"page", Forbidden::page}, {"403", Forbidden::status_403}, {"sign_in", Forbidden::sign_in}})});
  table.push_back({"routes[].preflight", "true or false", "false", 0, 0, kPlain,
                   "CORS preflights pass to the app without a session.", boolean(LP_FIELD(route->preflight))});
  table.push_back({"routes[].shadow", "true or false", "false", 0, 0, kPlain,
                   "For trying a rule out: everybody passes, and the access log says what would have happened.",
                   boolean(LP_FIELD(route->shadow))});
  add_sign_in_options(table, "routes[].sign_in.", "null");
}

// RFC 8707 2: absolute, without a fragment. Logto splits at commas.
Result<std::string> parse_resource(std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  const bool fits = text.size() <= 1024 && text.find_first_of(",\"\\<>") == std::string_view::npos;
  if (plain && fits && check_extra_parameter("resource", text)) return std::string(text);
  return expected("an absolute URI without a fragment, such as https://api.example.com", text);
}

// RFC 6749 3.3.
Result<std::string> parse_scope(std::string_view text) {
  const bool plain =
      std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '\\'; });
  if (!text.empty() && plain) return std::string(text);
  return expected("a scope", text);
}

void add_token(Table& table) {
  table.push_back({"routes[].token.resource", "an absolute URI", "null", 0, 0, kPlain,
                   "The app gets an access token for this API resource of Logto as Authorization: Bearer.",
                   text(LP_FIELD(route->token.resource), parse_resource)});
  table.push_back({"routes[].token.scopes", "a list of scopes", "null", 0, 0, kNonEmpty,
                   "Of the resource, or of the organization; who has them gets them.",
                   null_if_empty(LP_FIELD(route->token.scopes), parse_scope)});
  table.push_back({"routes[].token.organization", kOrganizationType, "null", 0, 0, kPlain,
                   "A token as its member: from_host is the host's first label, from_path the segment after path.",
                   token_organization_binding()});
}

void add_identity(Table& table) {
  table.push_back({"routes[].identity_preset", kPresetType, "null", 0, 0, kPlain,
                   "For this route, in place of all that stands at the top; none: the app is told nothing.",
                   route_identity_preset_binding()});
  table.push_back({"routes[].identity_headers", "a map of headers to claims", "null", 0, 0, kPlain,
                   "The same for headers; beside a preset they add to it.",
                   identity_headers_binding(LP_FIELD(route->identity_headers), false)});
  table.push_back({"routes[].authorization", "a map with basic or bearer", "null", 0, 0, kPlain,
                   "The Authorization that the app gets, in place of the client's.", authorization_binding()});
  table.push_back({"routes[].assertion", "true or false", "false", 0, 0, kPlain,
                   "A signed statement of who it is, in X-Logto-Proxy-Assertion; keys at /_auth/jwks.json.",
                   boolean(LP_FIELD(route->assertion))});
}

constexpr std::string_view kReturnToParameters =
    "[return_to, next, rd, redirect, redirect_to, redirectUrl, returnUrl, return, returnTo, return_url, ReturnUrl, "
    "return_path]";

Result<int> parse_redirect_status(std::string_view text) {
  for (const int status : {301, 302, 303, 307, 308}) {
    if (text == std::to_string(status)) return status;
  }
  return expected("301, 302, 303, 307 or 308", text);
}

// A 1xx is no answer, and a 3xx without a Location leads nowhere.
Result<int> parse_answer_status(std::string_view text) {
  const auto status = parse_count(text);
  const bool redirects = status && *status >= 300 && *status <= 399;
  if (redirects)
    return fail("expected a status of 200 to 299 or 400 to 599, found '" + std::string(text) +
                "': redirect is the key for where to");
  if (status && *status >= 200 && *status <= 599) return static_cast<int>(*status);
  return expected("a status of 200 to 299 or 400 to 599", text);
}

std::string format_status(const int& status) { return std::to_string(status); }

Binding answer_status_binding(Field<int> field) {
  Binding binding = scalar<int>(field, parse_answer_status, format_status);
  binding.print = [field](const Scope& scope) {
    return field(scope) == 0 ? Node() : Node::scalar(format_status(field(scope)));
  };
  return binding;
}

Result<std::string> parse_body(std::string_view text) {
  if (text.size() <= 64 * 1024) return std::string(text);
  return fail("expected at most 64 KiB; a file is served by static");
}

Result<std::string> parse_visible_line(std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  if (plain && text.find('/') != std::string_view::npos) return std::string(text);
  return expected("a media type such as text/html; charset=utf-8", text);
}

void add_app_protocol(Table& table) {
  table.push_back({"routes[].websocket_unauthenticated", "401 or close", "401", 0, 0, kPlain,
                   "close: who is not signed in gets the WebSocket, closed with 4401, which scripts can read.",
                   choice<WebSocketUnauthenticated>(
                       LP_FIELD(route->websocket_unauthenticated),
                       {{"401", WebSocketUnauthenticated::status_401}, {"close", WebSocketUnauthenticated::close}})});
  table.push_back({"routes[].upgrades", "a list of protocols", "[websocket]", 0, 0, kPlain,
                   "What a connection may become; also tcp (Docker) and SPDY/3.1 (Kubernetes).",
                   texts(LP_FIELD(route->upgrades), parse_upgrade)});
  table.push_back({"routes[].buffer_request", "off or a size", "off", 1024, 1LL << 30, kPlain,
                   "A chunked upload up to this is collected first and sent with a length; a larger one is 413.",
                   buffer_request_binding()});
}

void add_forwarding(Table& table) {
  table.push_back({"routes[].upstream", "a name under upstreams", "null", 0, 0, kPlain,
                   "Where to; needed unless access is deny, or the route answers itself.",
                   text(LP_FIELD(route->upstream), parse_upstream_name)});
  table.push_back({"routes[].strip_prefix", "a path", "null", 0, 0, kPlain, "Taken off before the app sees the path.",
                   text(LP_FIELD(route->strip_prefix), parse_plain_path)});
  table.push_back({"routes[].encoded_slash", "reject or keep", "reject", 0, 0, kPlain,
                   "%2F, %5C, %252F and the like in a path: 400, or passed as they are (GitLab, npm, Jenkins).",
                   choice<EncodedSlash>(LP_FIELD(route->encoded_slash),
                                        {{"reject", EncodedSlash::reject}, {"keep", EncodedSlash::keep}})});
  table.push_back(
      {"routes[].path_bytes", "utf8 or any", "utf8", 0, 0, kPlain,
       "any: paths may hold what is not UTF-8 (Latin-1, Shift_JIS); utf8: 400.",
       choice<PathBytes>(LP_FIELD(route->path_bytes), {{"utf8", PathBytes::utf8}, {"any", PathBytes::any}})});
  table.push_back({"routes[].path_spellings", "same or distinct", "same", 0, 0, kPlain,
                   "same: /A, /a/ and '/a.' are judged by a stricter route for /a; distinct: the app tells them apart.",
                   choice<PathSpellings>(LP_FIELD(route->path_spellings),
                                         {{"same", PathSpellings::same}, {"distinct", PathSpellings::distinct}})});
  table.push_back({"routes[].hold_requests", "true or false", "true", 0, 0, kPlain,
                   "A form post that meets a session expired less than an hour ago waits for the sign-in.",
                   boolean(LP_FIELD(route->hold_requests))});
  table.push_back(
      {"routes[].allowed_origins", "a list of origins, or none", "[]", 0, 0, kPlain,
       "Further origins whose pages may open WebSockets, as those of the URL asked may, and read our errors.",
       allowed_origins_binding()});
  add_app_protocol(table);
}

void add_replies(Table& table) {
  table.push_back(
      {"routes[].redirect.to", "a path or a URL", "null", 0, 0, kPlain,
       "In place of an app. \\0 is the path asked for, \\1 what stands for * or the first group of the path's "
       "REGEX; the query is kept unless this has one.",
       text(LP_FIELD(route->reply.redirect_to), parse_redirect_target)});
  table.push_back({"routes[].redirect.status", "301, 302, 303, 307 or 308", "302", 0, 0, kPlain,
                   "301 and 308 are remembered by browsers.",
                   scalar<int>(LP_FIELD(route->reply.redirect_status), parse_redirect_status, format_status)});
  table.push_back({"routes[].respond.status", "200 to 299 or 400 to 599", "null", 0, 0, kPlain,
                   "In place of an app: a fixed answer.",
                   answer_status_binding(LP_FIELD(route->reply.respond_status))});
  table.push_back({"routes[].respond.body", "a text", "null", 0, 0, kPlain, "Its content.",
                   text(LP_FIELD(route->reply.respond_body), parse_body)});
  table.push_back({"routes[].respond.type", "a media type", "text/plain; charset=utf-8", 0, 0, kPlain,
                   "Its Content-Type.", text(LP_FIELD(route->reply.respond_type), parse_visible_line)});
  table.push_back({"routes[].static", "a directory", "null", 0, 0, kPlain,
                   "In place of an app: its files, with index.html for folders; none that begin with a dot.",
                   directory_binding(LP_FIELD(route->reply.files))});
  using Action = RouteReplySettings::Action;
  table.push_back(
      {"routes[].action", "sign_in, sign_out or account", "null", 0, 0, kPlain,
       "In place of an app: to that page of ours, so that an app's own /logout leads there.",
       choice<Action>(LP_FIELD(route->reply.action),
                      {{"sign_in", Action::sign_in}, {"sign_out", Action::sign_out}, {"account", Action::account}})});
  table.push_back({"routes[].return_to_parameters", "a list of names", kReturnToParameters, 0, 0, kPlain,
                   "Of an action: query parameters that may say where to go behind it; else the page that led there.",
                   texts(LP_FIELD(route->reply.return_to_parameters), parse_parameter_name)});
}

}  // namespace

Group redirect_group() { return {"routes[].redirect", Group::Kind::map, "to", {}, {}, {}}; }

void add_sign_in_options(std::vector<Option>& table, const std::string& prefix,
                         std::string_view keep_fragment_default) {
  table.push_back({prefix + "with", "social:TARGET or sso:CONNECTOR_ID", "null", 0, 0, kPlain,
                   "Straight to that connector, without Logto's first screen.",
                   optional_text(LP_FIELD(sign_in().with), parse_with)});
  table.push_back({prefix + "first_screen", "one of Logto's first screens", "null", 0, 0, kPlain,
                   "sign_in, register, reset_password, identifier:sign_in, identifier:register or single_sign_on.",
                   optional_text(LP_FIELD(sign_in().first_screen), parse_first_screen)});
  table.push_back({prefix + "prompt", "login, consent or none", "null", 0, 0, kPlain,
                   "login asks for the password again, none never shows a page.",
                   optional_text(LP_FIELD(sign_in().prompt), parse_prompt)});
  table.push_back({prefix + "ui_locales", "language tags such as 'ja en'", "null", 0, 0, kPlain,
                   "Languages of Logto's pages; null: the browser's Accept-Language.",
                   optional_text(LP_FIELD(sign_in().ui_locales), parse_ui_locales)});
  table.push_back({prefix + "keep_fragment", "true or false", keep_fragment_default, 0, 0, kPlain,
                   "A small page carries the #fragment over an interactive sign-in, for hash-routed apps.",
                   keep_fragment_binding()});
  table.push_back({prefix + "choose", "true or false", keep_fragment_default, 0, 0, kPlain,
                   "A page of ours first, with a button for each social connector that Logto offers.",
                   choose_binding()});
  table.push_back({prefix + "extra", "a map of parameters", "{}", 0, 0, kPlain,
                   "Further parameters of the authorization request.", extra_binding()});
}

void add_route_options(Table& table) {
  add_matching(table);
  add_protection(table);
  add_token(table);
  add_identity(table);
  add_forwarding(table);
  add_replies(table);
}

}  // namespace lp
