// replay_seeds TARGET FOLDER...: replays every file of the folders through a fuzz target, so that a plain test run
// covers all seeds. The build names each target's LLVMFuzzerTestOneInput after its file, and lists them in
// FUZZ_TARGETS.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#define FUZZ_TARGET(name) extern "C" int name(const std::uint8_t* data, std::size_t size);
FUZZ_TARGETS
#undef FUZZ_TARGET

namespace {

#define FUZZ_TARGET(name) {#name, name},
const std::map<std::string, int (*)(const std::uint8_t*, std::size_t)> kTargets = {FUZZ_TARGETS};
#undef FUZZ_TARGET

}  // namespace

int main(int argc, char** argv) {
  const auto target = kTargets.find(argc > 1 ? argv[1] : "");
  if (target == kTargets.end()) {
    std::fprintf(stderr, "usage: replay_seeds TARGET FOLDER...\n");
    return 2;
  }
  int replayed = 0;
  for (int i = 2; i < argc; ++i) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
      target->second(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
      ++replayed;
    }
  }
  std::printf("%d seeds replayed\n", replayed);
  return replayed > 0 ? 0 : 1;  // a missing corpus is a failure, never a skip
}
