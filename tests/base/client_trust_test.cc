#include "base/client_trust.h"

#include <doctest/doctest.h>
#include <openssl/x509.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/test_authority.h"

using namespace lp;
using namespace lp::test;

namespace {

struct Folder {
  std::string path = (std::filesystem::temp_directory_path() / "logto-proxy-XXXXXX").string();
  Folder() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
  ~Folder() { std::filesystem::remove_all(path); }
  [[nodiscard]] std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path + "/" + name) << text;
    return path + "/" + name;
  }
};

ClientTrust trust_in(const Folder& folder, const std::string& ca, const std::string& lists = {}) {
  const auto read = read_client_trust(folder.write("ca.pem", ca), lists.empty() ? "" : folder.write("crl.pem", lists),
                                      std::time(nullptr));
  REQUIRE_MESSAGE(read, (read ? "" : read.error().message));
  return *read;
}

}  // namespace

TEST_CASE("whose certificates are accepted") {
  const Folder folder;
  TestAuthority authority("ours"), stranger("theirs");
  const ClientVerifier verifier(trust_in(folder, authority.pem()));
  const auto accepts = [&](const TestClient& client) { return verifier.accepts(client.certificate.get(), nullptr); };
  CHECK(accepts(authority.issue()));
  CHECK(accepts(authority.issue({.usage = ""})));
  CHECK(accepts(authority.issue({.usage = "serverAuth,clientAuth"})));
  CHECK_FALSE(accepts(authority.issue({.usage = "serverAuth"})));
  CHECK_FALSE(accepts(authority.issue({.begins_s = -7200, .ends_s = -60})));
  CHECK_FALSE(accepts(authority.issue({.begins_s = 600})));
  CHECK_FALSE(accepts(stranger.issue()));
}

TEST_CASE("authorities between are trusted where they are sent or stand in the file") {
  const Folder folder;
  TestAuthority root("root"), below("below", &root);
  const TestClient client = below.issue();
  const ClientVerifier by_root(trust_in(folder, root.pem()));
  CHECK_FALSE(by_root.accepts(client.certificate.get(), nullptr));
  STACK_OF(X509)* const between = sk_X509_new_null();
  sk_X509_push(between, below.certificate());
  CHECK(by_root.accepts(client.certificate.get(), between));
  sk_X509_free(between);
  const ClientVerifier by_itself(trust_in(folder, below.pem()));
  CHECK(by_itself.accepts(client.certificate.get(), nullptr));
  CHECK_FALSE(by_itself.accepts(root.issue().certificate.get(), nullptr));
}

TEST_CASE("what is revoked is refused, and all of it when the list has expired") {
  const Folder folder;
  TestAuthority authority("ours");
  const TestClient kept = authority.issue(), revoked = authority.issue();
  const ClientVerifier verifier(trust_in(folder, authority.pem(), authority.list({revoked.certificate.get()})));
  CHECK(verifier.accepts(kept.certificate.get(), nullptr));
  CHECK_FALSE(verifier.accepts(revoked.certificate.get(), nullptr));
  const ClientTrust late = trust_in(folder, authority.pem(), authority.list({}, -60));
  CHECK(late.expired_lists.size() == 1);
  CHECK_FALSE(ClientVerifier(late).accepts(kept.certificate.get(), nullptr));
}

TEST_CASE("files that are of no use say why") {
  const Folder folder;
  TestAuthority authority("ours"), stranger("theirs");
  const std::string ca = folder.write("ca.pem", authority.pem());
  const auto why = [&](const std::string& ca_file, const std::string& crl_file) {
    const auto read = read_client_trust(ca_file, crl_file, std::time(nullptr));
    return read ? std::string() : read.error().message;
  };
  CHECK(why(folder.path + "/none", "").ends_with("No such file or directory"));
  CHECK(why(folder.write("empty.pem", "x"), "").ends_with("empty.pem holds no certificate in PEM form"));
  CHECK(why(ca, ca).ends_with("ca.pem holds no revocation list in PEM form (X509 CRL)"));
  CHECK(why(ca, folder.write("foreign.pem", stranger.list({}))).find("is of an authority in ca_file") !=
        std::string::npos);
  CHECK(why(ca, folder.write("own.pem", authority.list({}))).empty());
}

TEST_CASE("authorities are the same in any order") {
  const Folder folder;
  TestAuthority one("one"), two("two");
  CHECK(trust_in(folder, one.pem() + two.pem()).id == trust_in(folder, two.pem() + one.pem()).id);
  CHECK(trust_in(folder, one.pem()).id != trust_in(folder, two.pem()).id);
}
