#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

// Certificates that come by themselves (listen[].tls.acme): for whom, and where they are. Pure.
namespace lp {

// Below this an authority asks (RFC 8555 8.3).
inline constexpr std::string_view kAcmePath = "/.well-known/acme-challenge/";

// What listeners say of it, who all say the same; null: none of them has it.
[[nodiscard]] const AcmeSettings* acme_of(const Settings& settings);

// The hosts of https:// external URLs and sign_in_url, of all realms, each once, in the order of the file; those too
// for which there can be none.
[[nodiscard]] std::vector<std::string> https_hosts(const Settings& settings);

// "", or why no authority can make sure of this host by asking it over HTTP (RFC 8555 8.3).
[[nodiscard]] std::string why_no_certificate_for(std::string_view host);

// Those of https_hosts() for which there can be one.
[[nodiscard]] std::vector<std::string> hosts_with_acme(const Settings& settings);

// Below state_dir, of one authority: what another one has signed, and its account, is not mistaken for this one's.
[[nodiscard]] std::string acme_folder(const AcmeSettings& settings);

// Where uacme puts them.
[[nodiscard]] CertificateFiles acme_files(const AcmeSettings& settings, std::string_view host);

}  // namespace lp
