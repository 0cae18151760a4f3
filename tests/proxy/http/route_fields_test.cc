#include "proxy/http/route_fields.h"

#include <doctest/doctest.h>

#include <string>

#include "auth/identity/client_headers.h"
#include "proxy/http/forwarding.h"

using namespace lp;

namespace {

using List = std::vector<std::pair<std::string, std::string>>;

IdentityHeaderSettings constant(const char* name, const char* value) {
  IdentityHeaderSettings header;
  header.header = name;
  header.source = IdentityHeaderSettings::Source::constant;
  header.constant = value;
  return header;
}

struct World {
  Settings settings;
  const Origin external{"https", "app.test", 443};
  World() {
    settings.routes.resize(1);
    route().index = 1;
  }
  RouteSettings& route() { return settings.routes[0]; }

  // The lines of the client's fields that are left.
  std::string to_app(const List& client) const {
    const ClientHeaderRules rules(settings);
    const FieldsOfRoutes fields(settings);
    OutgoingRequest request;
    request.method = "GET";
    request.target = "/";
    request.host = "h";
    request.changes = fields.of(settings.routes[0]).request.get();
    std::string out;
    append_request_head(out, request, fields_of(client), rules);
    return between(out, "Host: h\r\n");
  }

  std::string to_client(const List& app, bool authenticated = false, int status = 200) const {
    const ClientHeaderRules rules(settings);
    const FieldsOfRoutes fields(settings);
    OutgoingResponse response;
    response.external = &external;
    response.changes = fields.of(settings.routes[0]).answer.get();
    response.authenticated = authenticated;
    ResponseHead head;
    head.status = status;
    head.fields = fields_of(app);
    std::string out;
    append_response_head(out, response, head, rules);
    return between(out, "\r\n");
  }

 private:
  static Fields fields_of(const List& list) {
    Fields fields;
    for (const auto& [name, value] : list) fields.add(name, value);
    return fields;
  }
  static std::string between(const std::string& out, const std::string& start) {
    const std::size_t begin = out.find(start) + start.size();
    return out.substr(begin, out.size() - 2 - begin);
  }
};

}  // namespace

TEST_CASE("a route that says nothing of fields changes none") {
  World world;
  world.route().rewrite_location = false;
  const FieldsOfRoutes fields(world.settings);
  CHECK(fields.of(world.route()).request == nullptr);
  CHECK(fields.of(world.route()).answer == nullptr);
  CHECK(fields.of(world.route()).addresses == nullptr);
}

TEST_CASE("named fields pass, in any spelling, and no others") {
  World world;
  world.route().pass_headers = {"X-User-Id", "X-AUTH-USER"};
  CHECK(world.to_app({{"X-User-Id", "u"}, {"x_auth_user", "k"}, {"X-User-Ids", "no"}, {"X-User-Email", "no"}}) ==
        "X-User-Id: u\r\nx_auth_user: k\r\n");
  world.route().pass_headers.clear();
  CHECK(world.to_app({{"X-User-Id", "u"}, {"X-User-Agent", "grpc-web-javascript/0.1"}}) ==
        "X-User-Agent: grpc-web-javascript/0.1\r\n");
}

TEST_CASE("what is set or removed of a client's is gone in every spelling") {
  World world;
  world.route().request_headers.set = {constant("X-Env", "prod")};
  world.route().request_headers.remove = {"Accept-Encoding", "X-Debug-*", "Authorization", "Cookie"};
  CHECK(world.to_app({{"x_env", "evil"},
                      {"accept-encoding", "gzip"},
                      {"X-Debug-A", "1"},
                      {"x.debug_b", "1"},
                      {"X-Debugger", "1"},
                      {"Authorization", "Basic x"},
                      {"Cookie", "a=1"},
                      {"Accept", "*/*"}}) == "X-Debugger: 1\r\nAccept: */*\r\n");
}

TEST_CASE("what the route says goes over what stands at the top") {
  World world;
  world.settings.response_headers.set = {constant("X-A", "top"), constant("X-B", "top"), constant("X-C", "top")};
  world.settings.response_headers.remove = {"Server", "X-D"};
  world.route().response_headers.set = {constant("x-a", "route"), constant("X-D", "route")};
  world.route().response_headers.remove = {"X-C"};
  CHECK(world.to_client({{"Server", "x"}, {"X-B", "app"}, {"X-C", "app"}}) ==
        "X-B: top\r\nx-a: route\r\nX-D: route\r\n");
}

TEST_CASE("fields of answers are set, added and removed") {
  World world;
  world.route().response_headers.set = {constant("X-A", "1")};
  world.route().response_headers.add = {constant("Link", "<b>")};
  world.route().response_headers.remove = {"X-Powered-By", "Set-Cookie"};
  CHECK(world.to_client({{"x-a", "app"}, {"Link", "<a>"}, {"X-Powered-By", "PHP"}, {"Set-Cookie", "a=1"}}) ==
        "Link: <a>\r\nX-A: 1\r\nLink: <b>\r\n");
}

TEST_CASE("the length of a body that does not follow is told once, whatever the route changes") {
  World world;
  CHECK(world.to_client({{"Content-Length", "5, 5"}}) == "Content-Length: 5\r\n");
  world.route().response_headers.set = {constant("X-A", "1")};
  CHECK(world.to_client({{"Content-Length", "5"}}) == "X-A: 1\r\nContent-Length: 5\r\n");
  CHECK(world.to_client({{"content-length", "5"}, {"Content-Length", "5"}}) == "X-A: 1\r\nContent-Length: 5\r\n");
}

TEST_CASE("what is added is judged as if the app had said it") {
  World world;
  world.route().response_headers.set = {constant("Cache-Control", "public, max-age=60"),
                                        constant("X-Accel-Redirect", "/secret"),
                                        constant("X-Forwarded-User", "me"),
                                        constant("Connection", "X-A"),
                                        constant("Transfer-Encoding", "chunked"),
                                        constant("Set-Cookie", "logto_session=evil")};
  CHECK(world.to_client({}, true) == "Cache-Control: private, max-age=60\r\n");
  CHECK(world.to_client({{"Connection", "Cache-Control"}}) == "Cache-Control: public, max-age=60\r\n");
}

TEST_CASE("the security preset says what the app does not") {
  World world;
  world.settings.answer_preset = AnswerPreset::security;
  const std::string usual =
      "Strict-Transport-Security: max-age=31536000\r\nX-Content-Type-Options: nosniff\r\n"
      "Referrer-Policy: strict-origin-when-cross-origin\r\n";
  const std::string frames = "X-Frame-Options: SAMEORIGIN\r\nContent-Security-Policy: frame-ancestors 'self'\r\n";
  CHECK(world.to_client({}) == usual + frames);
  CHECK(world.to_client({{"X-Frame-Options", "DENY"}}) == "X-Frame-Options: DENY\r\n" + usual);
  CHECK(world.to_client({{"content-security-policy", "Frame-Ancestors *"}}) ==
        "content-security-policy: Frame-Ancestors *\r\n" + usual);
  CHECK(world.to_client({{"Content-Security-Policy", "default-src 'self'"}}) ==
        "Content-Security-Policy: default-src 'self'\r\n" + usual + frames);
  CHECK(world.to_client({{"strict-transport-security", "max-age=0"}, {"Referrer-Policy", "no-referrer"}}) ==
        "strict-transport-security: max-age=0\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n" +
            frames);
  CHECK(world.to_client({}, false, 103).empty());
  world.route().answer_preset = AnswerPreset::none;
  CHECK(world.to_client({}).empty());
}
