#include "proxy/server/admin.h"

namespace lp {

namespace {
constexpr std::int64_t kMaxConnections = 100;

class AdminExchange final : public RequestEvents {
 public:
  AdminExchange(ClientStream& client, const ServerState& server) : client_(client), server_(server) {}
  void on_request(const ParsedRequest& request, std::size_t) override {
    const bool draining = server_.draining.load(std::memory_order_relaxed);
    client_.send_answer(admin_answer(request.head.method, request.path_and_query, draining),
                        request.head.method == "HEAD", request.keep_alive);
  }
  void on_bad_request(const ParseError& error) override {
    Answer answer;
    answer.status = error.status;
    client_.send_answer(answer, false, false);
  }
  void on_request_body(std::string_view) override {}
  void on_request_end() override {}
  void on_request_batch_end() override {}
  void on_client_drained() override {}
  void on_client_gone() override {}

 private:
  ClientStream& client_;
  const ServerState& server_;
};

Answer text_answer(int status, std::string body) {
  Answer answer;
  answer.status = status;
  answer.add("Content-Type", "text/plain; charset=utf-8");
  answer.add("Cache-Control", "no-store");
  answer.body = std::move(body);
  return answer;
}
}  // namespace

Answer admin_answer(std::string_view method, std::string_view target, bool draining) {
  const std::string_view path = target.substr(0, target.find('?'));
  if (path != "/healthz" && path != "/readyz") return text_answer(404, "not found\n");
  if (method != "GET" && method != "HEAD") return text_answer(405, "GET or HEAD\n");
  if (path == "/healthz") return text_answer(200, "ok\n");
  return draining ? text_answer(503, "stopping\n") : text_answer(200, "ready\n");
}

Admin::Admin(EventLoop& loop, const Settings& settings, const ClientHeaderRules& rules, const ServerState& server,
             int listening_fd)
    : wheel_(loop),
      limits_(settings.limits),
      acceptor_({loop, wheel_, buffers_, limits_, settings.timeouts, rules, scratch_}, {listening_fd},
                {open_connections_, kMaxConnections},
                [&server](ClientStream& client) { return std::make_unique<AdminExchange>(client, server); }) {}

Admin::~Admin() = default;

}  // namespace lp
