#include "proxy/acme/failure.h"

#include <doctest/doctest.h>

using namespace lp;

TEST_CASE("why there is no certificate, in words that say what to do") {
  struct Row {
    const char* said;
    const char* words;
    AcmePatience patience = AcmePatience::ordinary;
  };
  const Row rows[] = {
      {"uacme: challenge https://ca/chal/1 failed with status invalid\nuacme: the server reported the following "
       "error:\n"
       "{\n    \"type\": \"urn:ietf:params:acme:error:dns\",\n    \"detail\": \"NXDOMAIN\"\n}",
       "no address of the host in DNS"},
      {"\"type\": \"urn:ietf:params:acme:error:connection\"", "could not reach port 80"},
      {"\"type\": \"urn:ietf:params:acme:error:unauthorized\"", "another server than this one"},
      {"\"type\": \"urn:ietf:params:acme:error:rateLimited\"", "rate limit", AcmePatience::rate_limited},
      {"\"type\": \"urn:ietf:params:acme:error:caa\"", "CAA"},
      {"\"type\": \"urn:ietf:params:acme:error:rejectedIdentifier\"", "issues no certificate for this name"},
      {"\"type\": \"urn:ietf:params:acme:error:invalidContact\"", "tls.acme.email"},
      {"uacme: curl_get: GET https://ca/dir failed: Couldn't resolve host name\nuacme: failed to fetch directory at x",
       "cannot be found in DNS from here"},
      {"uacme: failed to fetch directory at https://ca/wrong", "directory was not answered"},
      {"uacme: curl_get: GET https://ca/dir failed: Could not resolve host: ca", "cannot be found in DNS from here"},
      {"failed: SSL peer certificate or SSH remote key was not OK", "is not trusted here"},
      {"failed: Couldn't connect to server", "cannot be reached from here"},
      {"failed: Timeout was reached", "does not answer"},
      {"uacme: no account associated with /x/private/key.pem found", "does not know our account"},
      {"uacme: failed to create /x/private: Permission denied", "cannot be written"},
      {"uacme: failed to parse challenge\nuacme: failed to authorize order", "does not know what the authority offers"},
      {"what nobody knows", "ended with status 2"},
      {"", "ended with status 2"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.said);
    const AcmeFailure failure = acme_failure({false, 2, row.said});
    CHECK_MESSAGE(failure.words.find(row.words) != std::string::npos, failure.words);
    CHECK(failure.patience == row.patience);
    CHECK(failure.account_is_unknown == (std::string_view(row.words).find("our account") != std::string_view::npos));
  }
  CHECK(acme_failure({false, 2, "uacme: failed to parse challenge"}).was_bad_luck);
  CHECK_FALSE(acme_failure({false, 2, "uacme: no challenge completed"}).was_bad_luck);
  CHECK(acme_failure({true, -1, ""}).words.find("did not come to an end") != std::string::npos);
  CHECK(acme_failure({false, -1, ""}).words.find("signal") != std::string::npos);
}

TEST_CASE("what is kept of an output is one line, and its end") {
  CHECK(last_words_of("a\n  b\t\"c\"\r\n\x1b[31m d\n") == "a b \"c\" [31m d");
  CHECK(last_words_of("").empty());
  CHECK(last_words_of(std::string(5000, 'x') + " the end").ends_with("x the end"));
  CHECK(last_words_of(std::string(5000, 'x')).size() <= 700);
}
