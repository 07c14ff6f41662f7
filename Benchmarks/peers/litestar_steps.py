"""Steps per second of litestar-workflows' PersistentExecutionEngine on PostgreSQL: N workflows of four steps.

    python litestar_steps.py postgresql+asyncpg://… N
"""
import asyncio
import json
import sys
import time

from advanced_alchemy.base import UUIDAuditBase
from litestar_workflows import BaseMachineStep, Edge, WorkflowDefinition, WorkflowRegistry
from litestar_workflows.db import PersistentExecutionEngine
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

STEPS = ["write", "edit", "evaluate", "rank"]
WORKERS = 16


class Work(BaseMachineStep):
    async def execute(self, context):
        return {"content": "x" * 500}


class Flow:
    name, version = "bench", "1.0.0"

    @classmethod
    def get_definition(cls):
        return WorkflowDefinition(
            name=cls.name,
            version=cls.version,
            description="",
            steps={step: Work(name=step, description=step) for step in STEPS},
            edges=[Edge(*pair) for pair in zip(STEPS, STEPS[1:])],
            initial_step=STEPS[0],
            terminal_steps={STEPS[-1]},
        )


async def main(url: str, count: int) -> None:
    engine = create_async_engine(url, pool_size=WORKERS)
    async with engine.begin() as connection:
        await connection.run_sync(UUIDAuditBase.metadata.create_all)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    registry = WorkflowRegistry()
    registry.register(Flow)

    async def worker(number: int) -> None:
        for _ in range(number):
            async with sessions() as session:
                executor = PersistentExecutionEngine(registry=registry, session=session)
                instance = await executor.start_workflow(Flow, initial_data={})
                await executor._running[instance.id]  # it has no other way to wait for an end

    await worker(1)
    share = max(1, count // WORKERS)
    start = time.monotonic()
    await asyncio.gather(*[worker(share) for _ in range(WORKERS)])
    elapsed = time.monotonic() - start
    done = share * WORKERS
    print(json.dumps({"steps_per_second": round(4 * done / elapsed), "tasks": done, "seconds": round(elapsed, 3)}))
    await engine.dispose()


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
