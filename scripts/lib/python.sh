# shellcheck shell=bash
# The Python of the tests, in .venv.

# ensure_python REQUIREMENTS…: makes .venv and installs what the files list, unless just that is there already. What a
# file `no-deps.txt` lists comes without its dependencies.
ensure_python() {
  local file
  local -r stamp=.venv/installed
  # Debian's own Python, for which Debian's python3-venv is; another where there is none.
  local python=/usr/bin/python3
  [[ -x "$python" ]] || python=python3
  if [[ -e "$stamp" ]] && cmp --silent "$stamp" <(cat "$@"); then return 0; fi
  say "Installing Python packages into .venv"
  [[ -x .venv/bin/pip ]] || "$python" -m venv --clear .venv
  for file in "$@"; do
    if [[ "${file##*/}" == no-deps.txt ]]; then
      pip_install --no-deps --requirement "$file"
    else
      pip_install --requirement "$file"
    fi
  done
  cat "$@" >"$stamp"
}

pip_install() {
  .venv/bin/pip install --quiet --disable-pip-version-check --no-input --retries 5 "$@"
}
