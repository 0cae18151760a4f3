// Django's admin: accounts by a field, CSRF rules that look at scheme and Origin, uploads, and a Logout button that posts.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { freePort, temporaryFolder } from '../e2e/lib/proxy.mjs';
import { startServer } from '../e2e/lib/servers.mjs';
import { PYTHON, blocks, field, recipe } from './lib/recipe.mjs';

const SETTINGS = `SECRET_KEY = "of the tests"
ROOT_URLCONF = "urls"
INSTALLED_APPS = ["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages"]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", "django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware",
  "django.middleware.csrf.CsrfViewMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware", "middleware.HeaderUser", "django.contrib.messages.middleware.MessageMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {"context_processors": [
  "django.template.context_processors.request", "django.contrib.auth.context_processors.auth", "django.contrib.messages.context_processors.messages"]}}]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
STATIC_URL = "/static/"
`;
const URLS = `from django.contrib import admin
from django.http import JsonResponse
from django.middleware.csrf import get_token
from django.urls import path
def whoami(request):
    return JsonResponse({"user": request.user.username, "url": request.build_absolute_uri(), "secure": request.is_secure(), "token": get_token(request)})
def upload(request):
    file = request.FILES["file"]
    return JsonResponse({"name": file.name, "size": sum(len(chunk) for chunk in file.chunks()), "user": request.user.username})
urlpatterns = [path("admin/", admin.site.urls), path("upload/", upload), path("", whoami)]
`;

async function startDjango(t, { change = (text) => text, believes = '127.0.0.1' } = {}) {
  const port = await freePort();
  const folder = temporaryFolder();
  const [settings, middleware] = blocks('django', 'python');
  for (const [name, text] of Object.entries({ 'settings.py': SETTINGS + change(settings), 'middleware.py': middleware, 'urls.py': URLS, 'wsgi.py': 'from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n' })) {
    fs.writeFileSync(path.join(folder, name), text);
  }
  const env = { DJANGO_SETTINGS_MODULE: 'settings', PYTHONPATH: folder };
  const migrated = spawnSync(path.join(PYTHON, 'django-admin'), ['migrate'], { cwd: folder, env: { ...process.env, ...env } });
  assert.equal(migrated.status, 0, String(migrated.stderr));
  await startServer(t, path.join(PYTHON, 'gunicorn'), ['--chdir', folder, '--bind', `127.0.0.1:${port}`, `--forwarded-allow-ips=${believes}`, '--threads', '4', 'wsgi'], port, env);
  return `http://127.0.0.1:${port}`;
}

test('Django: the admin adds an account, a file is uploaded, and its Log out ends the session', { timeout: 60_000 }, async (t) => {
  const site = await recipe(t, 'django', { django: await startDjango(t, { believes: '192.0.2.1' }) });
  const stranger = site.stranger();
  for (const headers of [{}, { 'X-Remote-User': 'staff-boss' }, { X_Remote_User: 'staff-boss' }, { Remote_User: 'staff-boss' }]) {
    assert.equal(JSON.parse((await stranger.ask('GET', '/', headers)).text).user, '', JSON.stringify(headers));
  }
  const staff = await site.signIn({ username: 'staff-alice', roles: ['staff'] }, '/admin/');
  assert.equal(staff.landed.status, 200);
  assert.match(staff.landed.text, /staff-alice/);
  const who = JSON.parse((await staff.ask('GET', '/?q=%2B%26')).text);
  assert.deepEqual([who.user, who.url, who.secure], ['staff-alice', 'https://django.example.com/?q=%2B%26', true]);

  const form = await staff.open('/admin/auth/user/add/');
  const added = await staff.post('/admin/auth/user/add/', { csrfmiddlewaretoken: field(form.text, 'csrfmiddlewaretoken'), username: '花子', password1: 'x7-long-enough', password2: 'x7-long-enough', _save: 'Save' }, { Referer: form.url });
  assert.equal(added.status, 200, added.text.slice(0, 600));
  assert.match(added.text, /花子/);
  assert.match((await staff.open('/admin/auth/user/?q=%E8%8A%B1%E5%AD%90')).text, /1 result/);

  const token = JSON.parse((await staff.ask('GET', '/')).text).token;
  const sent = await staff.upload('/upload/', { csrfmiddlewaretoken: token }, { name: 'file', filename: 'größe.bin', content: Buffer.alloc(5 << 20, 7) }, { Referer: `${site.origin}/` });
  assert.deepEqual(JSON.parse(sent.text), { name: 'größe.bin', size: 5 << 20, user: 'staff-alice' });

  const out = await staff.post('/admin/logout/', { csrfmiddlewaretoken: token }, { Referer: `${site.origin}/admin/` });
  assert.equal(out.status, 200, out.text.slice(0, 300));
  assert.equal(JSON.parse((await staff.ask('GET', '/')).text).user, '');
  assert.equal((await site.signIn({ username: 'bob', roles: [] }, '/admin/')).landed.status, 403);
});

test('Django without SECURE_PROXY_SSL_HEADER refuses its own forms', { timeout: 60_000 }, async (t) => {
  const site = await recipe(t, 'django', { django: await startDjango(t, { believes: '192.0.2.1', change: (text) => text.replace(/SECURE_PROXY.*/, '') }) });
  const staff = await site.signIn({ username: 'staff-alice', roles: ['staff'] }, '/admin/');
  const form = await staff.open('/admin/auth/user/add/');
  const refused = await staff.post('/admin/auth/user/add/', { csrfmiddlewaretoken: field(form.text, 'csrfmiddlewaretoken'), username: 'x' }, { Referer: form.url });
  assert.equal(refused.status, 403);
});
