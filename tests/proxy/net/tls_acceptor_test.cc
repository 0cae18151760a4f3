#include "proxy/net/tls_acceptor.h"

#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/tls_pair.h"

using namespace lp;
using namespace lp::test;

namespace {

std::string shown_name(SSL* ssl) {
  const std::unique_ptr<X509, decltype(&X509_free)> shown(SSL_get1_peer_certificate(ssl), &X509_free);
  std::string text(64, '\0');
  const int length = X509_NAME_get_text_by_NID(X509_get_subject_name(shown.get()), NID_commonName, text.data(), 64);
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::string extension(std::string_view name, std::size_t told) {
  std::string bytes{'\0', static_cast<char>(name.size() + 3), '\0', '\0', static_cast<char>(told)};
  return bytes.append(name);
}

// A client that takes up the ticket of the last connection, if it got one.
struct Returning {
  std::unique_ptr<SSL_SESSION, decltype(&SSL_SESSION_free)> session{nullptr, &SSL_SESSION_free};

  bool is_known_at(TlsWorld& world, const TlsAcceptor& acceptor, const std::string& name, int version) {
    auto client = world.client_for(name);
    SSL_set_max_proto_version(client->raw(), version);
    if (session) SSL_set_session(client->raw(), session.get());
    world.connect(acceptor, std::move(client));
    world.wait([&] { return world.client->tls().is_open() || world.client->over; });
    REQUIRE(world.client->tls().is_open());
    world.wait([&] { return world.server->tls().is_open(); });
    world.server->send("x");  // behind the tickets
    world.wait([&] { return !world.client->received.empty(); });
    const bool known = SSL_session_reused(world.client->tls().raw()) == 1;
    session.reset(SSL_get1_session(world.client->tls().raw()));
    return known;
  }
};

}  // namespace

TEST_CASE("the certificate of the asked name is shown, else the first") {
  struct Row {
    const char* what;
    std::string asked, shown;
  };
  const Row rows[] = {
      {"the first", "a.test", "a.test"},
      {"another", "b.test", "b.test"},
      {"in capitals", "B.TEST", "b.test"},
      {"below a wildcard", "x.w.test", "*.w.test"},
      {"the name itself before the wildcard", "y.w.test", "y.w.test"},
      {"two labels below a wildcard", "x.y.w.test", "a.test"},
      {"nobody's", "c.test", "a.test"},
      {"none", "", "a.test"},
  };
  TlsWorld world;
  const auto acceptor = world.acceptor({"a.test", "b.test", "*.w.test", "y.w.test"});
  world.app.tls.insecure_skip_verify = true;
  for (const Row& row : rows) {
    CAPTURE(row.what);
    world.app.host = row.asked.empty() ? "127.0.0.1" : row.asked;
    const auto to_app = TlsToApp::make(world.app, 0);
    world.connect(*acceptor, (*to_app)->new_session(world.pool));
    world.wait([&] { return world.client->tls().is_open() || world.client->over; });
    CHECK(shown_name(world.client->tls().raw()) == row.shown);
  }
}

TEST_CASE("a client is known again with another process and after a while, and nowhere else") {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    TlsWorld world;
    const auto first = world.acceptor({"a.test"});
    const std::time_t real = std::time(nullptr);
    const auto other_process = [&](const std::vector<Secret>& secrets) {
      const TestCertificates files = TestCertificates(world.prefix("a.test"), "a.test");  // renewed besides
      const auto read = read_certificate(files.certificate_file(), files.key_file(), real);
      return std::make_shared<const TlsAcceptor>(ListenTlsSettings{}, std::vector{*read}, secrets,
                                                 [&] { return world.now_s == 0 ? real : world.now_s; });
    };
    Returning client;
    CHECK_FALSE(client.is_known_at(world, *first, "a.test", version));
    CHECK(client.is_known_at(world, *first, "a.test", version));
    const Secret added(std::string(32, 'n'));
    CHECK(client.is_known_at(world, *other_process(world.secrets), "a.test", version));
    CHECK(client.is_known_at(world, *other_process({added, world.secrets.front()}), "a.test", version));
    CHECK_FALSE(client.is_known_at(world, *other_process({Secret(std::string(32, 'q'))}), "a.test", version));
  }
}

TEST_CASE("what was agreed on for one certificate is worth nothing at another (threat T01)") {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    TlsWorld world;
    const auto acceptor = world.acceptor({"a.test", "b.test"});
    Returning client;
    CHECK_FALSE(client.is_known_at(world, *acceptor, "a.test", version));
    CHECK(client.is_known_at(world, *acceptor, "a.test", version));
    CHECK_FALSE(client.is_known_at(world, *acceptor, "b.test", version));
    CHECK(client.is_known_at(world, *acceptor, "b.test", version));
  }
}

TEST_CASE("who speaks only what we do not is not answered") {
  const auto try_with = [](const std::function<void(SSL*)>& change) {
    TlsWorld world;
    ListenTlsSettings settings;
    settings.min_version = TlsVersion::tls_1_3;
    const auto acceptor = world.acceptor({"a.test"}, settings);
    auto client = world.client_for("a.test");
    change(client->raw());
    world.connect(*acceptor, std::move(client));
    world.wait([&] { return world.client->tls().is_open() || world.client->over; });
    return world.client->tls().is_open();
  };
  CHECK(try_with([](SSL*) {}));
  CHECK_FALSE(try_with([](SSL* ssl) { SSL_set_max_proto_version(ssl, TLS1_2_VERSION); }));
  const unsigned char h2[] = {2, 'h', '2'};
  CHECK_FALSE(try_with([&](SSL* ssl) { SSL_set_alpn_protos(ssl, h2, sizeof h2); }));
  const unsigned char both[] = {2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  CHECK(try_with([&](SSL* ssl) { SSL_set_alpn_protos(ssl, both, sizeof both); }));
}

TEST_CASE("the name in a ClientHello is read, and nothing that is no name") {
  CHECK(server_name_in(extension("a.test", 6)) == "a.test");
  CHECK(server_name_in(extension("a.test", 7)).empty());
  CHECK(server_name_in(extension("a.test", 3)) == "a.t");
  CHECK(server_name_in(extension("", 0)).empty());
  CHECK(server_name_in("").empty());
  CHECK(server_name_in(std::string_view("\0\3\1\0\0", 5)).empty());
  CHECK(server_name_in(extension("a.test", 6) + "x").empty());
}
