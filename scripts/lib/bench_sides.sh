# shellcheck shell=bash
# The parts of scripts/bench that compare the service with itself, with something left out: what identities and policies cost,
# and what records cost. The sides run at the same time, each with a PostgreSQL of its own, and do the same work in turn.
# shellcheck disable=SC2154 # what scripts/bench and the other files of lib set

sides=()         # arguments of bench_sides.py
side_services=() # their processes

# start_side NAME [SCOPES]: a service that stays until stop_sides; with a key of those scopes where it asks for one.
start_side() {
  local key=''
  service_directory=$temporary/side-$1
  start_pressroom 0,1
  side_services+=("$service")
  if [[ -n "${2:-}" ]]; then
    key=,$("$binary" key create --tenant default --user bench --scopes "$2" --json \
      --database-url "postgresql://pressroom@/pressroom?host=$(postgres_socket)" |
      python3 -c 'import json, sys; print(json.load(sys.stdin)["key"])')
  fi
  sides+=(--side "$1,http://$address,$service,$(postgres_pid)$key")
  service=''
}

stop_sides() {
  for service in ${side_services[@]+"${side_services[@]}"}; do stop_pressroom; done
  sides=() side_services=() service='' service_directory=''
}

# compare OPTION…
compare() { python3 scripts/lib/bench_sides.py "${sides[@]}" --readers "$temporary/readers" "$@"; }

# As with `auth: none`, and no policy holds: the roles bypass them, which each session learns as it begins.
start_side_without_policies() {
  local role
  service_directory=$temporary/side-open
  start_pressroom 0,1
  for role in service member worker; do sql postgres --command "ALTER ROLE pressroom_$role BYPASSRLS"; done
  stop_pressroom
  start_side open
}

measure_access() {
  PRESSROOM_AUTH_MODES=keys PRESSROOM_HTTP_REQUESTS_PER_MINUTE=0 start_side keys read,write,admin,stream,act
  start_side_without_policies
  record Pressroom "keys and policies beside neither" compare --rounds "$((runs * $(sized 4 1)))" \
    --load "state=$(sized 4000 20)" --load "start=$(sized 1000 20)" --load "fan-out=$(sized 1500 20)" --load "steps=$(sized 500 5)"
  stop_sides
}

# The main job, on a model that answers at once. The instruments of /metrics are always there: `scraped` says what it costs to
# read them.
measure_recording() {
  local capture
  start_model
  for capture in full metadata none; do
    PRESSROOM_CALLS_CAPTURE=$capture start_side "$capture"
  done
  PRESSROOM_CALLS_CAPTURE=full start_side scraped
  record Pressroom "calls.capture" compare --workflow swarm --rounds "$((runs * $(sized 2 1)))" --load "steps=$(sized 200 4)"
  stop_sides
  for capture in full metadata none; do
    PRESSROOM_CALLS_CAPTURE=$capture start_pressroom 0,1
    record Pressroom "growth with capture: $capture" on_model swarm --tasks "$(sized 500 8)" --warm "$(sized 100 4)" --sizes --tables
    stop_pressroom
    rm -rf "${service_directory:?}"
    service_directory=''
  done
  stop_model
}
