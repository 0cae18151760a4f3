#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cli/doctor/finding.h"
#include "config/settings.h"

// What the machine itself says: files of secrets, and who can reach what should be reached by the proxy alone.
namespace lp {

// Who else may read or replace the files that secrets come from.
[[nodiscard]] std::vector<DoctorFinding> judge_secret_files(const Settings& settings);

// One file by its mode, st_mode's low bits. Pure.
[[nodiscard]] DoctorFinding judge_mode(const SecretFile& file, unsigned mode);

// The admin listener, which asks nobody who they are.
[[nodiscard]] std::vector<DoctorFinding> judge_admin(const Settings& settings);

// Apps that others can reach too, around the proxy: on a public address, or listening on all addresses of this machine.
[[nodiscard]] std::vector<DoctorFinding> judge_app_ports(const Settings& settings);

// Whether somebody listens on this port on every address, by the text of /proc/net/tcp or tcp6. Pure.
[[nodiscard]] bool listens_everywhere(std::string_view proc_net_tcp, unsigned port);

// Whether the internet could reach this IP literal, were nothing in between: neither loopback nor private, link-local,
// shared (RFC 6598), documentation. Pure.
[[nodiscard]] bool is_public_address(std::string_view ip);

// External URLs and Logto's endpoint: what travels unencrypted. Pure.
[[nodiscard]] std::vector<DoctorFinding> judge_schemes(const Settings& settings);

}  // namespace lp
