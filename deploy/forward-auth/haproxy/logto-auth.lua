-- The action lua.logto-auth: asks logto-proxy whether a request may pass, and answers the client where it may not.
-- HAProxy's own HTTP client is all that it needs. An answer that does not come is a 503.

local CHECK = "http://127.0.0.1:8080/_auth/check"
local TIMEOUT_MS = 10000
-- forward_auth.secret of logto-proxy: who asks.
local SECRET = "a-secret-of-16-characters-or-more"

-- Each identity header of the configuration: taken from the client's request, then set as logto-proxy says. Those of routes
-- with organization, patreon and assertion are here whether there is such a route or not: else a client would say them.
local IDENTITY = {
  "x-forwarded-user", "x-forwarded-email", "x-forwarded-preferred-username", "x-forwarded-groups",
  "x-forwarded-organization", "x-patreon-campaign", "x-patreon-tier", "x-patreon-tier-id", "x-patreon-cents",
  "x-patreon-status", "x-logto-proxy-assertion",
}

-- What logto-proxy judges a client by. Hop-by-hop fields and those of a body stay here.
local NOT_SENT = {
  ["host"] = true, ["connection"] = true, ["upgrade"] = true, ["keep-alive"] = true, ["te"] = true, ["trailer"] = true,
  ["transfer-encoding"] = true, ["content-length"] = true, ["expect"] = true, ["x-original-url"] = true,
  ["x-original-method"] = true, ["x-forwarded-host"] = true, ["x-forwarded-uri"] = true, ["x-forwarded-method"] = true,
}

local function question(txn)
  local headers = {}
  for name, values in pairs(txn.http:req_get_headers()) do
    if not NOT_SENT[name] then
      headers[name] = {}
      for index = 0, #values do table.insert(headers[name], values[index]) end
    end
  end
  headers["x-forwarded-method"] = { txn.f:method() }
  headers["x-forwarded-host"] = { txn.f:req_fhdr("host") }
  headers["x-forwarded-uri"] = { txn.f:pathq() }
  headers["x-logto-proxy-check-secret"] = { SECRET }
  return headers
end

local function refuse(txn, status, headers, body)
  local reply = txn:reply({ status = status })
  for name, values in pairs(headers) do
    if name ~= "content-length" and name ~= "connection" and name ~= "transfer-encoding" then
      for _, value in pairs(values) do reply:add_header(name, value) end
    end
  end
  reply:set_body(body or "")
  txn:done(reply)
end

core.register_action("logto-auth", { "http-req" }, function(txn)
  local answer = core.httpclient():get({ url = CHECK, headers = question(txn), timeout = TIMEOUT_MS })
  if not answer or not answer.status or answer.status == 0 then return refuse(txn, 503, {}, "") end
  if answer.status < 200 or answer.status > 299 then
    return refuse(txn, answer.status, answer.headers, answer.body)
  end
  for _, name in ipairs(IDENTITY) do
    txn.http:req_del_header(name)
    local values = answer.headers[name]
    if values then txn.http:req_set_header(name, values[0]) end
  end
  local count = 0
  for _, line in pairs(answer.headers["set-cookie"] or {}) do
    count = count + 1
    txn:set_var("txn.logto_cookie_" .. count, line)
  end
end, 0)
