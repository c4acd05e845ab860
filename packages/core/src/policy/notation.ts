/** Keys of a policy's options that errors name with a value behind them. */
const KEY =
  /(?<![."\w])(trust|from|peers|hops|says|with|header|equals|machines|certificate|fingerprint256|origin|originIsPrivate|infrastructure|nodesFilterToa|silent|form|skip|rules|all): /g;
/** An object of which an error names the keys alone: `{ header, equals }`. */
const BARE_KEYS = /\{ (\w+(?:, \w+)*) \}/g;

/** What an error says in the notation of JavaScript, as a JSON file has it: `"originIsPrivate": true`. */
export function asJson(detail: string): string {
  return detail
    .replace(
      BARE_KEYS,
      (_, keys: string) =>
        `{ ${keys
          .split(", ")
          .map((key) => `"${key}": …`)
          .join(", ")} }`,
    )
    .replace(KEY, '"$1": ');
}

/** The same as the words of a variable: `trust=10.0.0.0/24 from=x-forwarded-for`, `originIsPrivate=true`. What has no words is named as JSON. */
export function asWords(detail: string): string {
  return detail
    .replace(/\{ ((?:trust|hops): [^{}]*) \}/g, (_, pairs: string) => wordsOf(pairs))
    .replace(
      /with: (\{[^{}]*\})/g,
      (_, demand: string) => `${asJson(`with: ${demand}`)} (which takes JSON: {"trust": …})`,
    )
    .replace(/(?<!["\w])(originIsPrivate|nodesFilterToa|hops|skip): (\w+)/g, "$1=$2");
}

/** `trust: ["a", "b"], from: "c"` as `trust=a,b from=c`. */
function wordsOf(pairs: string): string {
  const written = pairs
    .replace(/\[([^\]]*)\]/g, (_, list: string) => (list === "" ? "nobody" : list.replaceAll(", ", ",")))
    .replaceAll(": ", "=")
    .replaceAll(", ", " ")
    .replaceAll('"', "");
  return `"${written}"`;
}
