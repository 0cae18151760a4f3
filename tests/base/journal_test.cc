#include "base/journal.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

namespace {

using lp::Journal;
using Records = std::vector<std::string>;

constexpr lp::JournalFormat kFormat{"LPTESTJN", 7};

class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "lp-journal-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] std::string file(const std::string& name = "journal") const { return path_ + "/" + name; }

 private:
  std::string path_;
};

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

struct Read {
  Records records;
  lp::JournalOpening opening;
  std::string error;
};

// Opens the file, appends `more`, closes it.
Read reopen(const std::string& path, const Records& more = {}, const lp::JournalFormat& format = kFormat) {
  Read read;
  auto journal = Journal::open(path, format, [&](std::string_view record) { read.records.emplace_back(record); });
  if (!journal) {
    read.error = journal.error().message;
    return read;
  }
  read.opening = journal->opening();
  for (const std::string& record : more) CHECK(journal->append(record).ok());
  CHECK(journal->sync().ok());
  return read;
}

std::string bytes_of(const Records& records) {
  std::string bytes;
  for (const std::string& record : records) lp::append_journal_record(bytes, record);
  return bytes;
}
std::string file_of(const Records& records) {
  const std::string bytes = bytes_of(records);
  return lp::journal_header(kFormat) + lp::journal_seal(lp::kJournalStartBytes + bytes.size()) + bytes;
}
// As the earliest version left it.
std::string unsealed_file_of(const Records& records) { return lp::journal_header(kFormat) + bytes_of(records); }

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const Records kThree = {"first", std::string(1, '\0'), std::string(16384, 'x')};

}  // namespace

TEST_CASE("CRC-32C gives the values of RFC 3720 B.4") {
  CHECK(lp::crc32c(std::string(32, '\0')) == 0x8a9136aau);
  CHECK(lp::crc32c(std::string(32, '\xff')) == 0x62a8ab43u);
  CHECK(lp::crc32c("123456789") == 0xe3069283u);
  CHECK(lp::crc32c("6789", lp::crc32c("12345")) == lp::crc32c("123456789"));
}

TEST_CASE("what was appended is read again in its order") {
  const TempFolder folder;
  const Read fresh = reopen(folder.file(), kThree);
  CHECK(fresh.error.empty());
  CHECK(fresh.opening.was_created);
  const Read again = reopen(folder.file(), {"fourth"});
  CHECK(again.records == kThree);
  CHECK_FALSE(again.opening.was_created);
  CHECK(again.opening.records == 3);
  CHECK(reopen(folder.file()).records.size() == 4);
}

TEST_CASE("a journal is there with its header or not at all, and nothing else stays in its folder") {
  const TempFolder folder;
  const Read fresh = reopen(folder.file());
  CHECK(fresh.error.empty());
  CHECK_FALSE(fresh.opening.is_damaged());
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(folder.file()).parent_path())) {
    CHECK(entry.file_size() == lp::kJournalStartBytes);
    ++files;
  }
  CHECK(files == 1);
}

TEST_CASE("a journal is the owner's alone") {
  const TempFolder folder;
  const mode_t before = umask(0);
  reopen(folder.file());
  umask(before);
  struct stat facts {};
  REQUIRE(stat(folder.file().c_str(), &facts) == 0);
  CHECK((facts.st_mode & 07777) == 0600);
}

TEST_CASE("a file that can't be this journal is refused by name and left as it is") {
  const TempFolder folder;
  const std::string path = folder.file();
  std::string damaged = file_of(kThree);
  damaged[9] ^= 1;
  const struct {
    std::string bytes;
    std::string says;
  } cases[] = {
      {"key: value\n", "not a journal of this kind"},
      {"a long text that has nothing to do with it", "not a journal of this kind"},
      {lp::journal_header({"LPOTHERJ", 7}), "not a journal of this kind"},
      {lp::journal_header({"LPTESTJN", 8}), "another version"},
      {damaged, "first bytes are damaged"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    write_file(path, c.bytes);
    const Read read = reopen(path, {"never written"});
    CHECK(contains(read.error, c.says));
    CHECK(contains(read.error, path));
    CHECK(read_file(path) == c.bytes);
  }
}

TEST_CASE("a path where no journal can be is refused with its reason") {
  const TempFolder folder;
  CHECK(contains(reopen(folder.file("none/journal")).error, "the folder " + folder.file("none") + " does not exist"));
  CHECK(contains(reopen(folder.file("")).error, "journal"));
  std::filesystem::create_symlink(folder.file("elsewhere"), folder.file("link"));
  CHECK(contains(reopen(folder.file("link")).error, "symbolic link"));
  REQUIRE(mkfifo(folder.file("fifo").c_str(), 0600) == 0);
  CHECK(contains(reopen(folder.file("fifo")).error, "not a regular file"));
  CHECK_FALSE(std::filesystem::exists(folder.file("elsewhere")));
}

TEST_CASE("a second opener is refused while the first lives, also after a rewrite") {
  const TempFolder folder;
  {
    auto journal = Journal::open(folder.file(), kFormat, [](std::string_view) {});
    REQUIRE(journal.ok());
    CHECK(contains(reopen(folder.file()).error, "in use by another process"));
    REQUIRE(journal->rewrite([](const Journal::WriteRecord&) { return lp::Result<void>(); }).ok());
    CHECK(contains(reopen(folder.file()).error, "in use by another process"));
  }
  CHECK(reopen(folder.file()).error.empty());
}

TEST_CASE("a file cut at any byte keeps its whole records and takes new ones") {
  const TempFolder folder;
  const Records all = {"one", "two and more", "three", "four"};
  const std::string whole = file_of(all);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    write_file(folder.file(), whole.substr(0, size));
    const Read read = reopen(folder.file(), {"after"});
    REQUIRE(read.error.empty());
    Records expected;
    for (const std::string& record : all) {
      expected.push_back(record);
      if (file_of(expected).size() <= size) continue;
      expected.pop_back();
      break;
    }
    CHECK(read.records == expected);
    CHECK_FALSE(read.opening.was_created);
    CHECK(read.opening.lost_header == (size < lp::kJournalStartBytes));
    CHECK(read.opening.is_damaged());
    CHECK(read.opening.skipped_bytes == 0);
    if (size >= lp::kJournalStartBytes) {
      CHECK(read.opening.missing_bytes == whole.size() - size);
      CHECK(read.opening.cut_bytes == size - file_of(expected).size());
    }
    expected.emplace_back("after");
    const Read again = reopen(folder.file());
    CHECK(again.records == expected);
    CHECK_FALSE(again.opening.is_damaged());
  }
}

TEST_CASE("a record whose seal was not written any more is there: the process was killed between the two") {
  const TempFolder folder;
  write_file(folder.file(), file_of({"one"}) + bytes_of({"two"}));
  const Read read = reopen(folder.file());
  CHECK(read.records == Records{"one", "two"});
  CHECK_FALSE(read.opening.is_damaged());
}

TEST_CASE("a cut that was seen is seen again until something is appended") {
  const TempFolder folder;
  const std::string whole = file_of({"one", "two"});
  write_file(folder.file(), whole.substr(0, whole.size() - 1));
  CHECK(reopen(folder.file()).opening.is_damaged());
  CHECK(reopen(folder.file(), {"after"}).opening.is_damaged());
  CHECK_FALSE(reopen(folder.file()).opening.is_damaged());
}

TEST_CASE("a file without a seal is read as it is, and sealed when it is rewritten") {
  const TempFolder folder;
  write_file(folder.file(), unsealed_file_of({"one", "two and more"}));
  auto journal = Journal::open(folder.file(), kFormat, [](std::string_view) {});
  REQUIRE(journal.ok());
  CHECK_FALSE(journal->opening().is_damaged());
  CHECK_FALSE(journal->opening().is_sealed);
  CHECK(journal->append("three").ok());
  CHECK(read_file(folder.file()) == unsealed_file_of({"one", "two and more", "three"}));
  REQUIRE(journal->rewrite([](const Journal::WriteRecord& write) { return write("kept"), lp::Result<void>(); }).ok());
  CHECK(journal->append("four").ok());
  CHECK(read_file(folder.file()) == file_of({"kept", "four"}));
}

TEST_CASE("any damaged byte of the seal is damage, and costs no record") {
  const TempFolder folder;
  const std::string whole = file_of({"one", "two"});
  for (std::size_t at = lp::kJournalHeaderBytes; at < lp::kJournalStartBytes; ++at) {
    CAPTURE(at);
    std::string bytes = whole;
    bytes[at] ^= 1;
    write_file(folder.file(), bytes);
    const Read read = reopen(folder.file());
    CHECK(read.records == Records{"one", "two"});
    CHECK(read.opening.skipped_bytes == lp::kJournalSealBytes);
    CHECK_FALSE(read.opening.is_sealed);
  }
}

TEST_CASE("any damaged byte costs the record that it stands in and no other") {
  const TempFolder folder;
  const Records all = {"one", "two and more", "three"};
  const std::string whole = file_of(all);
  const std::size_t begin = file_of({"one"}).size();
  const std::size_t end = file_of({"one", "two and more"}).size();
  for (std::size_t at = begin; at < end; ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      CAPTURE(at);
      std::string bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ flip);
      write_file(folder.file(), bytes);
      const Read read = reopen(folder.file(), {"after"});
      CHECK(read.records == Records{"one", "three"});
      CHECK(read.opening.skipped_bytes == end - begin);
      CHECK(read.opening.cut_bytes == 0);
      CHECK(reopen(folder.file()).records == Records{"one", "three", "after"});
    }
  }
}

TEST_CASE("a damaged last record and a run of zeros are damage, not an unfinished write") {
  const TempFolder folder;
  const std::string whole = file_of({"one", "two"});
  std::string damaged = whole;
  damaged.back() ^= 1;
  const struct {
    std::string bytes;
    std::uint64_t skipped;
    std::size_t records;
  } cases[] = {{damaged, 11, 1},
               {whole + std::string(4096, '\0'), 4096, 2},
               {whole + std::string(3'000'000, 'x'), 3'000'000, 2}};
  for (const auto& c : cases) {
    write_file(folder.file(), c.bytes);
    const Read read = reopen(folder.file(), {"after"});
    CHECK(read.opening.skipped_bytes == c.skipped);
    CHECK(read.records.size() == c.records);
    CHECK(reopen(folder.file()).records.back() == "after");
  }
}

TEST_CASE("records that lie across the pieces in which a large file is read are whole") {
  const TempFolder folder;
  Records many;
  for (std::size_t i = 0; i < 400; ++i)
    many.emplace_back(1 + i * 163 % lp::kJournalMaxRecordBytes, static_cast<char>(i));
  write_file(folder.file(), file_of(many));
  CHECK(reopen(folder.file()).records == many);
}

TEST_CASE("a rewrite leaves just what it was given, and what damage was there is gone") {
  const TempFolder folder;
  write_file(folder.file(), file_of({"old", "older"}) + "damage that is no record");
  auto journal = Journal::open(folder.file(), kFormat, [](std::string_view) {});
  REQUIRE(journal.ok());
  write_file(folder.file() + ".new", "left by a crash");
  REQUIRE(journal->append("dropped").ok());
  const auto rewritten = journal->rewrite([](const Journal::WriteRecord& write) {
    for (const std::string& record : kThree) write(record);
    return lp::Result<void>();
  });
  REQUIRE(rewritten.ok());
  CHECK(journal->record_count() == 3);
  CHECK(journal->append("new").ok());
  CHECK(journal->size_bytes() == std::filesystem::file_size(folder.file()));
  CHECK_FALSE(std::filesystem::exists(folder.file() + ".new"));
  Records expected = kThree;
  expected.emplace_back("new");
  CHECK(read_file(folder.file()) == file_of(expected));
}

TEST_CASE("a rewrite that is given up leaves the old file in use") {
  const TempFolder folder;
  auto journal = Journal::open(folder.file(), kFormat, [](std::string_view) {});
  REQUIRE(journal.ok());
  REQUIRE(journal->append("one").ok());
  const auto rewritten = journal->rewrite([](const Journal::WriteRecord& write) {
    write("half");
    return lp::Result<void>(lp::fail("no more"));
  });
  CHECK(rewritten.error().message == "no more");
  CHECK_FALSE(std::filesystem::exists(folder.file() + ".new"));
  REQUIRE(journal->append("two").ok());
  CHECK(read_file(folder.file()) == file_of({"one", "two"}));
}

TEST_CASE("what is appended while a rewrite runs is carried over") {
  const TempFolder folder;
  auto journal = Journal::open(folder.file(), kFormat, [](std::string_view) {});
  REQUIRE(journal.ok());
  const auto rewritten = journal->rewrite([&](const Journal::WriteRecord& write) {
    write("kept");
    CHECK(journal->append("meanwhile").ok());
    CHECK(journal->sync().ok());
    return lp::Result<void>();
  });
  REQUIRE(rewritten.ok());
  CHECK(journal->record_count() == 2);
  CHECK(journal->append("after").ok());
  CHECK(read_file(folder.file()) == file_of({"kept", "meanwhile", "after"}));
}

TEST_CASE("threads append, sync and rewrite at once and nothing is lost") {
  const TempFolder folder;
  constexpr int kThreads = 3;
  constexpr int kEach = 400;
  {
    auto journal = Journal::open(folder.file(), kFormat, [](std::string_view) {});
    REQUIRE(journal.ok());
    std::atomic<int> running = kThreads;
    std::atomic<int> failures = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i) {
          if (!journal->append(std::to_string(t) + ":" + std::to_string(i)).ok()) ++failures;
        }
        --running;
      });
    }
    // Keeps all that the file holds at its beginning: what a reader of the path sees is always a whole journal.
    while (running > 0) {
      const bool kept = journal->sync().ok() &&
                        journal
                            ->rewrite([&](const Journal::WriteRecord& write) {
                              lp::JournalScanner scanner;
                              const std::string bytes = read_file(folder.file()).substr(lp::kJournalStartBytes);
                              scanner.feed(bytes, true, [&](std::string_view record) { write(record); });
                              return lp::Result<void>();
                            })
                            .ok();
      if (!kept) ++failures;
    }
    for (auto& thread : threads) thread.join();
    CHECK(failures == 0);
  }
  Records found = reopen(folder.file()).records;
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  CHECK(found.size() == kThreads * kEach);
}

TEST_CASE("what a killed process had appended is there") {
  const TempFolder folder;
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    auto journal = Journal::open(folder.file(), kFormat, [](std::string_view) {});
    for (std::uint32_t i = 0; journal.ok() && journal->append(std::to_string(i)).ok(); ++i) {
      if (write(ends[1], &i, sizeof i) != sizeof i) break;
    }
    _exit(1);
  }
  close(ends[1]);
  std::uint32_t told = 0;
  while (told < 2000) REQUIRE(read(ends[0], &told, sizeof told) == sizeof told);
  kill(child, SIGKILL);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  while (read(ends[0], &told, sizeof told) == sizeof told) {
  }
  close(ends[0]);
  const Records found = reopen(folder.file()).records;
  REQUIRE(found.size() > told);
  for (std::size_t i = 0; i < found.size(); ++i) REQUIRE(found[i] == std::to_string(i));
}

TEST_CASE("on a full disk an append fails as a whole, and the file goes on when there is room") {
  const TempFolder folder;
  auto journal = Journal::open(folder.file(), kFormat, [](std::string_view) {});
  REQUIRE(journal.ok());
  REQUIRE(journal->append("one").ok());
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto on_too_large = signal(SIGXFSZ, SIG_IGN);
  const rlimit small{journal->size_bytes() + 10, before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  const auto appended = journal->append("longer than ten bytes");
  const auto rewritten = journal->rewrite([](const Journal::WriteRecord& write) {
    for (const std::string& record : kThree) write(record);
    return lp::Result<void>();
  });
  REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
  signal(SIGXFSZ, on_too_large);
  CHECK(contains(appended.error().message, folder.file()));
  CHECK_FALSE(rewritten.ok());
  CHECK(journal->append("two").ok());
  CHECK(read_file(folder.file()) == file_of({"one", "two"}));
  CHECK_FALSE(std::filesystem::exists(folder.file() + ".new"));
}
