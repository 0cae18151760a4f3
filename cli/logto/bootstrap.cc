#include "cli/logto/bootstrap.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "base/encoding.h"
#include "base/errno_words.h"

namespace lp {
namespace {

// Versions keep it in one place or the other.
constexpr const char* kSecretQuery =
    "select coalesce((select value from application_secrets where tenant_id = 'admin' and application_id = 'm-default' "
    "and (expires_at is null or expires_at > now()) limit 1), (select secret from applications where tenant_id = "
    "'admin' "
    "and id = 'm-default'))";

constexpr int kNoSuchProgram = 127;

// In the child: never returns.
[[noreturn]] void become_psql(const DatabaseAddress& database, int output) {
  ::dup2(output, STDOUT_FILENO);
  ::setenv("PGOPTIONS", "-c default_transaction_read_only=on", 1);
  ::setenv("PGCONNECT_TIMEOUT", "10", 1);
  if (!database.password.empty()) ::setenv("PGPASSWORD", std::string(database.password.reveal()).c_str(), 1);
  ::execlp("psql", "psql", "--no-psqlrc", "--no-password", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1",
           "--dbname", database.url.c_str(), "--command", kSecretQuery, static_cast<char*>(nullptr));
  ::_exit(kNoSuchProgram);
}

std::string read_to_end(int fd) {
  std::string text;
  std::array<char, 512> bytes{};
  for (;;) {
    const ssize_t got = ::read(fd, bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(bytes.data(), static_cast<std::size_t>(got));
  }
}

int status_of(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace

Result<DatabaseAddress> parse_database_url(std::string_view url) {
  const std::size_t scheme = url.starts_with("postgres://")     ? std::string_view("postgres://").size()
                             : url.starts_with("postgresql://") ? std::string_view("postgresql://").size()
                                                                : 0;
  if (scheme == 0) return fail("expected a database's URL such as postgres://USER:PASSWORD@HOST:5432/logto");
  const std::size_t slash = std::min(url.find('/', scheme), url.size());
  const std::size_t at = url.substr(0, slash).rfind('@');
  const std::size_t colon = at == std::string_view::npos ? at : url.find(':', scheme);
  if (colon == std::string_view::npos || colon > at) return DatabaseAddress{std::string(url), {}};
  const auto decoded = percent_decode(url.substr(colon + 1, at - colon - 1));
  if (!decoded) return fail("the password in the database's URL must be percent-encoded");
  return DatabaseAddress{std::string(url.substr(0, colon)) + std::string(url.substr(at)), Secret(*decoded)};
}

Result<Secret> read_bootstrap_secret(const std::string& database_url) {
  auto database = parse_database_url(database_url);
  if (!database) return database.error();
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(errno_words(errno));
  const pid_t child = ::fork();
  if (child == 0) become_psql(*database, ends[1]);
  ::close(ends[1]);
  std::string answer = child < 0 ? std::string() : read_to_end(ends[0]);
  ::close(ends[0]);
  if (child < 0) return fail(errno_words(errno));
  const int status = status_of(child);
  if (status == kNoSuchProgram) return fail("psql is not there: install PostgreSQL's client");
  if (status != 0) return fail("psql could not read Logto's database (what it says stands above)");
  Secret secret{std::string(trim_ows(answer.substr(0, answer.find('\n'))))};
  if (secret.empty()) return fail("this database has no application m-default in Logto's admin tenant: is it Logto's?");
  return secret;
}

}  // namespace lp
