# shellcheck shell=bash
# The parts of scripts/bench in which the service does its main job: tasks whose steps ask models, posted as they come, with
# the default settings and one reader of the tenant.
# shellcheck disable=SC2154 # what scripts/bench and the other files of lib set

# run_tasks WORKFLOW OPTION…: tasks of a workflow of Benchmarks/workflows, as bench_tasks.py runs them.
run_tasks() {
  python3 scripts/lib/bench_tasks.py "Benchmarks/workflows/$1.yaml" --url "http://$address" --service "$service" \
    --postgres "$(postgres_pid)" --psql "$(psql_command pressroom)" "${@:2}"
}

# on_model WORKFLOW OPTION…: the same with the model server, and a reader.
on_model() { run_tasks "$@" --model "$model_port" --model-pid "$model" --follow "$temporary/readers"; }

peer_swarm() {
  fresh_database bench_langgraph
  python3 scripts/lib/bench_processes.py "postgres=$(postgres_pid)*" "model=$model" -- "$peers_python" \
    Benchmarks/peers/langgraph_swarm.py "postgresql://pressroom@/bench_langgraph?host=$(postgres_socket)" \
    "http://127.0.0.1:$model_port" "$1"
}

# last_result FIELD: of the record before.
last_result() {
  tail -n 1 "$result_file" | python3 -c 'import json, sys
print((json.load(sys.stdin)["result"] or {}).get(sys.argv[1], ""))' "$1"
}

measure_swarm() {
  local run capture task tasks warm
  tasks=$(sized 1000 20) warm=$(sized 200 4)
  start_model
  for ((run = 0; run < runs; run++)); do
    for capture in full none; do
      PRESSROOM_CALLS_CAPTURE=$capture start_pressroom 0,1
      record Pressroom "capture: $capture" on_model swarm --tasks "$tasks" --warm "$warm" --connections 64 --requests 18 --sizes
      task=$(last_result task_id)
      record LangGraph "capture: $capture" peer_swarm "$(sized 300 8)"
      if [[ "$capture" == full ]]; then
        record Pressroom "rehearsals" run_tasks swarm --provider nothing --tasks "$tasks" --warm "$warm" --connections 64 \
          --follow "$temporary/readers"
        measure_state_of "$task" "$run" "state of a swarm"
      fi
      stop_pressroom
    done
    start_pressroom 0,1 "$node"
    record "no-op steps" "capture: full" run_tasks nothing --tasks "$(sized 5000 50)" --warm "$(sized 1000 10)" \
      --connections 64 --follow "$temporary/readers"
    stop_pressroom
  done
  stop_model
  start_model --bytes 50000
  start_pressroom 0,1
  record Pressroom "200 items over 1 MB" on_model items --tasks "$runs" --connections 1 --sizes \
    --input "{\"chapters\": [$(seq --separator=, 20)], \"items\": [$(seq --separator=, 200)]}"
  stop_pressroom
  stop_model
}

measure_log_steps() {
  local run
  for ((run = 0; run < runs; run++)); do
    start_pressroom 0,1
    record Pressroom "4-step tasks as they are posted" run_tasks log-steps --tasks "$(sized 5000 50)" --warm "$(sized 1000 10)" \
      --connections 32 --input '{}' --follow "$temporary/readers"
    record "DBOS Transact" "4-step tasks as they are posted" peer_steps dbos "$(sized 500 20)" direct
    stop_pressroom
  done
}
