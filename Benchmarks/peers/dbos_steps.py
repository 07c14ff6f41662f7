"""Durable steps per second of DBOS Transact: N workflows of four steps that do nothing.

    python dbos_steps.py POSTGRES_URL N [direct|queue]
"""
import json
import sys
import time

from dbos import DBOS

url, count = sys.argv[1], int(sys.argv[2])
mode = sys.argv[3] if len(sys.argv) > 3 else "direct"
DBOS(config={"name": "bench", "system_database_url": url, "log_level": "ERROR"})


@DBOS.step()
def work(kind: str, number: int) -> dict:
    return {"kind": kind, "content": "x" * 500, "number": number}


@DBOS.workflow()
def flow(number: int) -> int:
    for kind in ("write", "edit", "evaluate", "rank"):
        work(kind, number)
    return number


def begin(number: int):
    return DBOS.enqueue_workflow("bench", flow, number) if mode == "queue" else DBOS.start_workflow(flow, number)


DBOS.launch()
if mode == "queue":
    DBOS.register_queue("bench", concurrency=64)
begin(-1).get_result()
start = time.monotonic()
for handle in [begin(number) for number in range(count)]:
    handle.get_result()
elapsed = time.monotonic() - start
print(json.dumps({"steps_per_second": round(4 * count / elapsed), "tasks": count, "seconds": round(elapsed, 3)}))
DBOS.destroy()
