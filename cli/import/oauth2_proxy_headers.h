#pragma once
#include "cli/import/context.h"
#include "cli/import/oauth2_proxy_alpha.h"
#include "cli/import/oauth2_proxy_routes.h"

// The part of oauth2-proxy's configuration about headers that tell the app who it is. Pure.
namespace lp {

// identity_headers and the routes' authorization.
void import_oauth2_proxy_headers(ImportContext& context, const OAuth2ProxyAlpha* alpha, RouteExtras& extras);

}  // namespace lp
