#include "base/redis_greeting.h"

#include <algorithm>

namespace lp {
namespace {

constexpr std::int64_t kFirstDelayMs = 100;
constexpr std::int64_t kLongestBackoffMs = 1'000;  // while it is away nobody's changes pass: each second counts
constexpr std::size_t kMaxQuotedBytes = 200;

std::string user_text(const RedisAddress& address) {
  return address.username.empty() ? "the default user" : "the user " + address.username;
}

// Words of the server on one line of printable ASCII.
std::string quoted(std::string_view text) {
  std::string out(text.substr(0, kMaxQuotedBytes));
  for (char& c : out) c = c < ' ' || c > '~' ? '?' : c;
  return out;
}

bool info_says(std::string_view info, std::string_view line) {
  for (std::size_t at = info.find(line); at != info.npos; at = info.find(line, at + 1)) {
    const std::size_t end = at + line.size();
    const bool is_whole = (at == 0 || info[at - 1] == '\n') && (end == info.size() || info[end] == '\r');
    if (is_whole) return true;
  }
  return false;
}

std::string cluster_sentence() {
  return "it runs in cluster mode, which is not supported: name a single server or a primary with replicas";
}
std::string loading_sentence() { return "it still loads its data (LOADING)"; }
std::string replica_sentence() {
  return "it is a read-only replica (READONLY): sessions and revocations need the primary";
}
std::string password_needed_sentence() { return "it wants a password (NOAUTH), and none is configured"; }

std::string no_permission_sentence(const RedisAddress& address, std::string_view error_text) {
  return user_text(address) + " lacks a permission that is needed: " + quoted(error_text);
}

std::string auth_sentence(const RedisAddress& address, std::string_view error_text) {
  const std::string_view code = redis_error_code(error_text);
  if (code == "WRONGPASS") return "it refuses the password of " + user_text(address) + ", or knows no such user";
  if (error_text.find("no password is set") != error_text.npos ||
      error_text.find("without any password") != error_text.npos) {
    return "a password is configured here, but the server's default user has none: name the user, or leave it out";
  }
  if (error_text.find("wrong number of arguments") != error_text.npos) {
    return "it knows no users (Redis older than 6): leave the user name out";
  }
  const bool is_known = code == "ERR" || code == "NOPERM";  // another may be anything, a part of the password too
  return "it refuses to let " + user_text(address) + " in" + (is_known ? " (" + std::string(code) + ")" : "");
}

std::optional<std::string> judge_info(const RedisReply& reply) {
  const std::string_view info = reply.string().value_or("");
  if (info_says(info, "cluster_enabled:1")) return cluster_sentence();
  if (info_says(info, "loading:1")) return loading_sentence();
  if (info_says(info, "role:slave") && !info_says(info, "slave_read_only:0")) return replica_sentence();
  return std::nullopt;
}

}  // namespace

std::string RedisAddress::text() const {
  if (!unix_path.empty()) return "unix:" + unix_path;
  const bool is_ipv6 = host.find(':') != host.npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::vector<RedisGreetingStep> redis_greeting(const RedisAddress& address) {
  std::vector<RedisGreetingStep> steps;
  if (!address.password.empty() || !address.username.empty()) steps.push_back(RedisGreetingStep::auth);
  if (address.database != 0) steps.push_back(RedisGreetingStep::select);
  steps.push_back(RedisGreetingStep::info);
  return steps;
}

std::vector<std::string> redis_greeting_command(RedisGreetingStep step, const RedisAddress& address) {
  const std::string password(address.password.reveal());
  switch (step) {
    case RedisGreetingStep::auth:
      return address.username.empty() ? std::vector<std::string>{"AUTH", password}
                                      : std::vector<std::string>{"AUTH", address.username, password};
    case RedisGreetingStep::select:
      return {"SELECT", std::to_string(address.database)};
    case RedisGreetingStep::info:
      break;
  }
  return {"INFO"};
}

std::optional<std::string> judge_redis_greeting(RedisGreetingStep step, const RedisAddress& address,
                                                const RedisReply& reply) {
  const std::string_view error = reply.is_error() ? reply.text() : std::string_view();
  if (const auto trouble = redis_trouble(address, error); trouble && trouble->is_unusable) return trouble->sentence;
  if (step == RedisGreetingStep::auth) {
    if (reply.is_status("OK")) return std::nullopt;
    return auth_sentence(address, error);
  }
  if (step == RedisGreetingStep::info) return judge_info(reply);  // NOPERM: not everybody may ask, and that is well
  if (reply.is_status("OK")) return std::nullopt;
  if (redis_error_code(error) == "NOPERM") return no_permission_sentence(address, error);
  return "it has no database " + std::to_string(address.database) + ": " + quoted(error);
}

std::optional<RedisTrouble> redis_trouble(const RedisAddress& address, std::string_view error_text) {
  const std::string_view code = redis_error_code(error_text);
  if (code == "MOVED" || code == "ASK" || code == "CLUSTERDOWN") return RedisTrouble{true, cluster_sentence()};
  if (code == "LOADING") return RedisTrouble{true, loading_sentence()};
  if (code == "READONLY" || code == "MASTERDOWN") return RedisTrouble{true, replica_sentence()};
  if (code == "DENIED") return RedisTrouble{true, "it is in protected mode (DENIED): give its default user a password"};
  if (error_text.find("max number of clients reached") != error_text.npos) {
    return RedisTrouble{true, "it has as many clients as it may (maxclients)"};
  }
  if (code == "NOAUTH") return RedisTrouble{true, password_needed_sentence()};
  if (code == "NOPERM") return RedisTrouble{false, no_permission_sentence(address, error_text)};
  if (code == "OOM" || code == "MISCONF" || code == "NOREPLICAS") {
    return RedisTrouble{false, "it takes no writes: " + quoted(error_text)};
  }
  return std::nullopt;
}

std::string_view redis_error_code(std::string_view error_text) {
  const auto is_code = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
  const auto end = std::find_if_not(error_text.begin(), error_text.end(), is_code);
  if (end != error_text.end() && *end != ' ') return {};
  return error_text.substr(0, static_cast<std::size_t>(end - error_text.begin()));
}

std::int64_t redis_retry_delay_ms(int failures, double jitter) {
  if (failures <= 0) return 0;
  const std::int64_t whole = std::min(kLongestBackoffMs, kFirstDelayMs << std::min(failures - 1, 10));
  return whole - static_cast<std::int64_t>(static_cast<double>(whole) / 2 * std::clamp(jitter, 0.0, 1.0));
}

}  // namespace lp
