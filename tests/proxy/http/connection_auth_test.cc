#include "proxy/http/connection_auth.h"

#include <doctest/doctest.h>

TEST_CASE("NTLM and Negotiate are found wherever they stand") {
  for (const char* value : {"NTLM", "ntlm TlRMTVNTUAABAAAA", "Negotiate", "nEGOTIATE oYG2MIGz",
                            "Basic realm=\"x\", NTLM", "Basic realm=\"x\",Negotiate",
                            "Digest a=b, Negotiate oYG=", "Negotiate,NTLM", "\tNTLM", "Nego2 oYG=", "kerberos"}) {
    CAPTURE(value);
    CHECK(lp::names_connection_scheme(value));
  }
  for (const char* value : {"", "Basic TlRMTTo=", "Bearer NTLM2", "NTLMv2", "Digest username=\"x\"", "Negotiated"}) {
    CAPTURE(value);
    CHECK_FALSE(lp::names_connection_scheme(value));
  }
}

TEST_CASE("a request asks and an answer offers, each in its field, once or twice") {
  lp::Fields fields;
  fields.add("authorization", "Basic x");
  fields.add("WWW-Authenticate", "Basic x");
  CHECK_FALSE(lp::asks_to_sign_in_connection(fields));
  CHECK_FALSE(lp::offers_to_sign_in_connection(fields));
  fields.add("AUTHORIZATION", "NTLM x");
  CHECK(lp::asks_to_sign_in_connection(fields));
  CHECK_FALSE(lp::offers_to_sign_in_connection(fields));
  fields.add("www-authenticate", "NTLM");
  CHECK(lp::offers_to_sign_in_connection(fields));
}
