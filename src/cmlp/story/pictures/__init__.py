"""Pictures for the terminal: functions that return lines of text for a given network and example.

Every function that draws takes the `Terminal` first (for its colours and characters) and returns a list of lines, which
can contain escape codes for colours. They write nothing. `cmlp._cli.terminal.beside` puts blocks side by side.
"""
