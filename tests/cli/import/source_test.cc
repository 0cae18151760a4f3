#include "cli/import/source.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "cli/import/context.h"
#include "cli/import/toml.h"

namespace lp {
namespace {

std::string joined(const std::vector<Assignment>& all) {
  std::string out;
  for (const auto& [name, value] : all) out += name + "=" + value + ";";
  return out;
}

TEST_CASE("an environment file is read as docker and systemd read it") {
  const auto read = parse_env_file("# a comment\nA=1\r\nexport B = two words \nC=\"in quotes\"\nD='x=y'\n\nE=\n");
  REQUIRE(read.ok());
  CHECK(joined(*read) == "A=1;B=two words;C=in quotes;D=x=y;E=;");
  CHECK_FALSE(parse_env_file("      - OAUTH2_PROXY_EMAIL_DOMAINS=*\n").ok());
  CHECK(parse_env_file("A=1\nnonsense\n").error().message == "line 2: expected NAME=VALUE");
}

TEST_CASE("an ini file, its older form, sections, comments and quotes") {
  const auto read = parse_ini(
      "; c\n# c\n[Application Options]\nport = 4181\nrule.1.rule = Path(`/a`) && Host(`b`)\nsecret=\"a \\\"b\\\"\"\n"
      "default-action allow\n[providers.oidc]\nissuer-url = https://x.example/oidc\n");
  REQUIRE(read.ok());
  CHECK(joined(*read) ==
        "port=4181;rule.1.rule=Path(`/a`) && Host(`b`);secret=a \"b\";default-action=allow;"
        "providers.oidc.issuer-url=https://x.example/oidc;");
  CHECK_FALSE(parse_ini("[open\n").ok());
  CHECK_FALSE(parse_ini("word\n").ok());
}

TEST_CASE("TOML: letters beyond ASCII without quotes are refused with their line, in texts and comments they stand") {
  for (const auto& [text, line] :
       std::vector<std::pair<std::string, std::string>>{{"é = 1\n", "line 1:"},
                                                        {"a = 1\n名前 = \"x\"\n", "line 2:"},
                                                        {"aé = 1\n", "line 1:"},
                                                        {"a.é = 1\n", "line 1:"},
                                                        {"[é]\nb = 1\n", "line 1:"},
                                                        {"a = \"x\\\"\"\n\xff\xfe = 1\n", "line 2:"},
                                                        {"a = \"\"\"x\né\n\"\"\"\n\né = 1\n", "line 5:"},
                                                        {"a = 'x\\'\né = 1\n", "line 2:"},
                                                        {"a = { é = 1 }\n", "line 1:"},
                                                        {"a = “x”\n", "line 1:"},
                                                        {"\x80", "line 1:"}}) {
    CAPTURE(text);
    SourceOptions options;
    const auto read = read_oauth2_proxy_toml(text, options);
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().message.find(line) == 0);
    CHECK(read.error().message.find("beyond ASCII") != std::string::npos);
  }
  for (const char* text : {"a = \"名前\"\n", "a = '名前' # 名前\n", "# é \"\nb = 1\n", "\"é\" = 1\n", "a = '''\né'''\n",
                           "a = [\n\"é\", # é\n\"b\"]\n"}) {
    CAPTURE(text);
    SourceOptions options;
    CHECK(read_oauth2_proxy_toml(text, options).ok());
  }
}

TEST_CASE("TOML: texts, numbers, flags, lists; commas only outside of arrays") {
  SourceOptions options;
  REQUIRE(read_oauth2_proxy_toml("A = \"x, y\"\nupstreams = ['^/a{1,2}', 'b']\nflag = true\nn = 7\n", options).ok());
  CHECK(options.list("a") == std::vector<std::string>{"x", " y"});
  CHECK(options.words("a") == std::vector<std::string>{"x", "y"});
  CHECK(options.list("upstreams") == std::vector<std::string>{"^/a{1,2}", "b"});
  CHECK(options.flag("flag", false));
  CHECK(options.text("n") == "7");
  const auto bad = read_oauth2_proxy_toml("a = \"x\"\nb = \n", options);
  REQUIRE_FALSE(bad.ok());
  CHECK(bad.error().message.find("line 2") == 0);
  CHECK_FALSE(read_oauth2_proxy_toml("[table]\na = 1\n", options).ok());
}

TEST_CASE("the environment goes before the file") {
  SourceOptions options;
  REQUIRE(read_oauth2_proxy_toml("cookie_name = \"a\"\n", options).ok());
  read_oauth2_proxy_environment(
      {{"OAUTH2_PROXY_COOKIE_NAME", "b"}, {"PATH", "/bin"}, {"OAUTH2_PROXY_UPSTREAMS", "http://x, http://y"}}, options);
  CHECK(options.text("cookie_name") == "b");
  CHECK(options.find("cookie_name")->shown == "OAUTH2_PROXY_COOKIE_NAME");
  CHECK(options.list("upstreams").size() == 2);
  CHECK(options.all().size() == 2);
}

TEST_CASE("variables are read as oauth2-proxy reads them: none that is empty, in capitals, none of Kubernetes") {
  SourceOptions options;
  REQUIRE(read_oauth2_proxy_toml("email_domains = [\"corp.com\"]\n", options).ok());
  read_oauth2_proxy_environment({{"OAUTH2_PROXY_EMAIL_DOMAINS", ""},
                                 {"OAUTH2_PROXY_EMAIL_DOMAIN", "*"},
                                 {"OAUTH2_PROXY_email_domains", "*"},
                                 {"OAUTH2_PROXY_PORT_80_TCP_ADDR", "10.0.0.1"},
                                 {"OAUTH2_PROXY_SERVICE_PORT_HTTP", "80"},
                                 {"OAUTH2_PROXY_REDIS_SERVICE_HOST", "10.0.0.2"},
                                 {"OAUTH2_PROXY_PORT", "tcp://10.0.0.1:80"}},
                                options);
  CHECK(options.list("email_domains") == std::vector<std::string>{"corp.com"});
  CHECK(options.has("email_domain"));
  CHECK(options.all().size() == 3);
}

TEST_CASE("variables of traefik-forward-auth are known by name") {
  SourceOptions options;
  read_traefik_forward_auth_environment({{"PROVIDERS_OIDC_ISSUER_URL", "u"}, {"LIFETIME", "60"}, {"HOME", "/"}},
                                        options);
  CHECK(options.text("providers.oidc.issuer-url") == "u");
  CHECK(options.text("lifetime") == "60");
  CHECK(options.all().size() == 2);
}

TEST_CASE("Go's durations in our words") {
  const char* rows[][2] = {
      {"168h", "7d"},         {"168h0m0s", "7d"}, {"1h30m", "90m"}, {"30s", "30s"}, {"1.5h", "90m"}, {"0", "0s"},
      {"500ms", "500ms"},     {"", ""},           {"x", ""},        {"5", ""},      {"1d", ""},      {"1.2.3h", ""},
      {"99999999999999h", ""}};
  for (const auto& row : rows) {
    CAPTURE(row[0]);
    CHECK(duration_of(row[0]) == row[1]);
  }
  CHECK(duration_of_seconds("43200") == "12h");
  CHECK(duration_of_seconds("soon").empty());
}

TEST_CASE("addresses to listen at") {
  const char* rows[][2] = {{"0.0.0.0:4180", "0.0.0.0:4180"},
                           {":4180", "0.0.0.0:4180"},
                           {"http://127.0.0.1:80", "127.0.0.1:80"},
                           {"localhost:4180", "127.0.0.1:4180"},
                           {"[::1]:443", "[::1]:443"},
                           {"unix:///run/x.sock,mode=0777", "unix:/run/x.sock"},
                           {"fd:3", ""},
                           {"", ""}};
  for (const auto& row : rows) {
    CAPTURE(row[0]);
    CHECK(listen_address(row[0]) == row[1]);
  }
}

}  // namespace
}  // namespace lp
