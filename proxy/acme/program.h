#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

// The program that speaks with authorities: Debian's uacme.
namespace lp {

inline constexpr std::string_view kNoUacme = "uacme is not installed: apt-get install uacme";

// Where it is, by PATH and in the usual folders; empty: nowhere.
[[nodiscard]] std::string find_uacme();
// What it gets: nothing of ours but what leads out of here (https_proxy and the like), and which authorities to trust.
[[nodiscard]] std::vector<std::string> uacme_environment(const AcmeSettings& settings);
// Whether this uacme can be told whom to trust (since 1.7.6): Debian 12 has one that cannot.
[[nodiscard]] bool uacme_takes_ca_file(const std::string& program);

}  // namespace lp
