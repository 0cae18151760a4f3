#include "proxy/acme/failure.h"

#include <algorithm>

namespace lp {
namespace {

constexpr std::size_t kLastBytes = 700;

struct Row {
  std::string_view said;
  const char* words;
  AcmePatience patience = AcmePatience::ordinary;
  bool account_is_unknown = false;
  bool was_bad_luck = false;
};

// The first that stands in the output counts: what an authority says before what uacme makes of it.
constexpr Row kRows[] = {
    {"error:rateLimited", "the authority says that it was asked too often (rate limit): it is asked again later",
     AcmePatience::rate_limited},
    {"error:dns", "the authority finds no address of the host in DNS: it needs an A or AAAA record that leads here"},
    {"could not resolve URL",  // of Pebble, which calls it a connection
     "the authority finds no address of the host in DNS: it needs an A or AAAA record that leads here"},
    {"error:connection",
     "the authority could not reach port 80 of the host: does its address in DNS, IPv6 too, lead here, and do firewall "
     "and port mapping let port 80 through to a listener without tls?"},
    {"error:unauthorized",
     "another server than this one answered the authority on port 80 of the host: does its address in DNS, IPv6 too, "
     "lead "
     "here?"},
    {"error:incorrectResponse", "another server than this one answered the authority on port 80 of the host"},
    {"error:tls", "whatever answers on port 80 of the host sent the authority to https://, where its TLS failed"},
    {"error:caa", "a CAA record in DNS says that another authority alone may issue for this host"},
    {"error:rejectedIdentifier", "the authority issues no certificate for this name"},
    {"error:unsupportedIdentifier", "the authority issues no certificate for this name"},
    {"error:externalAccountRequired", "the authority wants an account made elsewhere, which is not supported"},
    {"requires external credentials", "the authority wants an account made elsewhere, which is not supported"},
    {"error:invalidContact", "the authority does not take the email address of tls.acme.email"},
    {"error:unsupportedContact", "the authority does not take the email address of tls.acme.email"},
    {"error:userActionRequired",
     "the authority's terms of service have changed: read what it says, and move the state folder away for a new "
     "account"},
    {"no account associated with", "the authority does not know our account: a new one is made with the next try",
     AcmePatience::ordinary, true},
    {"error:accountDoesNotExist", "the authority does not know our account: a new one is made with the next try",
     AcmePatience::ordinary, true},
    {"error:serverInternal", "the authority has trouble of its own"},
    {"Service busy", "the authority is busy", AcmePatience::rate_limited},
    {"ould not resolve host", "the authority's own address cannot be found in DNS from here: is there a network?"},
    {"ouldn't resolve host", "the authority's own address cannot be found in DNS from here: is there a network?"},
    {"ertificate verification failed",
     "the authority's own certificate is not trusted here: for one of your own, name its authority in "
     "tls.acme.ca_file"},
    {"problem with the SSL CA cert", "tls.acme.ca_file cannot be read, or there are no authorities on this machine"},
    {"peer certificate",
     "the authority's own certificate is not trusted here: for one of your own, name its authority in "
     "tls.acme.ca_file"},
    {"ould not connect", "the authority cannot be reached from here: is there a network, does a firewall let us out?"},
    {"ailed to connect", "the authority cannot be reached from here: is there a network, does a firewall let us out?"},
    {"ouldn't connect", "the authority cannot be reached from here: is there a network, does a firewall let us out?"},
    {"imeout was reached", "the authority does not answer: is there a network, does a firewall let us out?"},
    {"imed out", "the authority does not answer: is there a network, does a firewall let us out?"},
    {"ermission denied", "files in tls.acme.state_dir cannot be written"},
    {"Read-only file system", "files in tls.acme.state_dir cannot be written"},
    {"No space left", "the disk of tls.acme.state_dir is full"},
    {"failed to fetch directory", "the authority's directory was not answered as one: is tls.acme.directory right?"},
    {"failed to parse challenge", "uacme does not know what the authority offers for this host, again and again",
     AcmePatience::ordinary, false, true},
    {"no challenge completed", "the authority does not offer http-01 for this host, and nothing else is done here"},
};

}  // namespace

AcmeFailure acme_failure(const ChildProcess::Outcome& outcome) {
  for (const Row& row : kRows) {
    if (outcome.output.find(row.said) != std::string::npos)
      return {row.words, row.patience, row.account_is_unknown, row.was_bad_luck};
  }
  if (outcome.was_too_slow) return {"uacme did not come to an end in time"};
  if (outcome.exit_status < 0) return {"uacme was ended by a signal"};
  return {"uacme ended with status " + std::to_string(outcome.exit_status)};
}

std::string last_words_of(std::string_view output) {
  std::string words;
  for (const char c : output.substr(output.size() - std::min(output.size(), kLastBytes))) {
    const bool is_space = static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
    if (!is_space) words += c;
    if (is_space && !words.empty() && words.back() != ' ') words += ' ';
  }
  while (words.ends_with(' ')) words.pop_back();
  return words;
}

}  // namespace lp
