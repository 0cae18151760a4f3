// A few lines over node:http.

export async function readBody(req, limitBytes = 64 * 1024) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of req) {
    bytes += chunk.length;
    if (bytes > limitBytes) throw new Error('request body too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export const readForm = async (req) => new URLSearchParams(await readBody(req));

function send(res, status, type, body, headers) {
  res.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', ...headers });
  res.end(body);
}

export const sendHtml = (res, status, html) => send(res, status, 'text/html; charset=utf-8', html, {
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'", 'referrer-policy': 'no-referrer',
});
export const sendJson = (res, status, value, headers) => send(res, status, 'application/json; charset=utf-8', JSON.stringify(value), headers);
export const sendText = (res, status, text) => send(res, status, 'text/plain; charset=utf-8', text);

export function redirect(res, location) {
  res.writeHead(303, { location, 'cache-control': 'no-store' });
  res.end();
}
