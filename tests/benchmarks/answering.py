"""Slack's Web API and a vendor that say yes to everything, at once: what is measured is the bot.

python answering.py                 PORT in the environment
"""

import os
import sys
from collections import Counter
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

sys.path.insert(0, str(Path(__file__).parents[2]))

from bot.slack.scopes import optional, required

numbers = count(1)
opened: list[str] = []
listed: Counter[str] = Counter()
"""How many lists were asked for with each key."""
TEAM = "T012AB3CD"


async def slack(request: Request) -> Response:
    """Every method of the Web API; remembers the last modal that was opened or drawn anew."""
    method = request.path_params["method"]
    if method == "oauth.v2.access":
        return JSONResponse(installed(parse_qs((await request.body()).decode())["code"][0]))
    team = request.headers.get("Authorization", "").partition("xoxb-T")[2]
    team = f"T{team}" if team else TEAM
    if method in ("views.open", "views.update"):
        opened[:] = [(await request.body()).decode()]
    person = {
        "id": "U012AB3CD",
        "team_id": team,
        "is_admin": True,
        "profile": {"real_name": "Maya"},
    }
    return JSONResponse(
        {
            "ok": True,
            "user": person,
            "team_id": team,
            "user_id": "U0BOT",
            "bot_id": "B0BOT",
            "channel": "C012AB3CD",
            "ts": f"1700000000.{next(numbers):06}",
        }
    )


def installed(team: str) -> dict[str, Any]:
    """The app was installed in that workspace, with every scope that the manifest asks for."""
    return {
        "ok": True,
        "access_token": f"xoxb-{team}",
        "token_type": "bot",
        "scope": ",".join([*required(), *optional()]),
        "bot_user_id": "U0BOT",
        "app_id": "A012AB3CD",
        "team": {"id": team, "name": team},
        "enterprise": None,
        "is_enterprise_install": False,
        "authed_user": {"id": "U012AB3CD"},
    }


async def rootly(request: Request) -> Response:
    """Every call to Rootly: the incident was created, the list has so many entries."""
    number = next(numbers)
    if request.method == "GET":
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        listed[key] += 1
        return JSONResponse(
            a_list(key) if request.path_params["path"] != "v1/users/me" else a_user(key)
        )
    attributes = {
        "sequential_id": number,
        "title": "Checkout is down",
        "url": f"https://rootly.example/{number}",
    }
    return JSONResponse(
        {"data": {"id": str(number), "type": "incidents", "attributes": attributes}}, 201
    )


def a_list(key: str) -> dict[str, Any]:
    """A page of a list, which is the only one."""
    data = [
        {"id": f"{key}-{number}", "type": "services", "attributes": {"name": f"Entry {number}"}}
        for number in range(60)
    ]
    return {"data": data, "meta": {"current_page": 1, "next_page": None, "total_pages": 1}}


def a_user(key: str) -> dict[str, Any]:
    """The user that the key acts as, in an organisation of its own."""
    attributes = {"name": "Maya", "full_name_with_team": f"[{key}] Maya", "email": "m@example.com"}
    return {"data": {"id": "1", "type": "users", "attributes": attributes}}


async def asked(request: Request) -> Response:
    """How many lists were asked for with each key."""
    return JSONResponse(listed)


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
        Route("/listed", asked),
        Route("/healthz", healthz),
    ]
    uvicorn.run(
        Starlette(routes=routes), port=int(os.environ["PORT"]), log_config=None, access_log=False
    )
