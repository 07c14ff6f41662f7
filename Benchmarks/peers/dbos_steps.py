"""Durable steps per second of DBOS Transact: N workflows of four steps that do nothing.

    python dbos_steps.py POSTGRES_URL N [direct|backlog]

direct: each starts when it is posted, and the clock with the first. backlog: all wait in a queue when the clock starts.
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


DBOS.launch()
DBOS.start_workflow(flow, -1).get_result()
if mode == "backlog":
    handles = [DBOS.enqueue_workflow("bench", flow, number) for number in range(count)]
    start = time.monotonic()
    DBOS.register_queue("bench", concurrency=64)
else:
    start = time.monotonic()
    handles = [DBOS.start_workflow(flow, number) for number in range(count)]
for handle in handles:
    handle.get_result()
elapsed = time.monotonic() - start
print(json.dumps({"steps_per_second": round(4 * count / elapsed), "tasks": count, "seconds": round(elapsed, 3)}))
DBOS.destroy()
