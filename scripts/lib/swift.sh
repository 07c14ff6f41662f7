# shellcheck shell=bash
# The Swift that builds Pressroom.

readonly swift_needed=6.3

require_swift() {
  command -v swift >/dev/null || die "swift was not found. Pressroom is built with Swift $swift_needed or later:
install it (https://www.swift.org/install/linux/), and see that swift is on the PATH."
  local output found
  output=$(swift --version 2>&1) || die "'swift --version' failed: $output"
  found=$(sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' <<<"$output" | head -n 1)
  [[ -n "$found" ]] || die "'swift --version' names no version: $output"
  # sort -V puts the lower version first.
  [[ "$(printf '%s\n' "$swift_needed" "$found" | sort -V | head -n 1)" == "$swift_needed" ]] ||
    die "this is Swift $found; Pressroom needs $swift_needed or later."
}
