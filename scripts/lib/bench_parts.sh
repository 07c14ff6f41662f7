# shellcheck shell=bash
# The parts of scripts/bench. Each run of a load becomes a line of JSON in the results; scripts/lib/bench_report.py makes
# the report of them.
# shellcheck disable=SC2154 # what scripts/bench and the other files of lib set

result_file=''

# begin_part NAME: its results so far are forgotten.
begin_part() {
  result_file=$results/$1.jsonl.new
  python3 scripts/lib/bench_machine.py "$binary" >"$result_file"
}

# end_part: the results count only when the part came to its end.
end_part() { mv "$result_file" "${result_file%.new}"; }

# sized LONG SHORT: the number for a real run, or that for a try.
sized() { if [[ -z "$short" ]]; then echo "$1"; else echo "$2"; fi; }

# record SUBJECT LOAD COMMAND…: runs a command that writes JSON and keeps it. One that fails is kept as failed. It has
# both cores, as the service has where its peers run on PostgreSQL; `load` gives it but one.
record() {
  local subject=$1 load=$2 result status=0
  shift 2
  say "  $load: $subject"
  result=$({ taskset --cpu-list --pid 0,1 "$BASHPID" >/dev/null && "$@"; } 2>"$temporary/errors") || status=$?
  if [[ "$status" -ne 0 ]]; then sed 's/^/    /' "$temporary/errors" >&2; fi
  [[ "$result" == \{* ]] || result=null
  python3 -c 'import json, sys
subject, load, status, error, result, *command = sys.argv[1:]
print(json.dumps({"subject": subject, "load": load, "status": int(status), "error": error.strip()[-300:],
                  "result": json.loads(result), "command": " ".join(command)}))' \
    "$subject" "$load" "$status" "$(<"$temporary/errors")" "$result" "${1##*/}" "${@:2}" >>"$result_file"
}

# load COMMAND…: the generator, on its own core.
load() { taskset --cpu-list 1 "$generator" "$@" --json; }
on_pressroom() { load "$@" --url "http://$address"; }
on_nchan() {
  load "$@" --url "http://127.0.0.1:$nchan_port" --subscribe-path '/sub?id=bench' --publish-path '/pub?id=bench'
}

# beside_nchan LOAD COMMAND…: alternating runs of both, each server alone on core 0.
beside_nchan() {
  local name=$1 run
  shift
  for ((run = 0; run < runs; run++)); do
    start_pressroom 0
    record Pressroom "$name" on_pressroom "$@" "${pressroom_only[@]}"
    stop_pressroom
    start_nchan 0
    record Nchan "$name" on_nchan "$@" "${nchan_only[@]}"
    stop_nchan
  done
}
pressroom_only=()
nchan_only=()

measure_fan_out() {
  local readers
  readers=$(sized 1000 50)
  beside_nchan "8 publishers" fan-out --subscribers "$readers" --publishers 8 --messages "$(sized 500 20)" --size 500
  beside_nchan "1 publisher" fan-out --subscribers "$readers" --publishers 1 --messages "$(sized 1000 50)" --size 500
}

measure_latency() {
  local run
  for ((run = 0; run < runs; run++)); do
    start_pressroom 0
    record Pressroom "200 events/s" on_pressroom latency --subscribers "$(sized 200 20)" --rate 200 --seconds "$(sized 20 2)"
    stop_pressroom
  done
}

measure_idle() {
  local run readers pid arguments
  readers=$(sized 10000 200)
  for ((run = 0; run < runs; run++)); do
    start_pressroom 0
    record Pressroom "$readers readers" on_pressroom idle --subscribers "$readers" --pid "$service"
    stop_pressroom
    start_nchan 0
    arguments=()
    for pid in $(nchan_pids); do arguments+=(--pid "$pid"); done
    record Nchan "$readers readers" on_nchan idle --subscribers "$readers" "${arguments[@]}"
    stop_nchan
  done
}

measure_connect() {
  local readers
  readers=$(sized 1000 100)
  beside_nchan "in a burst" connect --connections "$readers" --subscribers "$readers" --publishers 8
}

measure_slow_reader() {
  start_pressroom 0
  record Pressroom "1 KB/s" on_pressroom slow-reader --subscribers "$(sized 1000 50)" --rounds "$runs" \
    --seconds "$(sized 10 1)"
  stop_pressroom
}

# Both cores for each subject: the service and pgbench share them with PostgreSQL alike. One task for all runs, whose pages
# and statistics have settled; the order changes from run to run.
measure_state() {
  local run task
  start_pressroom 0,1
  task=$(state_of_pressroom 0.1 | sed -n 's/.*"task_id":"\([^"]*\)".*/\1/p')
  [[ -n "$task" ]] || die "there is no task whose state can be read"
  sql pressroom --command "VACUUM ANALYZE"
  for ((run = 0; run < runs; run++)); do measure_state_of "$task" "$run" "20 outputs, 80 evaluations"; done
  stop_pressroom
}

# measure_state_of TASK RUN LOAD: the peer comes last in even runs.
measure_state_of() {
  local task=$1 run=$2 load=$3
  if ((run % 2)); then record_pgbench_state "$task" "$load"; fi
  record Pressroom "$load" state_of_pressroom "$(sized 10 1)" --task "$task"
  if ((run % 2 == 0)); then record_pgbench_state "$task" "$load"; fi
}

state_of_pressroom() {
  local seconds=$1
  shift
  "$generator" state --model nothing/bench --seconds "$seconds" --connections 4 --json --url "http://$address" "$@"
}

# record_pgbench_state TASK LOAD
record_pgbench_state() { record pgbench "$2" pgbench_state "$(sized 10 1)" "$1"; }

# As the role of the service's statements, with the same policies.
pgbench_state() {
  PGOPTIONS="-c role=pressroom_service -c pressroom.tenant=default" pgbench_rate pressroom 4 "$1" --define "task=$2" \
    --file Benchmarks/peers/state.sql
}

# The service that knows a kind of phase which does nothing; its steps go the whole way of any other.
measure_steps() {
  local run backlog='a backlog of 4-step tasks' posted='4-step tasks as they are posted'
  for ((run = 0; run < runs; run++)); do
    # A slot for every task, since steps that do nothing wait for nothing; and due tasks begin at once, not at the next poll.
    PRESSROOM_PROCESSOR_CONCURRENCY=10000 PRESSROOM_PROCESSOR_POLL=50ms start_pressroom 0,1 "$node"
    # A new database pays for its first files and for plans of tables that grow: for PostgreSQL this is not the first day.
    "$generator" steps --kind bench.nothing --tasks "$(sized 8000 20)" --connections 128 --url "http://$address" >/dev/null
    sql pressroom --command CHECKPOINT
    record Pressroom "$backlog" "$generator" steps --kind bench.nothing --tasks "$(sized 10000 50)" --connections 128 \
      --backlog "$(sized 10 2)" --json --url "http://$address"
    record "plain SQL" "$backlog" peer_steps plain "$(sized 10 1)"
    record "DBOS Transact" "$backlog" peer_steps dbos "$(sized 500 20)" backlog
    record Procrastinate "$backlog" peer_steps procrastinate "$(sized 500 20)"
    record Pressroom "$posted" "$generator" steps --kind bench.nothing --tasks "$(sized 8000 50)" --connections 128 \
      --json --url "http://$address"
    record "DBOS Transact" "$posted" peer_steps dbos "$(sized 500 20)" direct
    record litestar-workflows "$posted" peer_steps litestar "$(sized 480 32)"
    stop_pressroom
  done
}

# The turns of the event loops, measured from outside of the service: the library wraps epoll_wait. The documents
# are others in each run.
measure_turns() {
  local run turns=$temporary/turns
  cc -shared -fPIC -O2 -o "$temporary/turns.so" Benchmarks/turns/turns.c
  for ((run = 1; run <= runs; run++)); do
    rm -f "$turns"
    truncate --size 4096 "$turns"
    LD_PRELOAD=$temporary/turns.so TURNS_FILE=$turns TURNS_PROGRAM=${binary##*/} start_pressroom 0,1
    record Pressroom "random documents" "$generator" turns --documents "$(sized 5000 50)" --seed "$run" --turns "$turns" \
      --json --url "http://$address"
    stop_pressroom
  done
}

measure_start() {
  local run
  for ((run = 0; run < runs; run++)); do
    start_pressroom 0,1 "$node"
    record Pressroom "4-step tasks" "$generator" start --kind bench.nothing --tasks "$(sized 200 5)" \
      --json --url "http://$address"
    stop_pressroom
  done
}
