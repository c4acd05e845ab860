export const SHELLS: readonly string[] = ["bash", "zsh", "fish"];

/** A script that a shell reads to complete `wherefrom`, from the options of each command; undefined for another shell. */
export function formatCompletion(
  shell: string,
  options: Readonly<Record<string, readonly string[]>>,
): string | undefined {
  if (shell === "bash") return bashScript(options);
  // zsh runs bash's scripts.
  if (shell === "zsh") return `#compdef wherefrom\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(options)}`;
  return shell === "fish" ? fishScript(options) : undefined;
}

const firstWords = (options: Readonly<Record<string, readonly string[]>>): readonly string[] => [
  ...new Set(["help", "completion", ...Object.keys(options).map((name) => name.split(" ", 1)[0] as string)]),
];

function bashScript(options: Readonly<Record<string, readonly string[]>>): string {
  const words = firstWords(options);
  const seconds = (first: string): readonly string[] =>
    Object.keys(options).flatMap((name) => (name.startsWith(`${first} `) ? [name.slice(first.length + 1)] : []));
  const cases = [
    ...Object.entries(options).map(
      ([name, own]) => `    "${name}"*) words="${own.map((each) => `--${each}`).join(" ")}" ;;`,
    ),
    ...words.flatMap((first) =>
      seconds(first).length === 0 ? [] : [`    "${first}"*) words="${seconds(first).join(" ")}" ;;`],
    ),
    `    "completion"*) words="${SHELLS.join(" ")}" ;;`,
  ];
  return `_wherefrom() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${words.join(" ")}" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]} \${COMP_WORDS[2]}" in
${cases.join("\n")}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "\${words//--[a-z-]*/}" -- "$current") $(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _wherefrom wherefrom`;
}

function fishScript(options: Readonly<Record<string, readonly string[]>>): string {
  return [
    `complete -c wherefrom -n __fish_use_subcommand -a "${firstWords(options).join(" ")}"`,
    ...Object.entries(options).flatMap(([name, own]) => {
      const [first, second] = name.split(" ");
      const seen = `__fish_seen_subcommand_from ${first}`;
      return [
        ...(second === undefined ? [] : [`complete -c wherefrom -n "${seen}" -a ${second}`]),
        ...own.map((each) => `complete -c wherefrom -n "${seen}" -l ${each}`),
      ];
    }),
  ].join("\n");
}
