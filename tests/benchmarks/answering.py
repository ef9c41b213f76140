"""Slack's Web API and a vendor that say yes to everything, at once: what is measured is the bot.

python answering.py                 PORT in the environment
"""

import os
from itertools import count

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

numbers = count(1)
opened: list[str] = []


async def slack(request: Request) -> Response:
    """Every method of the Web API; remembers the last modal that was opened or drawn anew."""
    method = request.path_params["method"]
    if method in ("views.open", "views.update"):
        opened[:] = [(await request.body()).decode()]
    person = {
        "id": "U012AB3CD",
        "team_id": "T012AB3CD",
        "is_admin": True,
        "profile": {"real_name": "Maya"},
    }
    return JSONResponse(
        {
            "ok": True,
            "user": person,
            "team_id": "T012AB3CD",
            "user_id": "U0BOT",
            "bot_id": "B0BOT",
            "channel": "C012AB3CD",
            "ts": f"1700000000.{next(numbers):06}",
        }
    )


async def rootly(request: Request) -> Response:
    """Every call to Rootly: the incident was created."""
    number = next(numbers)
    attributes = {
        "sequential_id": number,
        "title": "Checkout is down",
        "url": f"https://rootly.example/{number}",
    }
    return JSONResponse(
        {"data": {"id": str(number), "type": "incidents", "attributes": attributes}}, 201
    )


async def last_modal(request: Request) -> Response:
    """The last modal that was opened or drawn anew, as it was sent."""
    return Response("".join(opened))


async def healthz(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


if __name__ == "__main__":
    routes = [
        Route("/slack/api/{method}", slack, methods=["GET", "POST"]),
        Route("/rootly/{path:path}", rootly, methods=["GET", "POST"]),
        Route("/last-modal", last_modal),
        Route("/healthz", healthz),
    ]
    uvicorn.run(
        Starlette(routes=routes), port=int(os.environ["PORT"]), log_config=None, access_log=False
    )
