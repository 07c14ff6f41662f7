# shellcheck shell=bash
# What the scripts tell people.

say() { printf '%s\n' "==> $*" >&2; }

die() {
  printf '%s\n' "${0##*/}: $*" >&2
  exit 1
}
