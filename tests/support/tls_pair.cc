#include "tests/support/tls_pair.h"

#include <doctest/doctest.h>

#include <ctime>
#include <filesystem>

namespace lp::test {

TlsWorld::TlsWorld() : folder((std::filesystem::temp_directory_path() / "logto-proxy-XXXXXX").string()) {
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  app.name = "app";
  app.tls.is_on = true;
}

TlsWorld::~TlsWorld() {
  server.reset();
  client.reset();
  std::filesystem::remove_all(folder);
}

std::shared_ptr<const TlsAcceptor> TlsWorld::acceptor(const std::vector<std::string>& names,
                                                      const ListenTlsSettings& settings) {
  std::vector<Certificate> certificates;
  for (const std::string& name : names) {
    const TestCertificates files(prefix(name), name);
    const auto read = read_certificate(files.certificate_file(), files.key_file(), std::time(nullptr));
    REQUIRE_MESSAGE(read, (read ? "" : read.error().message));
    certificates.push_back(*read);
  }
  return std::make_shared<const TlsAcceptor>(settings, certificates, secrets, [this] {
    return now_s == 0 ? static_cast<std::int64_t>(std::time(nullptr)) : now_s;
  });
}

std::unique_ptr<TlsSession> TlsWorld::client_for(const std::string& name) {
  app.host = name;
  app.tls.ca_file = prefix(name) + "ca.pem";
  const auto made = TlsToApp::make(app, std::time(nullptr));
  REQUIRE_MESSAGE(made, (made ? "" : made.error().message));
  return (*made)->new_session(pool);
}

void TlsWorld::connect(const TlsAcceptor& acceptor, std::unique_ptr<TlsSession> of_client, int buffer_bytes) {
  TcpPair pair(buffer_bytes);
  server = std::make_unique<TlsEnd>(loop, pool, std::move(pair.ours), acceptor.new_session(pool));
  client = std::make_unique<TlsEnd>(loop, pool, std::move(pair.theirs), std::move(of_client));
  client->shake_hands();
}

}  // namespace lp::test
