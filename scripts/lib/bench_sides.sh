# shellcheck shell=bash
# The parts of scripts/bench that compare the service with itself under other settings. All sides run at the same time, each
# with a PostgreSQL of its own; one has a load while the others are idle. Only its own processes are counted.
# shellcheck disable=SC2034,SC2154 # what scripts/bench and the other files of lib set or use

declare -A side_service=() side_address=()
credential=()

# start_side NAME: with the settings in the environment.
start_side() {
  service_directory=$temporary/side-$1
  start_pressroom 0,1
  side_service[$1]=$service side_address[$1]=$address
}

# use_side NAME: what follows is about this one.
use_side() {
  service=${side_service[$1]} address=${side_address[$1]} service_directory=$temporary/side-$1
}

stop_sides() {
  local name
  for name in "${!side_service[@]}"; do
    use_side "$name"
    stop_pressroom
  done
  side_service=() side_address=() service_directory=''
}

# in_turn ROUND WORD…: the words, the last first in odd rounds.
in_turn() {
  local round=$1
  shift
  if ((round % 2)); then printf '%s\n' "$@" | tac; else printf '%s\n' "$@"; fi
}

# requests_of LOAD OPTION…: of bench_requests.py.
requests_of() {
  python3 scripts/lib/bench_requests.py "$@" --url "http://$address" --service "$service" --postgres "$(postgres_pid)" \
    --follow "$temporary/readers" "${credential[@]}"
}
steps_of() { run_tasks log-steps "$@" --input '{}' --follow "$temporary/readers" "${credential[@]}"; }

# make_key SCOPES: for tenant `default` of the service.
make_key() {
  local key
  key=$(cd "$service_directory" && "$binary" key create --tenant default --user "bench-${1//,/-}" --scopes "$1" --json |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["key"])') || die "no API key could be made"
  echo "$key"
}

# protected_tables: how many tables have policies that hold.
protected_tables() { sql pressroom --command "SELECT count(*) FROM pg_class WHERE relrowsecurity"; }

# As before there were any: the planner does not look at policies, whatever the role.
without_policies() {
  sql pressroom --command "DO \$\$
    DECLARE relation regclass;
    BEGIN
      FOR relation IN SELECT oid FROM pg_class WHERE relrowsecurity LOOP
        EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', relation);
      END LOOP;
    END \$\$"
}

# as SUBJECT: the service, and the credential of its requests.
as() {
  case "$1" in
    Pressroom) use_side keys && credential=(--token "$member_key") ;;
    "an admin's key") use_side keys && credential=(--token "$admin_key") ;;
    "no access control") use_side open && credential=() ;;
  esac
}

# settle: neither autovacuum nor a checkpoint of what was before falls into the next load.
settle() { sql pressroom --command "VACUUM ANALYZE" --command CHECKPOINT; }

# record_each ROUND LOAD COMMAND…: of each subject.
record_each() {
  local round=$1 load=$2 subject
  shift 2
  while read -r -u 3 subject; do
    as "$subject"
    settle
    record "$subject" "$load" "$@"
  done 3< <(in_turn "$round" Pressroom "an admin's key" "no access control")
}

# What keys and policies cost. A member sees a tenant through the policies of pressroom_member, an admin through those of
# pressroom_service.
measure_access() {
  local round subject member_key admin_key readers
  readers=$(sized 1000 50)
  start_model
  PRESSROOM_AUTH_MODES=keys PRESSROOM_HTTP_REQUESTS_PER_MINUTE=10000000 start_side keys
  member_key=$(make_key read,write)
  admin_key=$(make_key read,write,admin)
  [[ "$(protected_tables)" -gt 0 ]] || die "no table has policies"
  start_side open
  without_policies
  [[ "$(protected_tables)" -eq 0 ]] || die "there are tables with policies"
  for subject in Pressroom "an admin's key" "no access control"; do
    as "$subject"
    sql postgres --command "ALTER SYSTEM SET autovacuum = off" --command "SELECT pg_reload_conf()" >/dev/null
    say "  warming up: $subject"
    on_model swarm --tasks 4 "${credential[@]}" >/dev/null
    steps_of --tasks "$(sized 1000 10)" >/dev/null
  done
  # Three short rounds for each run: the difference is small, and what else changes on the machine is to be in all of them.
  for ((round = 0; round < $(sized 3 1) * runs; round++)); do
    record_each "$round" "GET …/state of a swarm" requests_of state --workflow bench-swarm --count "$(sized 1000 50)"
    record_each "$round" "GET …/state of four log steps" requests_of state --workflow bench-log-steps --count "$(sized 2000 100)"
    record_each "$round" "POST /tasks" requests_of start --count "$(sized 1500 50)"
    record_each "$round" "an event to $readers readers" requests_of fan-out --count "$(sized 500 50)" --readers "$readers"
    record_each "$round" "log steps as they are posted" steps_of --tasks "$(sized 1500 50)" --connections 32
  done
  credential=()
  stop_sides
  stop_model
}

# What the records of attempts and calls cost, and what they add to the tables; and what a scrape of /metrics costs, of which
# one in ten reads the database, as with the default interval and a scrape each second. The instruments themselves cannot be
# turned off, so their cost is in every figure.
measure_recording() {
  local run capture subject
  start_model
  for capture in full metadata none; do
    PRESSROOM_CALLS_CAPTURE=$capture PRESSROOM_METRICS_INTERVAL=500ms start_side "$capture"
  done
  for ((run = 0; run < runs; run++)); do
    while read -r -u 3 capture; do
      use_side "$capture"
      if [[ "$capture" == full ]]; then subject=Pressroom; else subject="capture: $capture"; fi
      record "$subject" swarms on_model swarm --tasks "$(sized 1000 20)" --warm "$(sized 200 4)" --connections 64 --requests 18 \
        --sizes --tables
    done 3< <(in_turn "$run" full metadata none)
    use_side full
    settle
    record Pressroom scrapes requests_of scrape --seconds "$(sized 10 1)"
  done
  stop_sides
  stop_model
}
