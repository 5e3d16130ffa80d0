"""Commands to try next, for the ends of texts and screens."""

from __future__ import annotations

from collections.abc import Mapping

# What there is for a learner, in the order in which it is best tried.
LEARN: Mapping[str, str] = {
    "story": "how it works and learns, in 24 screens",
    "look 9": "what every neuron does with a 9",
    "nudge 9": "what one 9 wants to change: backpropagation",
    "watch": "the learning itself, at your speed",
    "read FILE.png": "read a digit from a picture",
    "page": "draw digits and turn weights, in your browser",
}


def suggestion_lines(commands: Mapping[str, str], program: str, width: int) -> list[str]:
    """Return commands with their descriptions, in two columns if they fit."""
    longest = max(map(len, commands))
    lines = [f"  {program} {command:{longest}}  {what}" for command, what in commands.items()]
    if max(map(len, lines)) <= width:
        return lines
    return [line for command, what in commands.items() for line in (f"  {program} {command}", f"      {what}")]
