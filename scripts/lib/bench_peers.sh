# shellcheck shell=bash
# The peers of scripts/bench that run on PostgreSQL. They use the server of the service, which is idle meanwhile.
# shellcheck disable=SC2154 # what scripts/bench sets

peers_python=.build/bench/venv/bin/python
pgbench=''

# Their Python packages, in an environment of their own.
ensure_peers() {
  local -r environment=.build/bench/venv list=Benchmarks/peers/requirements.txt
  local python=/usr/bin/python3
  [[ -x "$python" ]] || python=python3
  if cmp --silent "$environment/installed" "$list"; then return 0; fi
  say "Installing the peers' Python packages into $environment"
  [[ -x "$environment/bin/pip" ]] || "$python" -m venv --clear "$environment"
  "$environment/bin/pip" install --quiet --disable-pip-version-check --no-input --retries 5 --requirement "$list"
  cp "$list" "$environment/installed"
}

# pgbench is in the directory of PostgreSQL's other programs, which is often not on the PATH.
find_pgbench() {
  local program
  for program in "$(command -v pgbench || true)" "${PRESSROOM_PG_BIN:-}/pgbench" /usr/lib/postgresql/*/bin/pgbench; do
    if [[ -x "$program" ]]; then pgbench=$program; fi
  done
  [[ -n "$pgbench" ]] || die "pgbench was not found"
}

# psql_command DATABASE: psql on the service's server, as its owner.
psql_command() {
  echo "${pgbench%/*}/psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --host $(postgres_socket)" \
    "--username pressroom --dbname $1"
}

# sql DATABASE ARGUMENT…
sql() {
  local command
  read -ra command <<<"$(psql_command "$1")"
  PGOPTIONS="--client-min-messages=warning" "${command[@]}" "${@:2}"
}

# fresh_database NAME
fresh_database() { sql postgres --command "DROP DATABASE IF EXISTS $1 WITH (FORCE)" --command "CREATE DATABASE $1"; }

# pgbench_rate DATABASE CONNECTIONS SECONDS ARGUMENT…: runs it and prints its transactions a second as JSON.
pgbench_rate() {
  local database=$1 connections=$2 seconds=$3 rate
  shift 3
  rate=$("$pgbench" --host "$(postgres_socket)" --username pressroom --no-vacuum --protocol prepared \
    --client "$connections" --jobs 1 --time "$seconds" "$@" "$database" 2>"$temporary/pgbench.log" |
    sed -n 's/^tps = \([0-9.]*\) .*/\1/p')
  if [[ -z "$rate" ]]; then
    cat "$temporary/pgbench.log" >&2
    return 1
  fi
  printf '{"per_second": %s}\n' "$rate"
}

# The same work for each: tasks of four steps. peer_steps NAME TASKS [MODE]
peer_steps() {
  local socket
  socket=$(postgres_socket)
  fresh_database "bench_$1"
  case "$1" in
    plain)
      sql bench_plain --file Benchmarks/peers/plain_steps_table.sql 2>/dev/null
      pgbench_rate bench_plain 8 "$2" --file Benchmarks/peers/plain_steps.sql
      ;;
    dbos | procrastinate)
      "$peers_python" "Benchmarks/peers/$1_steps.py" "postgresql://pressroom@/bench_$1?host=$socket" "${@:2}"
      ;;
    litestar)
      "$peers_python" Benchmarks/peers/litestar_steps.py "postgresql+asyncpg://pressroom@/bench_litestar?host=$socket" "$2"
      ;;
  esac
}
