#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "auth/session/revocations.h"
#include "bench.h"

namespace {

constexpr int kMany = 1'000'000;
constexpr std::int64_t kNow = 1'700'000'000;

double resident_mib() {
  std::ifstream statm("/proc/self/statm");
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1024 * 1024);
}

lp::Revocation revocation(int number) {
  return {lp::revocation_key(lp::RevocationKind::sub, "default", std::to_string(number)), kNow * 1000 + number,
          kNow + 3600};
}

std::string write_journal(int count) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("bench-revocations-" + std::to_string(getpid()))).string();
  lp::Revocations revocations(static_cast<std::size_t>(count));
  if (!revocations.open_journal(path, kNow)) std::puts("no journal could be written: these numbers mean nothing");
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < count; ++i) revocations.add(revocation(i), kNow);
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - began;
  std::printf("%-56s %12.0f ns\n", "revocations: hash a key, add and journal it", took.count() / count);
  return path;
}

void load(lp::Revocations& revocations, const std::string& path) {
  const double before_mib = resident_mib();
  const auto began = std::chrono::steady_clock::now();
  const auto opened = revocations.open_journal(path, kNow);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::printf("a journal of %zu records, %.0f MiB: loaded in %.3f s, %.1f MiB more resident (%.1f reserved)\n",
              revocations.size(), static_cast<double>(std::filesystem::file_size(path)) / (1024 * 1024), took.count(),
              resident_mib() - before_mib, static_cast<double>(revocations.size_bytes()) / (1024 * 1024));
}

}  // namespace

int main() {
  using namespace lp;
  using namespace lp::bench;
  report("revocations: make the keys of a session",
         [] { keep(revocation_keys("default", "0123456789abcdef", "sid of Logto 1234567", "4q5w6e7r8t9y")); });
  const std::string path = write_journal(kMany);
  Revocations revocations(kMany);
  load(revocations, path);

  std::vector<Revocations::Keys> sessions;
  for (int i = 0; i < 1 << 16; ++i) {
    const std::string number = std::to_string(kMany + i);
    sessions.push_back(revocation_keys("default", number, number, number));
  }
  std::size_t next = 0;
  bool any = false;
  report("revocations: a session among a million others",
         [&] { any = revocations.is_revoked(sessions[next++ % sessions.size()], kNow * 1000) || any; });
  report("revocations: the same session again", [&] { any = revocations.is_revoked(sessions[0], kNow * 1000) || any; });
  report("revocations: nothing changed since", [&] { keep(revocations.version()); });
  if (any) std::puts("a session that nobody revoked is over: these numbers mean nothing");

  const auto began = std::chrono::steady_clock::now();
  revocations.add(revocation(-1), kNow);
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::printf("a full table made room in %.3f s, %zu are left\n", took.count(), revocations.size());
  for (int i = 0; i < kMany; ++i) revocations.add({revocation(-2).key, kNow * 2000 + i, kNow + 3600}, kNow);
  const auto rewriting_began = std::chrono::steady_clock::now();
  const bool rewritten = revocations.upkeep(kNow).compacted;
  took = std::chrono::steady_clock::now() - rewriting_began;
  std::printf("a journal of two million records %s in %.3f s\n", rewritten ? "rewritten" : "NOT rewritten",
              took.count());
  std::filesystem::remove(path);
  return any ? 1 : 0;
}
