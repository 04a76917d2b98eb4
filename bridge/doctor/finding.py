"""What one look at the installation found."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from triglot.languages.remedy import Command, Trouble

# "off" is what is not installed and that nothing here asks for.
Verdict: TypeAlias = Literal["ok", "warn", "fail", "off"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what was found, the commands that mend it, and what no command can do."""

    check: str
    verdict: Verdict
    found: str
    commands: tuple[Command, ...] = ()
    advice: str = ""

    @classmethod
    def of(cls, check: str, verdict: Verdict, trouble: Trouble) -> "Finding":
        """Return a trouble as a finding."""
        return cls(check, verdict, trouble.cause, trouble.commands, trouble.advice)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON's values."""
        return {
            "check": self.check,
            "verdict": self.verdict,
            "found": self.found,
            "commands": list(map(str, self.commands)),
            "advice": self.advice,
        }
