"""Why somebody is not let in; what the messages say is for the caller, and never repeats what was sent."""

from triglot.errors import TriglotError


class NotAuthenticated(TriglotError):
    """Nobody known has sent this; `wrong` if something was sent that should have said who it is."""

    code = "unauthenticated"

    def __init__(self, message: str, *, wrong: bool = True) -> None:
        super().__init__(message)
        self.wrong = wrong


class ScopeMissing(TriglotError):
    """The caller is known and may not do this; `scope` is what it lacks."""

    code = "scope-missing"

    def __init__(self, message: str, *, scope: str = "") -> None:
        super().__init__(message)
        self.scope = scope


class RateLimited(TriglotError):
    """The caller has asked too often; `retry_after_s` is how long its next try is away."""

    code = "rate-limited"

    def __init__(self, message: str, *, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class IssuerUnavailable(TriglotError):
    """The public keys of the tokens' issuer are not there, so that no token can be judged."""

    code = "issuer-unavailable"
