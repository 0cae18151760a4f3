#!/bin/sh
# PostgreSQL with as much of Logto's database as `provision --bootstrap-from-db` reads, for deploy/compose-check.sh. As the user postgres.
set -eu
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
data=/tmp/database
initdb --pgdata "$data" --username logto --pwfile "$POSTGRES_PASSWORD_FILE" --auth scram-sha-256 >/dev/null
echo 'host all all all scram-sha-256' >>"$data/pg_hba.conf"
postgres --single -D "$data" postgres >/dev/null <<'SQL'
create database logto;
SQL
postgres --single -j -D "$data" logto >/dev/null <<'SQL'
create table applications (tenant_id text, id text, secret text);

create table application_secrets (tenant_id text, application_id text, value text, expires_at timestamptz);

insert into applications values ('default', 'm-default', 'wrong'), ('admin', 'm-default', 'secret-of-m-default');

SQL
exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories=/tmp
