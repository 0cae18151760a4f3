#include "proxy/acme/renewals.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "base/certificate.h"
#include "base/check.h"
#include "base/crypto.h"
#include "base/errno_words.h"
#include "base/private_file.h"
#include "config/acme.h"
#include "proxy/acme/hook_message.h"
#include "proxy/acme/program.h"

namespace lp {
namespace {

// Beside the folders of hosts, whose names never begin so.
constexpr std::string_view kTriesFile = "/.tries";
constexpr std::string_view kAccountFile = "/.account";
constexpr int kMostOrders = 10;  // in one try; each has half a chance or more (AcmeFailure::was_bad_luck)
constexpr std::int64_t kSecondsOfDay = 24 * 60 * 60;

std::string text_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Nobody else's business; what is there already keeps its mode.
Result<void> make_folder(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return {};
  return fail("cannot make " + path + ": " + errno_words(errno));
}

}  // namespace

// Our end of what the hook speaks by.
class AcmeRenewals::Hook {
 public:
  Hook(EventLoop& loop, std::string host, AcmeChallenges& challenges)
      : host_(std::move(host)), challenges_(challenges) {
    LP_CHECK(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends_.data()) == 0, "no socket pair");
    ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
    on_message_ = std::make_unique<IoEvent>(loop, ends_[0], kReadable, [this] { answer_message(); });
    on_message_->enable();
  }
  ~Hook() {
    on_message_.reset();
    ::close(ends_[0]);
    close_theirs();
    challenges_.clear();
  }
  Hook(const Hook&) = delete;
  Hook& operator=(const Hook&) = delete;

  [[nodiscard]] int theirs() const { return ends_[1]; }
  void close_theirs() {
    if (ends_[1] >= 0) ::close(std::exchange(ends_[1], -1));
  }

 private:
  void answer_message() {
    std::array<char, kMostOfHookMessage + 1> bytes;
    const ssize_t got = ::recv(ends_[0], bytes.data(), bytes.size(), 0);
    if (got == 0) on_message_->disable();
    if (got <= 0) return;
    const bool is_taken = take({bytes.data(), static_cast<std::size_t>(got)});
    const std::string_view answer = is_taken ? kHookAccepted : "refused";
    (void)!::send(ends_[0], answer.data(), answer.size(), MSG_NOSIGNAL);
  }

  [[nodiscard]] bool take(std::string_view text) {
    const auto message = parse_hook_message(text);
    if (!message || message->host != host_) return false;
    if (message->kind == HookMessage::Kind::begin) return challenges_.put(message->token, message->key_authorization);
    challenges_.take_out(message->token);
    return true;
  }

  std::string host_;
  AcmeChallenges& challenges_;
  std::array<int, 2> ends_{-1, -1};
  std::unique_ptr<IoEvent> on_message_;
};

AcmeRenewals::AcmeRenewals(EventLoop& loop, const AcmeSettings& settings, const std::vector<std::string>& hosts,
                           AcmeChallenges& challenges, const Clock& clock, Log& log,
                           std::function<void()> on_certificate)
    : loop_(loop),
      settings_(settings),
      folder_(acme_folder(settings)),
      challenges_(challenges),
      clock_(clock),
      log_(log),
      on_certificate_(std::move(on_certificate)),
      tries_(FailedTries::parse(text_of_file(folder_ + std::string(kTriesFile)))),
      program_(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)) {
  for (const std::string& host : hosts) hosts_.push_back({host, due_s(host), 0});
}

AcmeRenewals::~AcmeRenewals() {
  stop();
  if (program_ >= 0) ::close(program_);
}

void AcmeRenewals::stop() {
  is_stopped_ = true;
  child_.reset();
  hook_.reset();
}

// 0: at once.
std::int64_t AcmeRenewals::due_s(const std::string& host) const {
  const CertificateFiles files = acme_files(settings_, host);
  const auto read = read_old_certificate(files.certificate, files.key, clock_.unix_s());
  return read ? renewal_due_s(read->not_before_s, read->not_after_s) : 0;
}

void AcmeRenewals::look() {
  if (is_stopped_ || current_ != nullptr) return;
  if (Host* host = host_to_try()) begin(*host);
}

void AcmeRenewals::look_anew() {
  for (Host& host : hosts_) {
    if (&host == current_) continue;
    host.failures = 0;
    host.next_try_s = due_s(host.name);
  }
  look();
}

AcmeRenewals::Host* AcmeRenewals::host_to_try() {
  const std::int64_t now_s = clock_.unix_s();
  const auto found = std::find_if(hosts_.begin(), hosts_.end(), [&](const Host& host) {
    return std::max(host.next_try_s, tries_.may_try_at_s(host.name, now_s)) <= now_s;
  });
  return found == hosts_.end() ? nullptr : &*found;
}

void AcmeRenewals::begin(Host& host) {
  current_ = &host;
  orders_ = 0;
  log_.info("asking for a certificate", {{"host", host.name}, {"directory", settings_.directory}});
  if (const auto ready = prepare_folder(); !ready) return failed({ready.error().message}, "");
  run(next_step());
}

// As little as anybody else may read: keys are in it.
Result<void> AcmeRenewals::prepare_folder() const {
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(settings_.state_dir).parent_path(), ignored);
  if (auto made = make_folder(settings_.state_dir, 0700); !made) return made;
  if (auto made = make_folder(folder_, 0700); !made) return made;
  if (::chmod(folder_.c_str(), 0700) != 0) return fail("cannot make " + folder_ + " private: " + errno_words(errno));
  return {};
}

// The account is made once, and told the address that the configuration has.
AcmeRenewals::Step AcmeRenewals::next_step() const {
  const std::string file = folder_ + std::string(kAccountFile);
  if (::access(file.c_str(), F_OK) != 0) return Step::account;
  return text_of_file(file) == settings_.email ? Step::certificate : Step::email;
}

Result<std::vector<std::string>> AcmeRenewals::arguments_of(Step step) const {
  if (program_ < 0) return fail("cannot run this program as uacme's hook: is /proc mounted?");
  std::vector<std::string> all = {"-a", settings_.directory, "-c", folder_, "-t", "EC"};
  const auto add = [&all](std::initializer_list<std::string> more) { all.insert(all.end(), more); };
  if (step == Step::account) add({"-y", "new"});
  if (step == Step::email) add({"update"});
  if (step != Step::certificate && !settings_.email.empty()) add({settings_.email});
  if (step == Step::certificate) {
    const std::string hook = "/proc/self/fd/" + std::to_string(kAcmeProgramDescriptor);
    add({"-f", "-o", "-h", hook, "issue", current_->name});  // whether it is due is known here
  }
  return all;
}

void AcmeRenewals::run(Step step) {
  const std::string program = find_uacme();
  if (program.empty()) return failed({std::string(kNoUacme)}, "");
  auto arguments = arguments_of(step);
  if (!arguments) return failed({arguments.error().message}, "");
  hook_ = std::make_unique<Hook>(loop_, current_->name, challenges_);
  ChildProcess::Order order{program, std::move(*arguments), uacme_environment(settings_), folder_, {}, kPatienceMs};
  order.descriptors = {{hook_->theirs(), kAcmeHookDescriptor}, {program_, kAcmeProgramDescriptor}};
  auto child = ChildProcess::start(loop_, order, [this, step](ChildProcess::Outcome outcome) {
    loop_.defer_delete(std::move(child_));
    ended(step, std::move(outcome));
  });
  hook_->close_theirs();
  if (!child) return failed({child.error().message}, "");
  child_ = std::move(*child);
}

void AcmeRenewals::ended(Step step, ChildProcess::Outcome outcome) {
  hook_.reset();
  const bool is_known = step == Step::account && outcome.output.find("Account already exists") != std::string::npos;
  if (outcome.exit_status != 0 && !is_known) {
    const AcmeFailure failure = acme_failure(outcome);
    if (failure.was_bad_luck && ++orders_ < kMostOrders) return run(step);
    return failed(failure, last_words_of(outcome.output));
  }
  if (step == Step::certificate) return succeeded();
  note_account();
  run(Step::certificate);
}

// Where it cannot be kept, the next time asks again whether there is one.
void AcmeRenewals::note_account() {
  (void)write_private_file(folder_ + std::string(kAccountFile), Secret(settings_.email));
}

void AcmeRenewals::succeeded() {
  const std::string& host = current_->name;
  const CertificateFiles files = acme_files(settings_, host);
  const std::int64_t now_s = clock_.unix_s();
  const auto read = read_certificate(files.certificate, files.key, now_s);
  if (!read) return failed({"what has come cannot be used: " + read.error().message}, "");
  const std::int64_t due = renewal_due_s(read->not_before_s, read->not_after_s);
  if (due <= now_s) {
    on_certificate_();
    return failed({"what has come is to be renewed already: are the clocks right, here and there?"}, "");
  }
  log_.info("a certificate has come", {{"host", host}, {"days", (read->not_after_s - now_s) / kSecondsOfDay}});
  current_->failures = 0;
  current_->next_try_s = due;
  tries_.forget(host);
  keep_tries();
  tidy(host);
  current_ = nullptr;
  on_certificate_();
  look();
}

void AcmeRenewals::failed(const AcmeFailure& failure, const std::string& said) {
  Host& host = *std::exchange(current_, nullptr);
  hook_.reset();
  const std::int64_t now_s = clock_.unix_s();
  if (failure.account_is_unknown) ::unlink((folder_ + std::string(kAccountFile)).c_str());
  tries_.add(host.name, now_s);
  keep_tries();
  host.next_try_s = now_s + wait_after_s(++host.failures, failure.patience, random_fraction());
  const std::int64_t next_s = std::max(host.next_try_s, tries_.may_try_at_s(host.name, now_s));
  log_.error("no certificate has come: " + failure.words, {{"host", host.name},
                                                           {"directory", settings_.directory},
                                                           {"served", what_is_served(host.name)},
                                                           {"next_try_minutes", (next_s - now_s + 59) / 60},
                                                           {"uacme", said}});
  look();
}

std::string AcmeRenewals::what_is_served(const std::string& host) const {
  const CertificateFiles files = acme_files(settings_, host);
  const std::int64_t now_s = clock_.unix_s();
  const auto read = read_old_certificate(files.certificate, files.key, now_s);
  if (!read) return settings_.self_signed_meanwhile ? "a self-signed one" : "none: TLS is refused for this host";
  const std::int64_t left_s = read->not_after_s - now_s;
  return left_s <= 0 ? "the old one, which has expired"
                     : "the old one, good for " + std::to_string(left_s / kSecondsOfDay) + " days";
}

void AcmeRenewals::keep_tries() const {
  (void)write_private_file(folder_ + std::string(kTriesFile), Secret(tries_.text()));
}

// uacme keeps each certificate that it replaces; the last of them is enough.
void AcmeRenewals::tidy(const std::string& host) const {
  std::vector<std::filesystem::path> old;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ + "/" + host, ignored)) {
    if (entry.path().filename().string().starts_with("cert-")) old.push_back(entry.path());
  }
  std::sort(old.begin(), old.end());
  for (std::size_t i = 0; i + 1 < old.size(); ++i) std::filesystem::remove(old[i], ignored);
}

}  // namespace lp
