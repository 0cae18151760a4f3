#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include <ctime>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proxy/net/tls_acceptor.h"
#include "tests/support/test_authority.h"
#include "tests/support/tls_pair.h"

using namespace lp;
using namespace lp::test;

// Certificates of clients, on the wire.
namespace {

using Mode = ClientCertificateSettings::Mode;
using Acceptor = std::shared_ptr<const TlsAcceptor>;
using SessionPtr = std::unique_ptr<SSL_SESSION, decltype(&SSL_SESSION_free)>;

constexpr int kVersions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

struct Clients {
  Mode mode = Mode::required;
  std::string ca;
  std::vector<std::string> hosts{};
  std::string crl{};
};

struct World : TlsWorld {
  std::vector<Certificate> own;
  SessionPtr session{nullptr, &SSL_SESSION_free};
  bool was_reused = false;

  World() {
    for (const std::string name : {"a.test", "b.test"}) {
      const TestCertificates files(prefix(name), name);
      own.push_back(*read_certificate(files.certificate_file(), files.key_file(), std::time(nullptr)));
    }
  }
  std::string write(const std::string& text) {
    static int number = 0;
    const std::string path = folder + "/" + std::to_string(++number) + ".pem";
    std::ofstream(path) << text;
    return path;
  }
  Acceptor asking(const std::vector<Clients>& all, int least = 0) {
    ListenTlsSettings settings;
    std::vector<ClientTrust> trust;
    if (least == TLS1_3_VERSION) settings.min_version = TlsVersion::tls_1_3;
    for (const Clients& one : all) {
      settings.client_certificates.push_back(
          {one.mode, write(one.ca), one.crl.empty() ? "" : write(one.crl), one.hosts});
      const auto& files = settings.client_certificates.back();
      const auto read = read_client_trust(files.ca_file, files.crl_file, std::time(nullptr));
      REQUIRE_MESSAGE(read, (read ? "" : read.error().message));
      trust.push_back(*read);
    }
    return std::make_shared<const TlsAcceptor>(
        settings, own, secrets, [this] { return now_s == 0 ? static_cast<std::int64_t>(std::time(nullptr)) : now_s; },
        std::vector<std::string>(), false, trust);
  }
  // What the server made of it; nullopt: the handshake failed.
  std::optional<std::string> shown(const Acceptor& acceptor, const TestClient* who, int version,
                                   const std::string& host = "a.test", X509* between = nullptr) {
    auto of_client = client_for(host);
    SSL* const ssl = of_client->raw();
    SSL_set_max_proto_version(ssl, version);
    if (session) SSL_set_session(ssl, session.get());
    if (who != nullptr) {
      REQUIRE(SSL_use_certificate(ssl, who->certificate.get()) == 1);
      REQUIRE(SSL_use_PrivateKey(ssl, who->key.get()) == 1);
      if (between != nullptr) REQUIRE(SSL_add1_chain_cert(ssl, between) == 1);
    }
    connect(*acceptor, std::move(of_client));
    wait([&] { return server->tls().is_open() || server->over; });
    if (!server->tls().is_open()) return std::nullopt;
    server->send("x");  // behind the tickets
    wait([&] { return !client->received.empty() || client->over; });
    was_reused = SSL_session_reused(client->tls().raw()) == 1;
    session.reset(SSL_get1_session(client->tls().raw()));
    const ClientCertificate* found = TlsAcceptor::client_certificate(server->tls());
    return found == nullptr ? std::string() : std::string(found->first(CertificateField::subject_cn));
  }
};

}  // namespace

TEST_CASE("a certificate may be shown, or must be") {
  for (const int version : kVersions) {
    CAPTURE(version);
    World world;
    TestAuthority authority("ours"), stranger("theirs");
    const TestClient alice = authority.issue(), unknown = stranger.issue();
    const TestClient expired = authority.issue({.begins_s = -7200, .ends_s = -60});
    const TestClient early = authority.issue({.begins_s = 600}), of_server = authority.issue({.usage = "serverAuth"});
    const auto optional = world.asking({{Mode::optional, authority.pem()}});
    const auto required = world.asking({{Mode::required, authority.pem()}});
    const auto seen = [&](const Acceptor& at, const TestClient* client) {
      world.session.reset();
      return world.shown(at, client, version);
    };
    CHECK(seen(optional, nullptr) == "");
    CHECK(seen(optional, &alice) == "alice");
    CHECK_FALSE(seen(required, nullptr));
    CHECK(world.server->tls().failure() == "peer did not return a certificate");
    CHECK(seen(required, &alice) == "alice");
    // What is shown must be good, whether it had to be shown or not.
    for (const TestClient* one : {&unknown, &expired, &early, &of_server}) {
      CHECK_FALSE(seen(optional, one));
      CHECK_FALSE(seen(required, one));
      CHECK_FALSE(world.server->tls().failure().empty());
    }
    CHECK(seen(world.asking({}), &alice) == "");  // nobody has asked
  }
}

TEST_CASE("who is asked depends on the name that is asked for") {
  for (const int version : kVersions) {
    CAPTURE(version);
    World world;
    TestAuthority ours("ours"), theirs("theirs");
    const TestClient alice = ours.issue(), bob = theirs.issue({.cn = "bob"});
    const auto acceptor =
        world.asking({{Mode::required, ours.pem(), {"a.test"}}, {Mode::optional, theirs.pem(), {"*.test"}}});
    const auto seen = [&](const TestClient* client, const std::string& host) {
      world.session.reset();
      return world.shown(acceptor, client, version, host);
    };
    CHECK(seen(&alice, "a.test") == "alice");
    CHECK_FALSE(seen(&bob, "a.test"));
    CHECK_FALSE(seen(nullptr, "a.test"));
    CHECK(seen(&bob, "b.test") == "bob");
    CHECK(seen(nullptr, "b.test") == "");
    CHECK_FALSE(seen(&alice, "b.test"));
  }
}

TEST_CASE("a resumed connection has what a full one has") {
  for (const int version : kVersions) {
    CAPTURE(version);
    World world;
    TestAuthority authority("ours");
    const TestClient alice = authority.issue();
    for (const Mode mode : {Mode::optional, Mode::required}) {
      const auto acceptor = world.asking({{mode, authority.pem()}});
      world.session.reset();
      CHECK(world.shown(acceptor, &alice, version) == "alice");
      CHECK_FALSE(world.was_reused);
      CHECK(world.shown(acceptor, &alice, version) == "alice");
      CHECK(world.was_reused);
      CHECK(world.shown(acceptor, nullptr, version) == "alice");  // the ticket holds it
      CHECK(world.was_reused);
    }
  }
}

TEST_CASE("by way of an authority between, the whole of it is shown each time") {
  for (const int version : kVersions) {
    CAPTURE(version);
    World world;
    TestAuthority root("root"), below("below", &root);
    const TestClient alice = below.issue();
    const auto acceptor = world.asking({{Mode::required, root.pem()}});
    for (int i = 0; i < 2; ++i) {
      CHECK(world.shown(acceptor, &alice, version, "a.test", below.certificate()) == "alice");
      CHECK_FALSE(world.was_reused);
    }
    const auto with_both = world.asking({{Mode::required, root.pem() + below.pem()}});
    CHECK(world.shown(with_both, &alice, version) == "alice");
    CHECK(world.shown(with_both, &alice, version) == "alice");
    CHECK(world.was_reused);
  }
}

TEST_CASE("what was agreed on with one set of authorities is worth nothing with another (threat T01)") {
  for (const int version : kVersions) {
    CAPTURE(version);
    World world;
    TestAuthority ours("ours"), theirs("theirs");
    const TestClient alice = ours.issue();
    const auto without = world.asking({});
    const auto optional = world.asking({{Mode::optional, ours.pem()}});
    const auto required = world.asking({{Mode::required, ours.pem()}});
    const auto foreign = world.asking({{Mode::optional, theirs.pem()}});
    CHECK(world.shown(without, nullptr, version) == "");
    CHECK_FALSE(world.shown(required, nullptr, version));
    world.session.reset();
    CHECK(world.shown(optional, nullptr, version) == "");
    CHECK_FALSE(world.shown(required, nullptr, version));
    world.session.reset();
    CHECK(world.shown(optional, &alice, version) == "alice");
    CHECK(world.shown(foreign, nullptr, version) == "");
    CHECK_FALSE(world.was_reused);
  }
}

TEST_CASE("what has changed since counts, for tickets and for connections that are open") {
  for (const int version : kVersions) {
    CAPTURE(version);
    World world;
    TestAuthority authority("ours");
    const TestClient alice = authority.issue();
    const auto before = world.asking({{Mode::optional, authority.pem(), {}, authority.list({})}});
    CHECK(world.shown(before, &alice, version) == "alice");
    CHECK(world.shown(before, &alice, version) == "alice");
    CHECK(world.was_reused);
    const auto after = world.asking({{Mode::optional, authority.pem(), {}, authority.list({alice.certificate.get()})}});
    after->succeed(*before);
    CHECK(TlsAcceptor::client_certificate(world.server->tls()) == nullptr);
    CHECK_FALSE(world.shown(after, &alice, version));
    const auto again = world.asking({{Mode::optional, authority.pem(), {}, authority.list({})}});
    again->succeed(*after);
    world.session.reset();
    CHECK(world.shown(again, &alice, version) == "alice");
  }
}

TEST_CASE("a certificate counts until it ends, also on a connection that goes on") {
  World world;
  TestAuthority authority("ours");
  const TestClient alice = authority.issue({.ends_s = 600});
  const auto acceptor = world.asking({{Mode::optional, authority.pem()}});
  CHECK(world.shown(acceptor, &alice, TLS1_3_VERSION) == "alice");
  world.now_s = std::time(nullptr) + 601;
  CHECK(TlsAcceptor::client_certificate(world.server->tls()) == nullptr);
}

TEST_CASE("a request for another host belongs on a connection of its own where other certificates are asked for") {
  World world;
  TestAuthority ours("ours"), theirs("theirs");
  const auto acceptor = world.asking({{Mode::optional, ours.pem(), {"a.test", "c.test"}},
                                      {Mode::required, theirs.pem(), {"d.test"}},
                                      {Mode::required, ours.pem(), {"e.test"}}});
  CHECK(world.shown(acceptor, nullptr, TLS1_3_VERSION, "a.test") == "");
  const auto is_same = [&](const char* host) { return TlsAcceptor::asks_the_same_of(world.server->tls(), host); };
  CHECK(is_same("a.test"));
  CHECK(is_same("c.test"));
  CHECK_FALSE(is_same("b.test"));
  CHECK_FALSE(is_same("d.test"));
  CHECK_FALSE(is_same("e.test"));
  CHECK_FALSE(is_same(""));
  world.session.reset();
  CHECK(world.shown(acceptor, nullptr, TLS1_3_VERSION, "b.test") == "");
  CHECK(is_same("b.test"));
  CHECK(is_same("nobody.test"));
  CHECK(is_same(""));
  CHECK_FALSE(is_same("a.test"));
  CHECK(TlsAcceptor::asks_for_certificates(world.server->tls()));
}
