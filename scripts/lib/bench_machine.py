"""What a part of scripts/bench was measured on, as the first line of its results.

    python3 bench_machine.py PROGRAM
"""
import datetime
import json
import os
import platform
import re
import subprocess
import sys


def output(*command: str) -> str:
    """What a command writes, or nothing where there is no such command."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout.strip()
    except OSError:
        return ""


def package(name: str) -> str:
    return output("dpkg-query", "--show", "--showformat=${Version}", name)


def cpu() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = re.findall(r"^model name\s*: (.*)$", file.read(), re.MULTILINE)
    return names[0].strip() if names else platform.machine()


def memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"


def peers() -> list[str]:
    with open("Benchmarks/peers/requirements.txt", encoding="utf-8") as file:
        return [line.strip().replace("==", " ") for line in file if line.strip()]


commit = output("git", "rev-parse", "--short=10", "HEAD")
if output("git", "status", "--porcelain", "--untracked-files=no"):
    commit += " with changes"
swift = re.search(r"Swift version (\S+)", output("swift", "--version"))
versions = {
    "Pressroom": f"{output(sys.argv[1], '--version')} ({commit or 'no commit known'})",
    "Swift": swift.group(1) if swift else "",
    "PostgreSQL": output("psql", "--version").removeprefix("psql (PostgreSQL) "),
    "nginx": package("nginx"),
    "Nchan": package("libnginx-mod-nchan"),
    "h2load": package("nghttp2-client"),
    "Python packages": ", ".join(peers()),
}
print(
    json.dumps(
        {
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
            "machine": f"{cpu()}, {os.cpu_count()} cores, {memory()}, Linux {platform.release()}",
            "load": os.getloadavg()[0],
            "versions": {name: version for name, version in versions.items() if version},
        }
    )
)
