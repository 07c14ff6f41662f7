# shellcheck shell=bash
# The parts of a test run, and what came of each.

total_passed=0
total_failed=0
part_lines=()
running_part=''

# In the background and waited for, a part does not hold up Ctrl-C.
stop_part() {
  [[ -z "$running_part" ]] || kill -TERM "$running_part" 2>/dev/null || true
}

# run_part NAME SECONDS JUNIT COMMAND…: runs a command, within a time limit, that writes a JUnit file to JUNIT; with
# `-` in its place the command is one test by itself.
run_part() {
  local name=$1 limit=$2 junit=$3 status=0 passed=0 failed=0 started=$SECONDS
  shift 3
  say "$name"
  [[ "$junit" == - ]] || rm -f "$junit"
  timeout --kill-after=30 "$limit" "$@" </dev/null &
  running_part=$!
  wait "$running_part" || status=$?
  running_part=''
  [[ $status -ne 124 && $status -ne 137 ]] || say "$name: not done after $limit seconds; stopped"
  if [[ "$junit" != - && -s "$junit" ]]; then
    read -r passed failed < <(count_junit "$junit")
  elif [[ $status -eq 0 && "$junit" == - ]]; then
    passed=1
  fi
  # A runner that crashed, stopped or ran nothing has failed, whatever it has written.
  if ((failed == 0 && (status != 0 || passed == 0))); then failed=1; fi
  add_part "$name" "$passed" "$failed" $((SECONDS - started))
}

# add_part NAME PASSED FAILED SECONDS
add_part() {
  total_passed=$((total_passed + $2))
  total_failed=$((total_failed + $3))
  part_lines+=("$(printf '%-34s %5d passed %5d failed %6d s' "$@")")
}

# The tests of a JUnit file that passed, and those that failed. By its elements: what runners write into the sums of
# their attributes differs.
count_junit() {
  grep -oE '<(testcase|failure|error|skipped)[ />]' "$1" | awk '
    function close_test() { if (open) { if (bad) failed++; else if (!skipped) passed++ }; open = bad = skipped = 0 }
    /testcase/ { close_test(); open = 1 }
    /failure|error/ { bad = 1 }
    /skipped/ { skipped = 1 }
    END { close_test(); print passed + 0, failed + 0 }'
}

# The last lines of a test run; fails when a test has.
summary() {
  printf '\n'
  printf '%s\n' "${part_lines[@]}"
  printf '\n%d passed, %d failed\n' "$total_passed" "$total_failed"
  ((total_failed == 0))
}
