#pragma once
#include <string>

#include "cli/import/context.h"
#include "cli/import/source.h"
#include "cli/import/yaml.h"

// Who may sign in at an oauth2-proxy. Pure but for `read_file`.
namespace lp {

// The claim that is the e-mail address there: oidc_email_claim, or the older user_id_claim.
[[nodiscard]] std::string oauth2_proxy_email_claim(const SourceOptions& options);
[[nodiscard]] bool has_logto_issuer(const SourceOptions& options);

// The map under `require:` of every route, never an empty one: nobody without an address gets in there. It lets nobody
// in by itself who is kept out there: each option that is not in oauth2_proxy_options.h, and each that restricts and
// is not translated here, asks for the role ${ALLOWED_ROLE}. Says what became of all these options.
[[nodiscard]] Node oauth2_proxy_requirement(ImportContext& context, const FileReader& read_file);

}  // namespace lp
