/** The scripts that make the shells ask `headrace complete` when somebody presses Tab. */

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

export function completionScript(shell: Shell): string {
  return { bash, zsh, fish }[shell];
}

/** Without an answer, bash completes names of files: `-o default`. For bash, what is after "=" is a word of its own. */
const bash = `# Completion of headrace for bash. In ~/.bashrc: source <(headrace completion bash)
_headrace() {
  local line word
  COMPREPLY=()
  while IFS= read -r line; do
    word="\${line%%$'\\t'*}"
    COMPREPLY+=("\${word#--*=}")
  done < <(headrace complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o bashdefault -o default -F _headrace headrace
`;

const zsh = `#compdef headrace
# Completion of headrace for zsh. In ~/.zshrc, after compinit: source <(headrace completion zsh)
_headrace() {
  local line
  local -a described
  while IFS= read -r line; do
    described+=("\${line%%$'\\t'*}:\${line#*$'\\t'}")
  done < <(headrace complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#described} )); then
    _describe -V headrace described
  else
    _files
  fi
}
if [[ "\${funcstack[1]}" == _headrace ]]; then
  _headrace "$@"
else
  compdef _headrace headrace
fi
`;

/** Without an answer, the condition does not hold, and fish completes names of files. */
const fish = `# Completion of headrace for fish. In ~/.config/fish/config.fish: headrace completion fish | source
function __headrace_ask
  set -l words (commandline -opc)
  set -l last (commandline -ct)
  set -g __headrace_found (headrace complete -- $words[2..-1] "$last" 2>/dev/null)
  test (count $__headrace_found) -gt 0
end
complete -c headrace -n __headrace_ask -f -k -a '(printf "%s\\n" $__headrace_found)'
`;
