"""Twilio's errors, and its reading of a request."""

from urllib.parse import parse_qsl

from starlette.requests import Request

from bot.playground.vendors.base import RefusalError, media_type


async def form_of(request: Request) -> dict[str, str]:
    """Return the form's fields. Return none if the body is of another media type or not text."""
    if media_type(request) != "application/x-www-form-urlencoded":
        return {}
    body = await request.body()
    return dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))


def error(status: int, code: int, message: str, note: str) -> RefusalError:
    """Return an error in this API's format. `note` is for the page's list of requests."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    return RefusalError(
        status, {"code": code, "message": message, "more_info": more, "status": status}, note
    )


def missing(parameter: str) -> RefusalError:
    return error(400, 20001, f"Missing required parameter {parameter} in the post body", parameter)


def invalid(parameter: str, complaint: str) -> RefusalError:
    return error(400, 20001, f"{parameter} {complaint}", parameter)


def not_found(request: Request) -> RefusalError:
    path = request.url.path.removeprefix("/v1")
    return error(404, 20404, f"The requested resource {path} was not found", "not found")


def whole(form: dict[str, str], parameter: str, least: int, most: int, default: int) -> int:
    """Return the whole number that was sent. Raises a refusal for any other value."""
    text = form.get(parameter) or str(default)
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and least <= int(text) <= most):
        raise invalid(parameter, f"must be between {least} and {most}")
    return int(text)
