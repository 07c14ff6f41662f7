# shellcheck shell=bash
# A running service, as the scripts see it.

# listening_address PID: the host:port that a process listens on, for a client on this machine; fails while there is
# none. The kernel knows it, whatever flags, environment, file and defaults have said.
listening_address() {
  local link inodes='|' address state inode host port
  for link in "/proc/$1"/fd/*; do
    link=$(readlink "$link" 2>/dev/null) || continue
    [[ "$link" == socket:* ]] && inodes+="${link//[!0-9]/}|"
  done
  while read -r _ address _ state _ _ _ _ _ inode _; do
    [[ "$state" == 0A && "$inodes" == *"|$inode|"* ]] || continue
    port=$((16#${address##*:}))
    address=${address%:*}
    if [[ ${#address} -eq 8 && "$address" != 00000000 ]]; then # the bytes of an IPv4 address, the last first
      host="$((16#${address:6:2})).$((16#${address:4:2})).$((16#${address:2:2})).$((16#${address:0:2}))"
    elif [[ ${#address} -eq 8 || "$address" =~ ^0{32}$ ]]; then # every address of the machine
      host=127.0.0.1
    else
      host=localhost
    fi
    echo "$host:$port"
    return 0
  done < <(cat "/proc/$1/net/tcp" "/proc/$1/net/tcp6" 2>/dev/null)
  return 1
}

# await_ready PID SECONDS: prints the address once the service answers that it is ready; fails when it ends or takes
# too long.
await_ready() {
  local address deadline=$((SECONDS + $2))
  while kill -0 "$1" 2>/dev/null && ((SECONDS < deadline)); do
    if address=$(listening_address "$1") &&
      curl --fail --silent --max-time 5 --noproxy '*' --output /dev/null "http://$address/health/ready"; then
      echo "$address"
      return 0
    fi
    sleep 0.1
  done
  return 1
}
