#include "proxy/server/admin.h"

namespace lp {

namespace {
constexpr std::int64_t kMaxConnections = 100;
constexpr std::int64_t kMemoryBytes = 8 << 20;

std::string_view asked_path(std::string_view method, std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  return method == "OPTIONS" && (path == "/" || path == "*") ? "/readyz" : path;
}

LimitSettings own_limits(LimitSettings limits) {
  limits.connections = limits.connections_per_address = kMaxConnections;
  return limits;
}

class AdminExchange final : public AnswersFromHead {
 public:
  AdminExchange(ClientStream& client, Readiness& readiness, const Clock& clock)
      : client_(client), readiness_(readiness), clock_(clock) {}
  void on_request(const ParsedRequest& request, std::size_t) override {
    if (asked_path(request.head.method, request.path_and_query) == "/readyz") readiness_.asked(clock_.monotonic_ms());
    client_.send_answer(admin_answer(request.head.method, request.path_and_query, !readiness_.is_ready()),
                        request.head.method == "HEAD", request.keep_alive);
  }
  void on_bad_request(const ParseError& error) override {
    Answer answer;
    answer.status = error.status;
    client_.send_answer(answer, false, false);
  }

 private:
  ClientStream& client_;
  Readiness& readiness_;
  const Clock& clock_;
};

}  // namespace

Answer admin_answer(std::string_view method, std::string_view target, bool is_stopping) {
  const std::string_view path = asked_path(method, target);
  if (path != "/healthz" && path != "/readyz") return text_answer(404, "not found\n");
  if (method != "GET" && method != "HEAD" && method != "OPTIONS") return text_answer(405, "GET or HEAD\n");
  if (path == "/healthz") return text_answer(200, "ok\n");
  return is_stopping ? text_answer(503, "stopping\n") : text_answer(200, "ready\n");
}

Admin::Admin(EventLoop& loop, const Settings& settings, const ClientHeaderRules& rules, Readiness& readiness,
             const Clock& clock, Log& log, int listening_fd)
    : wheel_(loop),
      limits_(own_limits(settings.limits)),
      memory_(kMemoryBytes),
      shares_(limits_, settings.trusted_proxies, clock, log),
      events_([&readiness, &clock](ClientStream& client) {
        return std::make_unique<AdminExchange>(client, readiness, clock);
      }),
      acceptor_({loop, wheel_, buffers_, limits_, settings.timeouts, rules, scratch_, memory_, requests_, false, true},
                {listening_fd}, {shares_}, events_) {}

Admin::~Admin() = default;

}  // namespace lp
