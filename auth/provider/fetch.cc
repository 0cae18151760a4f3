#include "auth/provider/fetch.h"

#include <curl/curl.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "auth/provider/call_turns.h"
#include "base/check.h"

namespace lp {
namespace {

constexpr std::size_t kMaxBodyBytes = 1 << 20;
constexpr std::size_t kMaxHeadBytes = 64 << 10;
constexpr long kConnectTimeoutMs = 5'000;
constexpr long kWholeTimeoutMs = 15'000;
// Shorter than the 5 s after which Node closes idle connections: a code sent into a closing connection may be spent
// without an answer, and sending it again would revoke the grant.
constexpr long kReuseWithinS = 3;
constexpr long kNamesKeptS = 10;

struct ListDeleter {
  // The list holds a copy of the Authorization field.
  void operator()(curl_slist* list) const {
    for (curl_slist* entry = list; entry != nullptr; entry = entry->next)
      OPENSSL_cleanse(entry->data, std::strlen(entry->data));
    curl_slist_free_all(list);
  }
};
struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using HeaderList = std::unique_ptr<curl_slist, ListDeleter>;
using Easy = std::unique_ptr<CURL, EasyDeleter>;

void add_header(HeaderList& list, std::string_view name, std::string_view value) {
  std::string line(name);
  line += ": ";
  line += value;
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  OPENSSL_cleanse(line.data(), line.size());
  LP_CHECK(longer != nullptr, "out of memory");
  static_cast<void>(list.release());
  list.reset(longer);
}

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(easy, option, value);
  LP_CHECK(code == CURLE_OK, "libcurl lacks an option that we need");
}

// Whom a request is for, and where it really goes.
struct Destination {
  Origin asked;
  std::string url;
  std::string scheme;
};
Result<Destination> destination(const std::string& url_text, const std::optional<Origin>& connect_to,
                                bool allows_http) {
  auto url = parse_url(url_text);
  if (!url) return fail("not a URL that can be called");
  Origin asked = url->origin;
  if (connect_to) url->origin = *connect_to;
  if (!allows_http && !url->origin.is_https()) return fail("not an https URL");
  return Destination{std::move(asked), url->text(), url->origin.scheme};
}

HeaderList request_headers(const ProviderRequest& request, const Origin& asked) {
  HeaderList list;
  add_header(list, "Host", asked.authority());
  add_header(list, "X-Forwarded-Proto", asked.scheme);
  add_header(list, "Accept", "application/json");
  add_header(list, "Accept-Encoding", "identity");
  if (!request.authorization.empty()) add_header(list, "Authorization", request.authorization.reveal());
  if (!request.json_body.empty()) {
    add_header(list, "Content-Type", "application/json");
  } else if (request.method == "POST") {
    add_header(list, "Content-Type", "application/x-www-form-urlencoded");
  }
  return list;
}

void set_safety(CURL* easy, const std::string& scheme) {
  set(easy, CURLOPT_PROTOCOLS_STR, scheme.c_str());
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);  // threat O26: a 307 would carry the secret elsewhere
  set(easy, CURLOPT_PROXY, "");
  set(easy, CURLOPT_NOPROXY, "*");
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_QUICK_EXIT, 1L);
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy, CURLOPT_HTTP09_ALLOWED, 0L);
  set(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  set(easy, CURLOPT_PATH_AS_IS, 1L);
}

void set_bounds(CURL* easy) {
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  set(easy, CURLOPT_TIMEOUT_MS, kWholeTimeoutMs);
  set(easy, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(kMaxBodyBytes));
  set(easy, CURLOPT_MAXAGE_CONN, kReuseWithinS);
  set(easy, CURLOPT_DNS_CACHE_TIMEOUT, kNamesKeptS);
}

void set_tls(CURL* easy, const std::string& ca_file) {
  set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (ca_file.empty()) return;
  set(easy, CURLOPT_CAINFO, ca_file.c_str());
  set(easy, CURLOPT_CAPATH, static_cast<const char*>(nullptr));  // that file only, not the system's too
}

class Multi;

// One request under way.
class Transfer final : public Fetcher::Handle {
 public:
  Transfer(Multi& multi, const ProviderRequest& request, const Destination& to, Fetcher::Done done);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() override;

  // `this` may be gone afterwards.
  void finish(CURLcode code) {
    const Fetcher::Done done = std::move(done_);
    done(outcome(code));
  }

 private:
  static std::size_t on_body(char* bytes, std::size_t, std::size_t count, void* self) {
    return static_cast<Transfer*>(self)->take_body({bytes, count}) ? count : 0;
  }
  static std::size_t on_send(char* out, std::size_t, std::size_t room, void* self) {
    auto* transfer = static_cast<Transfer*>(self);
    const std::string_view rest = transfer->body_.reveal().substr(transfer->sent_bytes_);
    const std::size_t count = std::min(room, rest.size());
    std::memcpy(out, rest.data(), count);
    transfer->sent_bytes_ += count;
    return count;
  }
  static std::size_t on_head(char*, std::size_t, std::size_t count, void* self) {
    auto* transfer = static_cast<Transfer*>(self);
    transfer->head_bytes_ += count;
    return transfer->head_bytes_ <= kMaxHeadBytes ? count : 0;
  }
  bool take_body(std::string_view bytes) {
    is_too_long_ = reply_.body.size() + bytes.size() > kMaxBodyBytes;
    if (!is_too_long_) reply_.body += bytes;
    return !is_too_long_;
  }
  void set_callbacks();
  void set_method(CURL* easy, const std::string& method);
  Result<ProviderReply> outcome(CURLcode code);

  Multi& multi_;
  Fetcher::Done done_;
  Secret body_;
  std::size_t sent_bytes_ = 0;  // of it
  HeaderList headers_;
  std::array<char, CURL_ERROR_SIZE> error_text_{};
  std::size_t head_bytes_ = 0;
  bool is_too_long_ = false;
  ProviderReply reply_;
  Easy easy_;  // last: it refers to the others
};

// A request that cannot be sent at all; the answer still comes later.
class Refusal final : public Fetcher::Handle {
 public:
  Refusal(EventLoop& loop, Error error, Fetcher::Done done)
      : error_(std::move(error)), done_(std::move(done)), timer_(loop, [this] { answer(); }) {
    timer_.start_ms(0);
  }

 private:
  void answer() {
    const Fetcher::Done done = std::move(done_);
    done(error_);
  }
  Error error_;
  Fetcher::Done done_;
  Timer timer_;
};

// Both directions of one of curl's sockets.
struct Watch {
  Watch(EventLoop& loop, int fd, std::function<void()> on_readable, std::function<void()> on_writable)
      : read(loop, fd, kReadable, std::move(on_readable)), write(loop, fd, kWritable, std::move(on_writable)) {}
  void want(bool in, bool out) {
    in ? read.enable() : read.disable();
    out ? write.enable() : write.disable();
  }
  IoEvent read;
  IoEvent write;
};

void init_curl_once() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  LP_CHECK(code == CURLE_OK, "libcurl cannot start");
}

// curl's multi interface on our loop: curl says which sockets and which time it waits for, we tell it what happened.
class Multi {
 public:
  Multi(EventLoop& event_loop, Fetcher::Options all_options)
      : loop(event_loop), options(std::move(all_options)), timer_(event_loop, [this] { act(CURL_SOCKET_TIMEOUT, 0); }) {
    init_curl_once();
    multi_ = curl_multi_init();
    LP_CHECK(multi_ != nullptr, "libcurl cannot start");
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Multi::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Multi::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, static_cast<long>(options.max_calls));
  }
  Multi(const Multi&) = delete;
  Multi& operator=(const Multi&) = delete;
  ~Multi() {
    watches_.clear();
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, nullptr);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, nullptr);
    curl_multi_cleanup(multi_);
  }

  void add(CURL* easy) { LP_CHECK(curl_multi_add_handle(multi_, easy) == CURLM_OK, "libcurl refuses a transfer"); }
  void remove(CURL* easy) { curl_multi_remove_handle(multi_, easy); }

  EventLoop& loop;
  const Fetcher::Options options;

 private:
  static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
    static_cast<Multi*>(self)->watch(fd, what);
    return 0;
  }
  static int on_timer(CURLM*, long delay_ms, void* self) {
    auto* multi = static_cast<Multi*>(self);
    delay_ms < 0 ? multi->timer_.stop() : multi->timer_.start_ms(delay_ms);
    return 0;
  }

  // Runs inside curl: nothing may complete or be deleted here, curl may be in the middle of this very watch's callback.
  void watch(curl_socket_t fd, int what) {
    std::unique_ptr<Watch>& watch = watches_[fd];
    if (what == CURL_POLL_REMOVE) {
      if (watch) watch->want(false, false);
      loop.defer_delete(std::move(watch));
      watches_.erase(fd);
      return;
    }
    if (!watch) {
      watch = std::make_unique<Watch>(
          loop, fd, [this, fd] { act(fd, CURL_CSELECT_IN); }, [this, fd] { act(fd, CURL_CSELECT_OUT); });
    }
    watch->want((what & CURL_POLL_IN) != 0, (what & CURL_POLL_OUT) != 0);
  }

  void act(curl_socket_t fd, int what) {
    int running = 0;
    curl_multi_socket_action(multi_, fd, what, &running);
    finish_done();
  }

  // Outside of curl again: completions may start and drop transfers.
  void finish_done() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      void* transfer = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
      static_cast<Transfer*>(transfer)->finish(code);
    }
  }

  CURLM* multi_ = nullptr;
  Timer timer_;
  std::map<curl_socket_t, std::unique_ptr<Watch>> watches_;
};

Transfer::Transfer(Multi& multi, const ProviderRequest& request, const Destination& to, Fetcher::Done done)
    : multi_(multi),
      done_(std::move(done)),
      body_(request.json_body.empty() ? request.form_body : request.json_body),
      headers_(request_headers(request, to.asked)),
      easy_(curl_easy_init()) {
  CURL* easy = easy_.get();
  LP_CHECK(easy != nullptr, "out of memory");
  set_safety(easy, to.scheme);
  set_bounds(easy);
  set_tls(easy, multi.options.ca_file);
  set_callbacks();
  set(easy, CURLOPT_URL, to.url.c_str());
  set(easy, CURLOPT_USERAGENT, "logto-proxy/" LP_VERSION);
  set(easy, CURLOPT_HTTPHEADER, headers_.get());
  set_method(easy, request.method);
  multi_.add(easy);
}

// With a body curl's POST under another name: it is read as set_callbacks() says.
void Transfer::set_method(CURL* easy, const std::string& method) {
  const bool has_body = method == "POST" || !body_.empty();
  if (has_body) {
    set(easy, CURLOPT_POST, 1L);
    set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body_.reveal().size()));
  }
  if (method != (has_body ? "POST" : "GET")) set(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
}

void Transfer::set_callbacks() {
  CURL* easy = easy_.get();
  set(easy, CURLOPT_PRIVATE, this);
  set(easy, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(easy, CURLOPT_WRITEDATA, this);
  // Not CURLOPT_POSTFIELDS: what curl cannot rewind it never sends twice, however the connection ended. A code or a
  // refresh token that comes again revokes the whole grant.
  set(easy, CURLOPT_READFUNCTION, &Transfer::on_send);
  set(easy, CURLOPT_READDATA, this);
  set(easy, CURLOPT_HEADERFUNCTION, &Transfer::on_head);
  set(easy, CURLOPT_HEADERDATA, this);
  set(easy, CURLOPT_ERRORBUFFER, error_text_.data());
}

Transfer::~Transfer() { multi_.remove(easy_.get()); }

// What mostly lies behind errors whose words are of libraries.
std::string_view likely_cause(CURLcode code, std::string_view text) {
  if (code == CURLE_SSL_CONNECT_ERROR && text.find("wrong version number") != std::string_view::npos)
    return " (no TLS was answered: is this a port for plain http://?)";
  if (code == CURLE_PEER_FAILED_VERIFICATION && text.find("unable to get local issuer") != std::string_view::npos)
    return " (an authority of your own is named by ca_file)";
  if (code == CURLE_PEER_FAILED_VERIFICATION && text.find("self-signed") != std::string_view::npos)
    return " (a certificate of your own is named by ca_file)";
  if (code == CURLE_PEER_FAILED_VERIFICATION && text.find("expired") != std::string_view::npos)
    return " (or the clock of this machine is wrong)";
  if (code == CURLE_GOT_NOTHING || code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY)
    return " (no HTTP was answered: is this a port for https://?)";
  return "";
}

std::int64_t date_of(CURL* easy) {
  curl_header* date = nullptr;
  if (curl_easy_header(easy, "Date", 0, CURLH_HEADER, -1, &date) != CURLHE_OK) return 0;
  return std::max<std::int64_t>(curl_getdate(date->value, nullptr), 0);
}

std::int64_t retry_after_of(CURL* easy) {
  curl_off_t seconds = 0;
  curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
  return std::max<std::int64_t>(seconds, 0);
}

constexpr const char* kTooLong = "it is longer than 1 MiB";

Result<ProviderReply> Transfer::outcome(CURLcode code) {
  if (is_too_long_ || code == CURLE_FILESIZE_EXCEEDED) return fail(std::string(kAnswerBrokeOff) + kTooLong);
  if (code != CURLE_OK) {
    const char* text = error_text_[0] != '\0' ? error_text_.data() : curl_easy_strerror(code);
    long begun_status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &begun_status);
    return fail(std::string(begun_status > 0 ? kAnswerBrokeOff : "no answer: ") + text +
                std::string(likely_cause(code, text)));
  }
  long status = 0;
  const char* content_type = nullptr;
  const char* location = nullptr;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(easy_.get(), CURLINFO_CONTENT_TYPE, &content_type);
  curl_easy_getinfo(easy_.get(), CURLINFO_REDIRECT_URL, &location);
  reply_.status = static_cast<int>(status);
  if (content_type != nullptr) reply_.content_type = content_type;
  if (location != nullptr) reply_.location = location;
  reply_.date_s = date_of(easy_.get());
  reply_.retry_after_s = retry_after_of(easy_.get());
  return std::move(reply_);
}

}  // namespace

namespace {
class Call;
}

// Calls under way, and those that wait for their turn.
struct Fetcher::Impl {
  Impl(EventLoop& loop, Options options)
      : multi(loop, std::move(options)), turns(static_cast<std::size_t>(multi.options.max_calls)) {}
  void start_next();

  Multi multi;
  CallTurns turns;
  std::unordered_map<CallTurns::Ticket, Call*> waiting;
};

namespace {

constexpr const char* kNoTurn = "too many calls wait for their turn";

// One call: waits for its turn, then is a transfer. Time limits begin with the transfer.
class Call final : public Fetcher::Handle {
 public:
  Call(Fetcher::Impl& all, ProviderRequest request, Destination to, Fetcher::Done done)
      : all_(all), request_(std::move(request)), to_(std::move(to)), done_(std::move(done)) {
    const auto ticket = all_.turns.join(request_.caller);
    if (!ticket) {
      give_up_after(0);
      return;
    }
    ticket_ = *ticket;
    all_.waiting.emplace(ticket_, this);
    all_.start_next();
    if (!transfer_ && CallTurns::is_bounded(request_.caller.kind)) give_up_after(all_.multi.options.max_wait_ms);
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() override { leave(); }

  void start() {
    no_turn_.reset();
    transfer_ = std::make_unique<Transfer>(all_.multi, request_, to_, [this](Result<ProviderReply> reply) {
      const Fetcher::Done done = std::move(done_);
      leave();                 // a transfer may go inside its own callback
      done(std::move(reply));  // `this` may be gone afterwards
    });
  }

 private:
  void leave() {
    transfer_.reset();
    if (ticket_ == 0) return;
    all_.waiting.erase(ticket_);
    all_.turns.leave(std::exchange(ticket_, 0));
    all_.start_next();
  }
  void give_up_after(std::int64_t delay_ms) {
    no_turn_.emplace(all_.multi.loop, [this] {
      const Fetcher::Done done = std::move(done_);
      leave();
      done(fail(kNoTurn));  // `this` may be gone afterwards
    });
    no_turn_->start_ms(delay_ms);
  }

  Fetcher::Impl& all_;
  ProviderRequest request_;
  Destination to_;
  Fetcher::Done done_;
  CallTurns::Ticket ticket_ = 0;  // 0: none
  std::optional<Timer> no_turn_;
  std::unique_ptr<Transfer> transfer_;
};

}  // namespace

void Fetcher::Impl::start_next() {
  while (const auto ticket = turns.next()) {
    Call* const next = waiting.at(*ticket);
    waiting.erase(*ticket);
    next->start();
  }
}

bool Fetcher::was_never_sent(const Error& error) { return error.message == kNoTurn; }

bool Fetcher::was_too_long(const Error& error) { return error.message == std::string(kAnswerBrokeOff) + kTooLong; }

Fetcher::Fetcher(EventLoop& loop, Options options) : impl_(std::make_unique<Impl>(loop, std::move(options))) {}
Fetcher::~Fetcher() = default;

std::unique_ptr<Fetcher::Handle> Fetcher::fetch(const ProviderRequest& request, const std::optional<Origin>& connect_to,
                                                Done done) {
  auto to = destination(request.url, connect_to, impl_->multi.options.allows_http);
  if (!to) return refuse(to.error(), std::move(done));
  return std::make_unique<Call>(*impl_, request, std::move(*to), std::move(done));
}

std::unique_ptr<Fetcher::Handle> Fetcher::refuse(Error error, Done done) {
  return std::make_unique<Refusal>(impl_->multi.loop, std::move(error), std::move(done));
}

}  // namespace lp
