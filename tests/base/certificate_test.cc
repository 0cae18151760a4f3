#include "base/certificate.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/support/test_certificates.h"

using namespace lp;
using namespace lp::test;

namespace {

struct Files {
  std::string folder = (std::filesystem::temp_directory_path() / "logto-proxy-XXXXXX").string();
  Files() { REQUIRE(::mkdtemp(folder.data()) != nullptr); }
  ~Files() { std::filesystem::remove_all(folder); }
  [[nodiscard]] std::string prefix(const std::string& name) const { return folder + "/" + name; }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(prefix(name)) << text;
    return prefix(name);
  }
};

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string pem(const std::string& label, const std::string& text) {
  return "-----BEGIN " + label + "-----\n" + text + "\n-----END " + label + "-----\n";
}

}  // namespace

TEST_CASE("a certificate is read with its names, and its key's file judged") {
  const Files files;
  const TestCertificates one(files.prefix(""), "*.A.test");
  ::chmod(one.key_file().c_str(), 0600);
  const std::time_t now = std::time(nullptr);
  const auto read = read_certificate(one.certificate_file(), one.key_file(), now);
  REQUIRE(read);
  CHECK(read->names == std::vector<std::string>{"*.a.test", "127.0.0.1"});
  CHECK(read->not_after_s > now + 3500);
  CHECK_FALSE(read->others_may_read_key);
  ::chmod(one.key_file().c_str(), 0644);
  CHECK(read_certificate(one.certificate_file(), one.key_file(), now)->others_may_read_key);
  const std::string both = files.write("both.pem", text_of(one.certificate_file()) + text_of(one.key_file()));
  CHECK(read_certificate(both, both, now));
}

TEST_CASE("what cannot be used is refused with the file and the reason") {
  const Files files;
  const TestCertificates one(files.prefix("a-"), "a.test");
  const TestCertificates other(files.prefix("b-"), "b.test");
  const std::time_t now = std::time(nullptr);
  const std::string certificate = text_of(one.certificate_file());
  const std::string swapped = files.write("swapped.pem", text_of(one.ca_file()) + certificate);
  struct Row {
    const char* what;
    std::string certificate, key;
    std::int64_t now_s;
    std::string file, reason;
  };
  const Row rows[] = {
      {"no file", files.prefix("none"), one.key_file(), now, "none", "No such file"},
      {"no key file", one.certificate_file(), files.prefix("none"), now, "none", "No such file"},
      {"a folder", files.folder, one.key_file(), now, files.folder, "cannot read"},
      {"an empty file", files.write("empty", ""), one.key_file(), now, "empty", "it is empty"},
      {"no certificate in it", one.key_file(), one.key_file(), now, "a-server.key", "holds no certificate"},
      {"no key in it", one.certificate_file(), one.certificate_file(), now, "a-server.pem", "holds no private key"},
      {"a broken key", one.certificate_file(), files.write("broken.key", pem("PRIVATE KEY", "AAAA")), now, "broken.key",
       "cannot be read"},
      {"an encrypted key", one.certificate_file(),
       files.write("locked.key", pem("ENCRYPTED PRIVATE KEY", "MIIBvTBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQI")), now,
       "locked.key", "is encrypted"},
      {"another one's key", one.certificate_file(), other.key_file(), now, "b-server.key", "is not the key of"},
      {"its authority before it", swapped, one.key_file(), now, "swapped.pem", "must stand first"},
      {"expired", one.certificate_file(), one.key_file(), now + 4000, "a-server.pem", "has expired, on "},
      {"not valid yet", one.certificate_file(), one.key_file(), now - 4000, "a-server.pem", "not valid before"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const auto read = read_certificate(row.certificate, row.key, row.now_s);
    REQUIRE_FALSE(read);
    const std::string& message = read.error().message;
    CHECK_MESSAGE(message.find(row.file) != std::string::npos, message);
    CHECK_MESSAGE(message.find(row.reason) != std::string::npos, message);
    CHECK(message.find("PRIVATE KEY-----") == std::string::npos);
  }
}

TEST_CASE("a wildcard stands for one label") {
  CHECK(certificate_name_matches("a.test", "a.test"));
  CHECK(certificate_name_matches("*.a.test", "b.a.test"));
  CHECK_FALSE(certificate_name_matches("*.a.test", "a.test"));
  CHECK_FALSE(certificate_name_matches("*.a.test", "c.b.a.test"));
  CHECK_FALSE(certificate_name_matches("*.a.test", ".a.test"));
  CHECK_FALSE(certificate_name_matches("a.test", "b.a.test"));
}
