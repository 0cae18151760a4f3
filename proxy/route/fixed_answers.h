#pragma once
#include <cstdint>
#include <string_view>

#include "base/http_message.h"
#include "config/settings.h"

// Which requests are answered the same whoever asks, under any Host, before anything is routed: those of probes and
// crawlers. Pure.
namespace lp {

enum class FixedAnswer : std::uint8_t { none, ping, ready, robots_txt, acme_challenge };

// GET and HEAD of just these paths, in this spelling only: every other one is an app's. Never a check for another
// proxy: whoever resolves requests has told those apart before, and what a check is about is not asked here.
[[nodiscard]] FixedAnswer fixed_answer_to(std::string_view method, std::string_view path_and_query,
                                          const Fields& fields, const HealthSettings& settings);

// With acme_webroot GET and HEAD of all below /.well-known/acme-challenge/: its files, or nothing.
[[nodiscard]] bool is_of_acme_webroot(std::string_view method, std::string_view path_and_query,
                                      const Settings& settings);

// /robots.txt of a host where nothing is public, where the configuration does not say otherwise: asked once the Host
// and the target are known. An app's own would say more, to people who are signed in and do not ask for it.
[[nodiscard]] bool is_for_crawlers(std::string_view method, std::string_view normal_path, std::string_view host,
                                   const Settings& settings);

}  // namespace lp
