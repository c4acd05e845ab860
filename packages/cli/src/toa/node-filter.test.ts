import { describe, expect, test } from "vitest";
import { CHAIN, installFilter, readPrefixes, removeFilter, replaceFilter, TOA_KINDS } from "./node-filter.ts";

/** A run that writes down, and fails where `fails` says so. */
function recorder(fails: (line: string) => boolean = () => false) {
  const lines: string[] = [];
  const run = (program: string, args: readonly string[]): void => {
    const line = [program, ...args].join(" ").replace(" -w -t mangle", "");
    lines.push(line);
    if (fails(line)) throw new Error(line);
  };
  return { lines, run };
}

test("both families are filtered, each with its own prefixes, and the jump comes last", () => {
  const { lines, run } = recorder();
  installFilter(["10.0.8.0/24", "2001:db8::/64", "192.0.2.1/32"], [253, 254], run);
  expect(lines).toEqual([
    `iptables -N ${CHAIN}`,
    `iptables -A ${CHAIN} -s 10.0.8.0/24 -j RETURN`,
    `iptables -A ${CHAIN} -s 192.0.2.1/32 -j RETURN`,
    `iptables -A ${CHAIN} -p tcp -j TCPOPTSTRIP --strip-options 253,254`,
    `iptables -I PREROUTING -p tcp -j ${CHAIN}`,
    `ip6tables -N ${CHAIN}`,
    `ip6tables -A ${CHAIN} -s 2001:db8::/64 -j RETURN`,
    `ip6tables -A ${CHAIN} -p tcp -j TCPOPTSTRIP --strip-options 253,254`,
    `ip6tables -I PREROUTING -p tcp -j ${CHAIN}`,
  ]);
});

test("where a step fails, what was done is undone, and the step is thrown", () => {
  const { lines, run } = recorder((line) => line.startsWith("ip6tables -A"));
  expect(() => installFilter([], [254], run)).toThrow(/ip6tables -A/);
  expect(lines.filter((line) => / -[DFX] /.test(line))).toEqual([
    `iptables -D PREROUTING -p tcp -j ${CHAIN}`,
    `iptables -F ${CHAIN}`,
    `iptables -X ${CHAIN}`,
    `ip6tables -D PREROUTING -p tcp -j ${CHAIN}`,
    `ip6tables -F ${CHAIN}`,
    `ip6tables -X ${CHAIN}`,
  ]);
});

test("a chain that is there already is left alone", () => {
  const { lines, run } = recorder((line) => line.includes(" -N "));
  expect(() => installFilter([], [254], run)).toThrow(/-N/);
  expect(lines).toEqual([`iptables -N ${CHAIN}`]);
});

test("a filter is replaced in one change, and its jump is made where there is none", () => {
  const inputs: string[] = [];
  const lines: string[] = [];
  replaceFilter(["10.0.8.0/24", "2001:db8::/64"], [253, 254], (program, args, input) => {
    lines.push([program, ...args].join(" "));
    if (input !== undefined) inputs.push(input);
    if (program === "iptables" && args.includes("-C")) throw new Error("no such rule");
  });
  expect(inputs).toEqual([
    `*mangle\n:${CHAIN} - [0:0]\n-A ${CHAIN} -s 10.0.8.0/24 -j RETURN\n-A ${CHAIN} -p tcp -j TCPOPTSTRIP --strip-options 253,254\nCOMMIT\n`,
    `*mangle\n:${CHAIN} - [0:0]\n-A ${CHAIN} -s 2001:db8::/64 -j RETURN\n-A ${CHAIN} -p tcp -j TCPOPTSTRIP --strip-options 253,254\nCOMMIT\n`,
  ]);
  expect(lines).toEqual([
    "iptables-restore -w --noflush",
    `iptables -w -t mangle -C PREROUTING -p tcp -j ${CHAIN}`,
    `iptables -w -t mangle -I PREROUTING -p tcp -j ${CHAIN}`,
    "ip6tables-restore -w --noflush",
    `ip6tables -w -t mangle -C PREROUTING -p tcp -j ${CHAIN}`,
  ]);
});

test("removing says whether there was one", () => {
  expect(removeFilter(recorder().run)).toBe(true);
  expect(removeFilter(recorder(() => true).run)).toBe(false);
});

describe("prefixes", () => {
  test("stand between commas", () => {
    expect(readPrefixes("10.0.8.0/24,2001:db8::1")).toMatchObject([{ length: 24 }, { length: 128 }]);
  });

  test.each(["", "10.0.0.1/8", "10.0.8.0/24,,", "localhost"])("%j is none, and the word is named", (text) => {
    expect(readPrefixes(text)).toBe(`"${text === "10.0.8.0/24,," ? "" : text}"`);
  });
});

test("all kinds of all products are removed", () => {
  expect(TOA_KINDS).toEqual([28, 200, 201, 202, 249, 250, 252, 253, 254]);
});
