"""Steps per second of Procrastinate: N chains of four jobs that do nothing, each of which defers the next.

    python procrastinate_steps.py POSTGRES_URL N
"""
import asyncio
import json
import sys
import time

import procrastinate

url, count = sys.argv[1], int(sys.argv[2])
app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url, min_size=4, max_size=16))


@app.task(name="work")
async def work(chain: int, number: int, content: str) -> None:
    if number < 4:
        await work.defer_async(chain=chain, number=number + 1, content="x" * 500)


async def main() -> None:
    async with app.open_async():
        if not await app.check_connection_async():
            await app.schema_manager.apply_schema_async()
        await work.batch_defer_async(*[{"chain": chain, "number": 1, "content": ""} for chain in range(count)])
        start = time.monotonic()
        await app.run_worker_async(concurrency=32, wait=False, install_signal_handlers=False, delete_jobs="never")
        elapsed = time.monotonic() - start
        rows = await app.connector.execute_query_one_async(
            "SELECT count(*) AS done FROM procrastinate_jobs WHERE status = 'succeeded'"
        )
        if rows["done"] != 4 * count:
            sys.exit(f"{rows['done']} of {4 * count} jobs succeeded")
    print(json.dumps({"steps_per_second": round(4 * count / elapsed), "tasks": count, "seconds": round(elapsed, 3)}))


asyncio.run(main())
