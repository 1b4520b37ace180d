"""The lines between a client program and the runner: a verb, then name=value words."""

import sys


class Words:
    """The name=value words of one line."""

    def __init__(self, words):
        self.pairs = [word.split("=", 1) for word in words]

    def get(self, name, default=None):
        return next((value for key, value in self.pairs if key == name), default)

    def all(self, name):
        return [value for key, value in self.pairs if key == name]


def parse(line):
    verb, *words = line.rstrip("\n").split(" ")
    return verb, Words(words)


def say(verb, *pairs):
    # In one piece: messages may come on a thread of their own.
    words = [f"{name}={value}" for name, value in pairs if value is not None]
    sys.stdout.write(" ".join([verb, *words]) + "\n")
    sys.stdout.flush()


class Refused(Exception):
    """The broker said no, with this code."""

    def __init__(self, code):
        super().__init__(f"refused with {code}")
        self.code = code


def answer_of(error):
    """Says why a command failed."""
    if isinstance(error, Refused):
        say("refused", ("code", error.code))
    else:
        say("failed", ("reason", f"{type(error).__name__}: {error}".replace("\n", " ")))
