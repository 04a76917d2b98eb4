#!/usr/bin/env bash
# Makes a database where there is none yet, and serves it to whoever knows the password.
set -euo pipefail
: "${POSTGRES_PASSWORD:?}" "${POSTGRES_USER:?}" "${POSTGRES_DB:?}"

as_postgres() { setpriv --reuid postgres --regid postgres --init-groups "$@"; }

install -d -o postgres -g postgres -m 700 "$PGDATA"
install -d -o postgres -g postgres /var/run/postgresql
cd "$PGDATA"
if [[ ! -s PG_VERSION ]]; then
    password=$(mktemp)
    printf '%s' "$POSTGRES_PASSWORD" >"$password"
    chown postgres "$password"
    as_postgres initdb --no-sync --encoding UTF8 --locale C.UTF-8 --username "$POSTGRES_USER" \
        --auth scram-sha-256 --pwfile "$password" >/dev/null
    rm "$password"
    as_postgres pg_ctl --wait --options "-c listen_addresses=" --log /dev/null start >/dev/null
    PGPASSWORD=$POSTGRES_PASSWORD as_postgres createdb --username "$POSTGRES_USER" "$POSTGRES_DB"
    as_postgres pg_ctl --wait stop >/dev/null
    echo 'host all all all scram-sha-256' >>pg_hba.conf
fi
exec setpriv --reuid postgres --regid postgres --init-groups postgres -c 'listen_addresses=*'
