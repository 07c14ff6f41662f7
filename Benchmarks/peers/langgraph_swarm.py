"""The content swarm of Benchmarks/workflows/swarm.yaml on LangGraph with its PostgreSQL checkpointer.

    python langgraph_swarm.py POSTGRES_URL MODEL_URL TASKS [CONCURRENCY]

Three writers; each draft edited (approved at once); three judges score each draft; three ballots on the best two: 18 model
calls a task. Every node's result is durable before the next one runs. A call is one plain request with aiohttp, which
costs less than a client of OpenAI's.
"""
import asyncio
import json
import operator
import sys
import time
from typing import Annotated, TypedDict

import aiohttp
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

database, model_url, tasks = sys.argv[1], sys.argv[2], int(sys.argv[3])
concurrency = int(sys.argv[4]) if len(sys.argv) > 4 else 32
session: aiohttp.ClientSession


async def model(prompt: str) -> str:
    body = {"model": "w", "messages": [{"role": "user", "content": prompt}]}
    async with session.post(model_url + "/v1/chat/completions", json=body) as response:
        response.raise_for_status()
        return (await response.json())["choices"][0]["message"]["content"]


class State(TypedDict):
    topic: str
    drafts: Annotated[list, operator.add]
    edited: Annotated[list, operator.add]
    scores: Annotated[list, operator.add]
    finalists: list
    ballots: Annotated[list, operator.add]
    ranking: list


async def write(state):
    return {"drafts": [{"track": state["track"], "content": await model("write " + state["topic"])}]}


async def edit(state):
    return {"edited": [{"track": state["track"], "content": await model("edit " + state["content"])}]}


async def judge(state):
    await model("judge " + state["content"])
    score = 5 + (3 * state["track"] + state["judge"]) % 5
    return {"scores": [{"track": state["track"], "judge": state["judge"], "score": score}]}


async def select(state):
    totals: dict[int, int] = {}
    for score in state["scores"]:
        totals[score["track"]] = totals.get(score["track"], 0) + score["score"]
    return {"finalists": sorted(totals, key=lambda track: -totals[track])[:2]}


async def ballot(state):
    await model("rank")
    return {"ballots": [{"judge": state["judge"], "order": state["finalists"]}]}


async def rank(state):
    return {"ranking": state["finalists"]}


def judges_of(state):
    return [Send("judge", {**draft, "judge": number}) for draft in state["edited"] for number in range(3)]


def make_graph(saver):
    graph = StateGraph(State)
    for node in (write, edit, judge, select, ballot, rank):
        graph.add_node(node.__name__, node)
    for name in ("written", "polished"):
        graph.add_node(name, lambda state: {})
    graph.add_conditional_edges(
        START, lambda state: [Send("write", {"topic": state["topic"], "track": number}) for number in range(3)], ["write"]
    )
    graph.add_edge("write", "written")
    graph.add_conditional_edges("written", lambda state: [Send("edit", draft) for draft in state["drafts"]], ["edit"])
    graph.add_edge("edit", "polished")
    graph.add_conditional_edges("polished", judges_of, ["judge"])
    graph.add_edge("judge", "select")
    graph.add_conditional_edges(
        "select",
        lambda state: [Send("ballot", {"judge": number, "finalists": state["finalists"]}) for number in range(3)],
        ["ballot"],
    )
    graph.add_edge("ballot", "rank")
    graph.add_edge("rank", END)
    return graph.compile(checkpointer=saver)


async def count() -> int:
    async with session.get(model_url + "/count") as response:
        return (await response.json())["requests"]


async def main() -> None:
    global session
    settings = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    connector = aiohttp.TCPConnector(limit=0)
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        AsyncConnectionPool(database, min_size=8, max_size=16, kwargs=settings, open=False) as pool,
    ):
        saver = AsyncPostgresSaver(pool)
        await saver.setup()
        graph = make_graph(saver)
        gate = asyncio.Semaphore(concurrency)

        async def run(number: int) -> None:
            async with gate:
                state = {"topic": f"t{number}", "drafts": [], "edited": [], "scores": [], "ballots": []}
                thread = {"configurable": {"thread_id": f"{time.time_ns()}-{number}"}}
                result = await graph.ainvoke(state, thread, durability="sync")
                assert len(result["ranking"]) == 2 and len(result["scores"]) == 9

        await asyncio.gather(*(run(-number) for number in range(1, 9)))
        before, start, processor = await count(), time.monotonic(), time.process_time()
        await asyncio.gather(*(run(number) for number in range(tasks)))
        elapsed, processor = time.monotonic() - start, time.process_time() - processor
        requests = await count() - before
    print(
        json.dumps(
            {
                "tasks_per_second": round(tasks / elapsed, 1),
                "tasks": tasks,
                "seconds": round(elapsed, 3),
                "requests_per_task": requests / tasks,
                "python_us_per_call": round(processor / tasks / 18 * 1e6),
            }
        )
    )
    if requests != 18 * tasks:
        sys.exit(f"the model had {requests} requests, not 18 a task")


asyncio.run(main())
