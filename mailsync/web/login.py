"""The login, asked for beyond this machine: a password, or the link that mailsync printed, which opens once."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from mailsync.web.security import COOKIE, SESSION_SECONDS, own_path
from mailsync.web.site import Form, Page, Site, back_to


def login_page(page: Page) -> Response:
    """Ask for the password; the printed link comes here too."""
    door = page.site.door
    wanted = own_path(page.asked("next") or "/")
    if door.knows(page.request.scope.get("session", "")):
        return RedirectResponse(wanted, 303)
    link = page.asked("link")
    if link:
        session = door.enter(link=link)
        if session:
            return _let_in(page.request, session, wanted)
    return _ask(page, wanted, "This link was used already, or is wrong." if link else "", 403 if link else 200)


def login(page: Page, form: Form) -> Response:
    """Check the password."""
    wanted, door = own_path(form.get("next", "/")), page.site.door
    wait = door.wait()
    if wait:
        return _ask(page, wanted, f"Too many wrong tries. Try again in {int(wait) + 1} seconds.", 429)
    session = door.enter(password=form.get("password", ""))
    return _let_in(page.request, session, wanted) if session else _ask(page, wanted, "That is not the password.", 403)


def _ask(page: Page, wanted: str, sentence: str, status: int) -> Response:
    return page.render(
        "login.html", status, next=wanted, sentence=sentence, by_password=bool(page.site.door.password_hash)
    )


def _let_in(request: Request, session: str, wanted: str) -> Response:
    answer = RedirectResponse(wanted, 303)
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, session, max_age=SESSION_SECONDS, httponly=True, samesite="strict", secure=secure)
    return answer


def logout(page: Page, _form: Form) -> Response:
    """End the session."""
    site: Site = page.site
    site.door.leave(page.request.scope.get("session", ""))
    answer = back_to("/login", "")
    answer.delete_cookie(COOKIE)
    return answer
