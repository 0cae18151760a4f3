#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace lp {

// The application that a self-hosted Logto makes for itself in its admin tenant, which may ask the Management API.
inline constexpr const char* kBootstrapApplication = "m-default";

// A database's address without its password, which other users of the machine could read in the list of processes.
struct DatabaseAddress {
  std::string url;
  Secret password;  // empty: none in the URL
};
// postgres://USER:PASSWORD@HOST:PORT/NAME. Pure.
[[nodiscard]] Result<DatabaseAddress> parse_database_url(std::string_view url);

// The secret of that application, out of Logto's database, by psql and reading alone. Undocumented by Logto, and the
// only way to provision a Logto in which nobody has made an application for machines.
[[nodiscard]] Result<Secret> read_bootstrap_secret(const std::string& database_url);

}  // namespace lp
