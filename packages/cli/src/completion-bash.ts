/**
 * Completion for bash, 3.2 and newer, which needs no `bash-completion` beside it: that is missing on macOS and on small
 * servers, and a script that waits for it says so in the middle of the line. `call`: how the program is called, as shell words.
 */
export function bashCompletion(call: string): string {
  return `# bash completion for botyard
_botyard_complete() {
    local i word rest=$COMP_LINE words=() line value typed prefix=
    # Bash takes eng:ops and --room=x apart; what stands without a space between belongs together.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=\${COMP_WORDS[i]}
        if ((i > 0)) && [[ $rest != [[:space:]]* ]]; then
            words[\${#words[@]}-1]+=$word
        else
            words+=("$word")
        fi
        rest=\${rest#"\${rest%%[![:space:]]*}"}
        rest=\${rest#"$word"}
    done
    typed=\${words[\${#words[@]}-1]}
    COMPREPLY=()
    # Nothing of the line is evaluated: it may hold $(…) that is not meant to run yet.
    while IFS= read -r line; do
        [[ $line == :[0-9]* ]] && continue
        value=\${line%%$'\\t'*}
        [[ $typed == --*=* && $value != -* ]] && value=\${typed%%=*}=$value
        [[ $value == "$typed"* ]] || continue
        # Only what follows the last break is replaced.
        prefix=\${typed%"\${typed##*[:=]}"}
        COMPREPLY+=("$(printf %q "\${value#"$prefix"}")")
    done < <(${call} complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _botyard_complete botyard
`;
}
