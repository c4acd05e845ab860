import { loadSource } from "./runtime.mjs";

const listed = (names) =>
  names
    .toSorted()
    .map((name) => `\`${name}\``)
    .join(", ");

/** Which headers an application does not see where requests are normalised. */
export async function removedHeadersText() {
  const { ADDRESS_NAMES, ORIGIN_NAMES, UNTOUCHED_NAMES } = await loadSource("core", "forwarding/published-names.ts");
  return [
    "## Address headers",
    listed(ADDRESS_NAMES),
    "## Headers of protocol, host and port",
    listed(ORIGIN_NAMES),
    "## Headers that always stay",
    listed(UNTOUCHED_NAMES),
  ].join("\n\n");
}
