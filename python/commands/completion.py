"""What bash and zsh are told of the program: `source <(telltale completion bash)`. Verbs, options
are in the text; the keys of runs are asked for when somebody presses tab.
"""

import argparse
from typing import Dict, List

# Verbs of the program that are not written in Python (server/main), without their options.
_OTHERS = ("serve", "run", "open", "import", "admin")

_BASH = """_telltale() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} words
  if [ "$COMP_CWORD" = 1 ]; then
    words='{verbs}'
  else
    case ${{COMP_WORDS[1]}} in
{options}
    esac
    case ${{COMP_WORDS[1]}}:$word in
      *:-*) ;;
      {of_run}) words="last $("${{COMP_WORDS[0]}}" runs --keys 2>/dev/null)" ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  [ ${{#COMPREPLY[@]}} != 0 ] || COMPREPLY=($(compgen -f -- "$word"))
}}
complete -F _telltale telltale
"""
# zsh has a machine for bash's kind; what it lacks is loaded first.
_ZSH = """autoload -Uz compinit bashcompinit
(( $+functions[compdef] )) || compinit
bashcompinit
"""
_OF_RUN = ("watch", "logs", "cancel", "retry")


def text(shell: str, verbs: Dict[str, argparse.ArgumentParser]) -> str:
    names = sorted({*verbs, *_OTHERS} - {"credential"})  # which git asks for
    lines: List[str] = []
    for verb, parser in sorted(verbs.items()):
        options = " ".join(sorted(name for name in parser._option_string_actions))
        lines.append(f"      {verb}) words='{options}' ;;")
    bash = _BASH.format(
        verbs=" ".join(names),
        options="\n".join(lines),
        of_run="|".join(f"{verb}:*" for verb in _OF_RUN),
    )
    return bash if shell == "bash" else _ZSH + bash
