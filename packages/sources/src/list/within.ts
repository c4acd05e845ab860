import { parsePrefix, type Prefix, WherefromError } from "@wherefrom/core";
import { peerMatcher } from "@wherefrom/core/internal";

/** Where machines of one's own are: RFC 1918 and RFC 4193, as a policy's "private". */
const PRIVATE: readonly string[] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];
/** Named ranges that `within` takes besides prefixes. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  private: PRIVATE,
  loopback: ["127.0.0.0/8", "::1/128"],
  cgnat: ["100.64.0.0/10"],
};

/** What `within` means: prefixes, and the named ranges "private", "loopback" and "cgnat". Throws the faults of prefixes, in the words of a policy's peers. */
export function compileWithin(within: readonly string[] = ["private"]): readonly Prefix[] {
  if (within.length === 0) {
    throw new WherefromError(
      "ERR_WHEREFROM_INVALID_OPTION",
      `within is empty, so that no address would be believed: write within: ["private"]`,
    );
  }
  const texts = within.flatMap((text) => (Object.hasOwn(NAMED, text) ? (NAMED[text] as readonly string[]) : [text]));
  // It says what is wrong, and what to write.
  peerMatcher(texts);
  return texts.map((text) => {
    const prefix = parsePrefix(text);
    if (prefix !== undefined) return prefix;
    throw new WherefromError(
      "ERR_WHEREFROM_INVALID_PREFIX",
      `within takes prefixes, "private", "loopback" and "cgnat", not ${JSON.stringify(text)}`,
    );
  });
}
