#include "config/client_fields.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"

namespace lp {
namespace {

using Family = ClientFieldFamily;

// Who somebody is, in the words of proxies that do our job: an app may be set up to believe any of them.
constexpr std::string_view kIdentity[] = {
    "x-auth-request-",  // oauth2-proxy behind nginx
    "remote-user",      // CGI, authelia, Apache
    "remote-groups",
    "remote-name",
    "remote-email",
    "remote-ident",
    "x-remote-",  // mod_auth_openidc recipes, Kubernetes (X-Remote-Extra-)
    "oidc-",      // mod_auth_openidc: OIDC_CLAIM_*, OIDC_access_token, OIDC_id_token_payload, ...
    "x-oidc-",
    "x-userinfo",
    "x-id-token",  // apisix, lua-resty-openidc recipes
    "x-authentik-",
    "x-authelia-",
    "x-pomerium-",
    "x-vouch-",
    "x-patreon-",  // our own, see config/patreon_rules.h
    "x-keycloak-",
    "x-caddy-",
    "x-token-user-",
    "x-token-subject",  // caddy-security
    "x-auth-user",
    "x-auth-username",
    "x-auth-userid",
    "x-auth-subject",
    "x-auth-email",
    "x-auth-name",
    "x-auth-groups",
    "x-auth-roles",
    "x-auth-given-name",
    "x-auth-family-name",  // gatekeeper and louketo
    "x-goog-authenticated-",
    "x-goog-iap-",
    "x-serverless-authorization",  // Google IAP
    "x-amzn-oidc-",
    "x-amzn-ava-user-context",
    "x-ms-client-principal",
    "x-ms-client-principal-",
    "x-ms-token-",
    "cf-access-",
    "tailscale-",
    "x-tailscale-",
    "x-teleport-",
    "x-user",
    "x-user-",
    "x-username",
    "x-userid",
    "x-email",
    "x-groups",
    "x-group",
    "x-role",
    "x-roles",
    "x-webauth-",
    "x-authenticated-",
    "x-proxy-user",
    "x-proxy-",
    "x-sso-",
    "x-saml-",
    "x-token-claim-",
    "x-logto-",
    "logto-id-token",
    "logto-host",
    "logto-",  // Logto's Protected App and ourselves
    "x-skipper-",
    "x-consumer-",
    "x-credential-",
    "x-anonymous-consumer",
    "x-jwt-claim-",
    "x-jwt-payload",
    "x-jwt-assertion",  // WSO2
    "sm-",              // SiteMinder: SM_USER, SM_UNIVERSALID, ...
    "iv-",              // WebSEAL: iv-user, iv-groups, iv-creds
    "shib-",            // Shibboleth with ShibUseHeaders
    "ssl-client-",
    "x-ssl-",
    "x-client-cert",
    "x-client-cert-",
    "x-client-dn",
    "x-client-verify",
    "client-cert",
    "client-cert-chain",
    "x-client-certificate",
    "x-client-certificate-",
    "x-client-subject",
    "x-client-issuer",
    "x-certificate-",
    "x-tls-client-",
    "x-mtls-",
    "ssl-cert",
    "ssl-cert-",
    "x-amzn-mtls-",
    "cf-client-cert-",       // load balancers of AWS, Cloudflare
    "wl-proxy-client-cert",  // WebLogic
    "proxy-auth-cert",
    "proxy-ssl-id",  // Jetty
    "-wsru",
    "-wsat",
    "-wscc",
    "-wsra",           // WebSphere: $WSRU, ...
    "ms-aspnetcore-",  // IIS to ASP.NET Core: WINAUTHTOKEN, CLIENTCERT, TOKEN
    "oam-",
    "osso-",  // Oracle
    "cas-user",
    "mellon-",  // mod_auth_cas, mod_auth_mellon
    "pf-auth-",
    "ct-remote-user",  // PingFederate, RSA ClearTrust
    "x-rh-identity",
    "x-endpoint-api-userinfo",
    "x-apigateway-api-userinfo",  // Red Hat, Google's gateways
    "auth-user",
    "auth-mail",
    "auth-groups",
    "auth-cn",
    "ynh-",  // LemonLDAP::NG, YunoHost
    "x-hass-",
    "x-sandstorm-",
    "x-auth-couchdb-",
    "x-scope-orgid",  // Home Assistant's add-ons, Sandstorm, CouchDB, Loki and Mimir
    "impersonate-",
    "es-security-runas-user",
    "opendistro-security-impersonate-as",  // as whom to act with the proxy's own credentials: Kubernetes, Elasticsearch
};

// Begin like the above and say nothing of who it is: gRPC-Web's name of the client program.
constexpr std::string_view kNotBelieved[] = {"x-user-agent"};

// Where a request comes from and where it was meant to go, which we say ourselves or nobody.
constexpr std::string_view kForwarding[] = {
    "forwarded",
    "x-forwarded",
    "x-forwarded-",  // oauth2-proxy's User, Email and Groups with it
    "remote-addr",
    "x-real-ip",
    "x-client-ip",
    "client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "cf-connecting-ipv6",
    "cf-pseudo-ipv4",
    "fastly-client-ip",
    "x-cluster-client-ip",
    "x-originating-ip",
    "x-custom-ip-authorization",
    "x-azure-clientip",
    "x-azure-socketip",
    "x-appengine-user-ip",
    "x-proxyuser-ip",
    "proxy-client-ip",
    "wl-proxy-client-ip",
    "wl-proxy-ssl",
    "x-host",
    "x-http-host-override",
    "x-original-",
    "x-envoy-",
    "x-scheme",
    "x-url-scheme",
    "front-end-https",
    "x-arr-",
    "x-request-id",
    "proxy",
    "x-proxy",
    "x-forward-for",
    "x-forwarder-for",
    "x-proxied-https",
    "x-jfrog-override-base-url",
    "x-artifactory-override-base-url",
    "x-graylog-server-url",
    "x-rstudio-request",  // what links and redirects begin with
};

// WSGI servers and recipes (gunicorn takes SCRIPT_NAME from loopback), Pyramid and Zope, Next.js, Home Assistant's
// add-ons, RStudio: what such a field names is taken off, or put before, the path that the route judged. Or in its
// place: IIS and what is made for it.
constexpr std::string_view kPath[] = {
    "script-name",   "x-script-name",  "path-info",           "x-path-info",    "x-vhm-",
    "x-invoke-",     "x-matched-path", "x-middleware-",       "x-ingress-path", "x-rstudio-root-path",
    "x-rewrite-url", "x-rewrite-uri",  "x-waws-unencoded-url"};

// A method other than the one that the route judged (threat P24).
constexpr std::string_view kMethodOverrides[] = {"x-http-method", "x-http-method-override", "x-method-override",
                                                 "x-tunneled-method"};

// Commands to a proxy in front of an app (threat H25); an app must not answer with them either.
constexpr std::string_view kProxyCommands[] = {"x-accel-redirect",       "x-accel-charset",      "x-accel-expires",
                                               "x-accel-limit-rate",     "x-sendfile",           "x-lighttpd-send-file",
                                               "x-lighttpd-sendfile",    "x-litespeed-location", "x-reproxy-url",
                                               "x-reproxy-expected-size"};

// The whole family from clients; an app may still say X-Accel-Buffering: an nginx in front of us would hold back its
// event stream otherwise.
constexpr std::string_view kRequestCommands[] = {"x-accel-", "x-sendfile-type"};

// Fields that the codec itself acts upon. Their own spelling is dealt with there; any other that folds to them
// ("Content_Length") is for the app's gateway to misread (threat S32).
constexpr std::string_view kCodec[] = {"content-length", "transfer-encoding", "content-type",
                                       "keep-alive",     "proxy-connection",  "proxy-authorization"};

// RFC 9110 7.6.1, and what else each side writes anew: no key of ours may name them.
constexpr std::string_view kHop[] = {"connection",
                                     "keep-alive",
                                     "proxy-connection",
                                     "te",
                                     "trailer",
                                     "transfer-encoding",
                                     "upgrade",
                                     "expect",
                                     "http2-settings",
                                     "content-length",
                                     "content-encoding",
                                     "content-range",
                                     "proxy-authorization",
                                     "proxy-authenticate",
                                     "proxy-authentication-info"};

struct Names {
  Family family;
  const std::string_view* begin;
  std::size_t size;
};
template <std::size_t N>
constexpr Names names(Family family, const std::string_view (&list)[N]) {
  return {family, list, N};
}
constexpr std::array kAll = {
    names(Family::identity, kIdentity),
    names(Family::not_believed, kNotBelieved),
    names(Family::forwarding, kForwarding),
    names(Family::path, kPath),
    names(Family::method_override, kMethodOverrides),
    names(Family::proxy_command, kProxyCommands),
    names(Family::request_command, kRequestCommands),
    names(Family::codec, kCodec),
    names(Family::hop, kHop),
};

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool stands_for(std::string_view entry, std::string_view folded) {
  return entry.ends_with('-') ? folded.starts_with(entry) : folded == entry;
}

}  // namespace

std::span<const std::string_view> client_fields_of(ClientFieldFamily family) {
  const auto found = std::find_if(kAll.begin(), kAll.end(), [&](const Names& one) { return one.family == family; });
  return {found->begin, found->size};
}

std::string folded_field(std::string_view name) {
  std::string folded = ascii_lower(name);
  for (char& c : folded) {
    if (!is_letter_or_digit(c)) c = '-';
  }
  return folded;
}

bool is_field_of(ClientFieldFamily family, std::string_view name) {
  const std::string folded = folded_field(name);
  const auto entries = client_fields_of(family);
  return std::any_of(entries.begin(), entries.end(), [&](std::string_view entry) { return stands_for(entry, folded); });
}

bool is_known_method_override(std::string_view name) { return is_field_of(Family::method_override, name); }

}  // namespace lp
