# shellcheck shell=bash
# Installs Debian packages, those that are missing and no others.

is_installed() {
  [[ "$(dpkg-query --show --showformat='${Status}' "$1" 2>/dev/null)" == "install ok installed" ]]
}

as_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  else
    sudo "$@"
  fi
}

apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes -o DPkg::Lock::Timeout=300 "$@" </dev/null
}

# without_services COMMAND…: Debian starts a server as soon as it is installed; one that is installed meanwhile is left
# alone, so that it takes nobody's port.
without_services() (
  policy=/usr/sbin/policy-rc.d
  if [[ ! -e "$policy" ]]; then
    trap 'as_root rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root install -m 755 /dev/stdin "$policy"
  fi
  "$@"
)

# ensure_packages NAME…
ensure_packages() {
  local name missing=()
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    say "This system has no apt-get; it must have what Debian calls: $*"
    return
  fi
  for name in "$@"; do
    is_installed "$name" || missing+=("$name")
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0
  if [[ $EUID -ne 0 ]] && ! command -v sudo >/dev/null; then
    die "these packages are missing, and there is no sudo to install them: ${missing[*]}
As root: apt-get install ${missing[*]}"
  fi
  say "Installing ${missing[*]}"
  # The lists may be missing or too old; they are only brought up to date when the packages cannot be had with them.
  if ! without_services apt_get install --no-install-recommends "${missing[@]}" >/dev/null 2>&1; then
    apt_get update >/dev/null || say "apt-get update failed; trying with the lists that are there"
    without_services apt_get install --no-install-recommends "${missing[@]}" >/dev/null || die "cannot install ${missing[*]}"
  fi
}
