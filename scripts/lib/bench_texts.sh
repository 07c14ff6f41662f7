# shellcheck shell=bash
# The parts of scripts/bench about texts in progress and their readers.
# shellcheck disable=SC2154 # what scripts/bench and the other files of lib set

# tokens LOAD COUNT OPTION…: of bench_tokens.py.
tokens() { python3 scripts/lib/bench_tokens.py "$1" --count "$2" --readers "$temporary/readers" "${@:3}"; }
tokens_of_pressroom() {
  tokens "$1" "$2" --url "http://$address" --model "$model_port" --single "service=$service" --single "model=$model" \
    --tree "postgres=$(postgres_pid)" --seconds "$3"
}
tokens_of_nginx() {
  tokens proxied "$1" --port "$nchan_port" --model "$model_port" --tree "service=$nchan" --single "model=$model" --seconds "$2"
}
tokens_of_nchan() { tokens published "$1" --port "$nchan_port" --tree "service=$nchan" --seconds "$2"; }

# The texts are long enough for all of them to be written at once while it is measured. A slot for each draft is the only
# setting that is not the default.
measure_tokens() {
  local run drafts readers seconds
  drafts=$(sized 600 20) readers=$(sized 1000 30) seconds=$(sized 5 1)
  for ((run = 0; run < runs; run++)); do
    start_model --rate 100 --tokens "$(sized 2000 600)"
    PRESSROOM_PROCESSOR_CONCURRENCY=$drafts start_pressroom 0,1
    record Pressroom "$drafts drafts, one reader" tokens_of_pressroom drafts "$drafts" "$seconds"
    record Pressroom "one draft, $readers readers" tokens_of_pressroom followed "$readers" "$seconds"
    stop_pressroom
    start_nginx 0,1 proxy -e "s|@MODEL@|$model_port|"
    record "nginx" "$drafts drafts, one reader" tokens_of_nginx "$drafts" "$seconds"
    stop_nchan
    start_nchan 0,1
    record Nchan "one draft, $readers readers" tokens_of_nchan "$readers" "$seconds"
    stop_nchan
    stop_model
  done
}
