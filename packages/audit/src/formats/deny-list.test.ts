import { describe, expect, test } from "vitest";
import { formatDenyList } from "./deny-list.ts";

describe("a list to deny", () => {
  const entries = [
    { prefix: "203.0.113.7", note: "a\n; evil {" },
    { prefix: "2001:db8::/48" },
    { prefix: "evil; rm -rf" },
    { prefix: "fe80::1%eth0" },
  ];

  test.each([
    ["nginx", "# a ; evil {\ndeny 203.0.113.7/32;\ndeny 2001:db8::/48;\n"],
    ["cidr", "# a ; evil {\n203.0.113.7/32\n2001:db8::/48\n"],
    [
      "ipset",
      "create wherefrom4 hash:net family inet maxelem 262144 -exist\ncreate wherefrom6 hash:net family inet6 maxelem 262144 -exist\n# a ; evil {\nadd wherefrom4 203.0.113.7/32 -exist\nadd wherefrom6 2001:db8::/48 -exist\n",
    ],
  ] as const)("for %s holds prefixes and nothing else", (format, expected) => {
    expect(formatDenyList(entries, format)).toBe(expected);
  });
});
