"""Processor time and memory of processes of this machine, for the parts of scripts/bench.

    python3 bench_processes.py [NAME=PID…] -- COMMAND…

Runs a command that writes JSON, and adds what it and the named processes have used meanwhile, in seconds of processor time.
NAME=PID* is a process with all that it starts.
"""
import json
import os
import subprocess
import sys

TICK = os.sysconf("SC_CLK_TCK")


def fields(pid: int) -> list[str]:
    """Of /proc/PID/stat, from the state on; nothing where there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return []


def processor_seconds(pid: int) -> float:
    """Of the process itself, with all its threads."""
    found = fields(pid)
    return (int(found[11]) + int(found[12])) / TICK if found else 0.0


def children(pid: int) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
            return [int(child) for child in file.read().split()]
    except OSError:
        return []


def tree_seconds(pid: int) -> float:
    """Of a process and all that it has started, those that have ended too."""
    found = fields(pid)
    ended = (int(found[13]) + int(found[14])) / TICK if found else 0.0
    return processor_seconds(pid) + ended + sum(tree_seconds(child) for child in children(pid))


def memory(pid: int, name: str = "VmRSS") -> int:
    """Bytes, of one process; VmHWM is the most that it has had."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        for line in file:
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
    return 0


def forget_peak(pid: int) -> None:
    """VmHWM starts again from what the process has now."""
    with open(f"/proc/{pid}/clear_refs", "w", encoding="utf-8") as file:
        file.write("5")


class Meter:
    """What processes use between two looks."""

    def __init__(self, trees: dict[str, int], single: dict[str, int]):
        self.trees, self.single = trees, single
        self.start()

    def look(self) -> dict[str, float]:
        return {name: tree_seconds(pid) for name, pid in self.trees.items()} | {
            name: processor_seconds(pid) for name, pid in self.single.items()
        }

    def start(self) -> None:
        self.before = self.look()

    def used(self) -> dict[str, float]:
        return {name: seconds - self.before[name] for name, seconds in self.look().items()}


def main() -> None:
    at = sys.argv.index("--")
    named = dict(argument.split("=", 1) for argument in sys.argv[1:at])
    meter = Meter(
        {name: int(pid[:-1]) for name, pid in named.items() if pid.endswith("*")},
        {name: int(pid) for name, pid in named.items() if not pid.endswith("*")},
    )
    before = os.times()
    run = subprocess.run(sys.argv[at + 1 :], stdout=subprocess.PIPE, text=True, check=False)
    after = os.times()
    own = after.children_user + after.children_system - before.children_user - before.children_system
    used = meter.used() | {"command": own}
    result = json.loads(run.stdout) if run.stdout.startswith("{") else {}
    print(json.dumps(result | {f"{name}_seconds": round(seconds, 2) for name, seconds in used.items()}))
    sys.exit(run.returncode)


if __name__ == "__main__":
    main()
