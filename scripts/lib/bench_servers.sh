# shellcheck shell=bash
# What scripts/bench measures, one at a time: a service with a PostgreSQL of its own, and Nchan; and the server of models
# that a service may ask.
# shellcheck disable=SC2034,SC2154 # what scripts/bench sets, and what the other files of lib use

service=''
service_directory='' # of the service: its configuration, and its PostgreSQL
address=''
nchan='' # nginx, with Nchan or as a proxy
nchan_port=''
model=''
model_port=''

# start_pressroom CORES [PROGRAM]: a service, or one like it, and its PostgreSQL on these cores; its data stays between two
# starts.
start_pressroom() {
  local directory=${service_directory:=$temporary/pressroom} cores=$1
  shift
  [[ $# -gt 0 ]] || set -- "$binary" serve
  mkdir -p "$directory"
  {
    printf '%s\n' 'log_level: warning' 'providers:' '  nothing: {kind: rehearsal, tokens_per_second: 0}'
    if [[ -n "$model_port" ]]; then echo "  fast: {kind: openai, base_url: \"http://127.0.0.1:$model_port/v1\"}"; fi
  } >"$directory/pressroom.yaml"
  (cd "$directory" && PRESSROOM_HTTP_PORT=0 exec taskset --cpu-list "$cores" "$@") >>"$directory/log" 2>&1 &
  service=$!
  if ! address=$(await_ready "$service" 120); then
    tail -n 20 "$directory/log" >&2
    die "the service did not become ready"
  fi
}

stop_pressroom() {
  [[ -n "$service" ]] || return 0
  kill -TERM "$service" 2>/dev/null || true
  wait "$service" 2>/dev/null || true
  service=''
}

# The directory of the socket of the service's PostgreSQL, and its first process.
postgres_socket() { sed -n 5p "$service_directory/.pressroom/postgres/postmaster.pid"; }
postgres_pid() { sed -n 1p "$service_directory/.pressroom/postgres/postmaster.pid"; }

# compile NAME: a program of Benchmarks/load, into the temporary directory.
compile() { cc -O2 -o "$temporary/$1" "Benchmarks/load/$1.c"; }

# start_model [OPTION…]: the server of models, for services that start after it.
start_model() {
  "$temporary/model_server" "$@" >"$temporary/model.port" &
  model=$!
  until [[ -s "$temporary/model.port" ]]; do
    kill -0 "$model" 2>/dev/null || die "the model server did not start"
    sleep 0.05
  done
  model_port=$(<"$temporary/model.port")
}

stop_model() {
  [[ -n "$model" ]] || return 0
  kill -TERM "$model" 2>/dev/null || true
  wait "$model" 2>/dev/null || true
  rm -f "$temporary/model.port"
  model='' model_port=''
}

# free_port: a port that no program listens on.
free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start_nchan CORES
start_nchan() {
  local module
  module=$(nchan_module)
  start_nginx "$1" nchan -e "s|@MODULE@|$module|"
}

# start_nginx CORES CONFIGURATION SED…: until it listens and has its worker, whose memory is measured too.
start_nginx() {
  local name=$2 directory=$temporary/$2
  mkdir -p "$directory"
  nchan_port=$(free_port)
  sed -e "s|@PORT@|$nchan_port|" "${@:3}" "Benchmarks/peers/$name.conf" >"$directory/nginx.conf"
  taskset --cpu-list "$1" "$(nginx_program)" -p "$directory/" -c "$directory/nginx.conf" >"$directory/log" 2>&1 &
  nchan=$!
  local deadline=$((SECONDS + 20))
  until (exec 3<>"/dev/tcp/127.0.0.1/$nchan_port") 2>/dev/null && [[ -n "$(nchan_workers)" ]]; do
    if ! kill -0 "$nchan" 2>/dev/null || ((SECONDS > deadline)); then
      cat "$directory/log" "$directory/error.log" >&2 2>/dev/null || true
      die "nginx did not start ($name)"
    fi
    sleep 0.1
  done
}

stop_nchan() {
  [[ -n "$nchan" ]] || return 0
  kill -TERM "$nchan" 2>/dev/null || true
  wait "$nchan" 2>/dev/null || true
  nchan=''
}

# The processes of Nchan, for the measure of memory.
nchan_pids() { echo "$nchan" "$(nchan_workers)"; }
nchan_workers() { cat "/proc/$nchan/task/$nchan/children" 2>/dev/null || true; }

nginx_program() {
  local program
  for program in "$(command -v nginx || true)" /usr/sbin/nginx; do
    if [[ -x "$program" ]]; then
      echo "$program"
      return 0
    fi
  done
  die "nginx was not found"
}

nchan_module() {
  local module
  for module in /usr/lib/nginx/modules/ngx_nchan_module.so /usr/lib64/nginx/modules/ngx_nchan_module.so; do
    if [[ -e "$module" ]]; then
      echo "$module"
      return 0
    fi
  done
  die "Nchan's module for nginx was not found"
}
