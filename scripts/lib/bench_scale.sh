# shellcheck shell=bash
# scripts/bench scale: the same statements on large tables and on small ones. Both are databases of the service's server;
# the service itself is idle on a third.
# shellcheck disable=SC2154 # what scripts/bench and the other files of lib set

# scale_url DATABASE
scale_url() { printf 'postgresql://pressroom@/%s?host=%s' "$1" "$(postgres_socket)"; }

# fill DATABASE TASKS: copies of what the service has run, for several tenants, half of them the first one's.
fill() {
  local database=$1 tasks=$2 tenant pid pids=()
  sql postgres --command "DROP DATABASE IF EXISTS $database WITH (FORCE)" --command "CREATE DATABASE $database TEMPLATE scale_source"
  sql "$database" --command "CALL scale.grow('default', $((tasks / 2)))" &
  pids+=($!)
  for tenant in 2 3 4 5 6; do sql "$database" --command "CALL scale.grow('tenant-$tenant', $((tasks / 10)))"; done &
  pids+=($!)
  for pid in "${pids[@]}"; do wait "$pid"; done
  sql "$database" --command "ANALYZE" --command "CALL scale.queue('default', 256)" --command "VACUUM ANALYZE"
}

# While the data set is made, its loss would cost nothing; the measurement runs with the settings as they were.
without_durability() {
  local setting settings=("fsync = off" "full_page_writes = off" "synchronous_commit = off" "autovacuum = off" "max_wal_size = '2GB'")
  for setting in "${settings[@]}"; do sql postgres --command "ALTER SYSTEM SET $setting"; done
  sql postgres --command "SELECT pg_reload_conf()" >/dev/null
  "$@"
  for setting in "${settings[@]}"; do sql postgres --command "ALTER SYSTEM RESET ${setting%% *}"; done
  sql postgres --command "SELECT pg_reload_conf()" --command "CHECKPOINT" >/dev/null
  sync
}

# make_tables TASKS: the large ones. How many there are, is noted last.
make_tables() {
  local began=$SECONDS
  make_source
  say "  making $1 tasks"
  fill scale_large "$1"
  sql postgres --command "COMMENT ON DATABASE scale_large IS '$1'"
  say "  made in $((SECONDS - began)) s: $(sql scale_large --command "SELECT pg_size_pretty(pg_database_size('scale_large'))")"
}

# tables_made: how many tasks are kept from before; nothing when none are.
tables_made() {
  sql postgres --command "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'scale_large'"
}

# Some tasks of each end, run by a service on the database that is then copied.
make_source() {
  local source_service source_address status=0 directory=$temporary/source
  fresh_database scale_source
  mkdir "$directory"
  cp "$service_directory/pressroom.yaml" "$directory"
  (cd "$directory" && exec "$binary" serve --http-port 0 --database-url "$(scale_url scale_source)") >"$directory/log" 2>&1 &
  source_service=$!
  source_address=$(await_ready "$source_service" 120) || die "the service for the data set did not become ready: $(tail -n 5 "$directory/log")"
  python3 scripts/lib/bench_templates.py "http://$source_address" || status=$?
  kill -TERM "$source_service"
  wait "$source_service" || true
  [[ "$status" -eq 0 ]] || die "the tasks that are copied did not run"
  sql scale_source --file Benchmarks/scale/data_set.sql --command "CALL scale.learn()"
}

# scale_of ROUNDS: the large tables, and the small ones in turn, whose times are kept for small_scale_of.
scale_of() {
  rm -f "$temporary/scale.json"
  "$generator" scale --rounds "$1" --json --database-url "$(scale_url scale_large)" --beside "$(scale_url scale_small)" \
    >"$temporary/scale.json" && times_of '' "$temporary/scale.json"
}
small_scale_of() { times_of beside_ "$temporary/scale.json"; }

# times_of PREFIX FILE
times_of() {
  python3 -c 'import json, sys
prefix, file = sys.argv[1:]
found = json.load(open(file))
print(json.dumps({name.removeprefix(prefix): value for name, value in found.items()
                  if name.startswith("beside_") == bool(prefix) and name != "bench"}))' "$1" "$2"
}

measure_scale() {
  local run large database
  service_directory=$kept
  start_pressroom 0,1
  if [[ -z "$(tables_made)" ]]; then without_durability make_tables "$(sized "$scale_tasks" 5000)"; fi
  large=$(tables_made)
  for database in scale_source scale_large; do "$binary" migrate up --database-url "$(scale_url "$database")" >/dev/null; done
  # Anew, since each run removes some of its log.
  fill scale_small 5000
  for ((run = 0; run < runs; run++)); do
    record Pressroom "$large tasks" scale_of "$(sized 50 5)"
    record "small tables" "$large tasks" small_scale_of
  done
  stop_pressroom
  service_directory=''
}
