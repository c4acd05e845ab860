import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { explainAddress } from "./explanation.ts";
import { FoundAddress } from "./found.ts";
import { readAddress } from "./reader.ts";

const found = new FoundAddress();

describe("a text that is no address says which part is wrong", () => {
  test.each([
    ["", "empty", "it is empty"],
    ["10.0.0.1, 10.0.0.2", "comma", "it has a comma (character 9)"],
    [" 10.0.0.1", "white-space", "it has white space (character 1)"],
    ["10.0.0.1\u00a0", "white-space", "it has white space (character 9)"],
    ["[::1]", "brackets", "it stands in brackets"],
    ["localhost", "name", "it is a name"],
    ["proxy-1.example.com", "name", "it is a name"],
    ["10.0.0.1:80", "port", 'it has a port (":80")'],
    ["10.0.0.01", "notation", 'IPv4 octet 4 has a leading zero ("01")'],
    ["010.0.0.1", "notation", 'IPv4 octet 1 has a leading zero ("010"): write 10, or 8 if it is octal'],
    ["10.09.0.1", "notation", 'IPv4 octet 2 has a leading zero ("09"): write 9'],
    ["00.0.0.1", "notation", 'IPv4 octet 1 has a leading zero ("00")'],
    ["0x7f.0.0.1", "notation", 'IPv4 octet 1 is hexadecimal ("0x7f")'],
    ["256.0.0.1", "octet", 'IPv4 octet 1 is above 255 ("256")'],
    ["10.0.0.1000", "octet", 'IPv4 octet 4 is above 255 ("1000")'],
    ["10.0.0.*", "wildcard", 'IPv4 octet 4 is "*"'],
    ["10..0.1", "octet", "IPv4 octet 2 is empty"],
    ["10.0.0.1a", "octet", 'IPv4 octet 4 has the character "a"'],
    ["10.0.0.-1", "octet", 'IPv4 octet 4 has the character "-"'],
    ["10.0.0.\u{1f600}", "octet", 'IPv4 octet 4 has the character "\u{1f600}"'],
    ["10", "notation", "it has 1 octet, and IPv4 has 4"],
    ["10.0.1", "notation", "it has 3 octets, and IPv4 has 4"],
    ["10.0.0.0.1", "octet", "it has 5 octets, and IPv4 has 4"],
    ["10.0.0.1%eth0", "zone", "only link-local addresses (fe80::/10) have a zone"],
    ["10.0.0.300:80", "octet", 'IPv4 octet 4 is above 255 ("300")'],
    [":::", "colon", "it has three colons in a row"],
    ["1::2::3", "colon", 'it has more than one "::"'],
    [":1:2", "colon", "it begins with one colon"],
    ["1::2:", "colon", "it ends with one colon"],
    ["2001:db8::12345", "group", 'IPv6 group 3 has more than four digits ("12345")'],
    ["2001:dg8::1", "group", 'IPv6 group 2 has the character "g"'],
    ["1:2:3:4:5:6:7", "group", "it has 7 groups, and IPv6 has 8"],
    ["1:2:3:4:5:6:7:8:9", "group", "it has 9 groups, and IPv6 has 8"],
    ["1:2:3:4:5:6:7:8::", "group", 'it has 8 groups beside "::", which stands for one at least'],
    ["1:2:3:4:5:6:7:1.2.3.4", "group", "it has 9 groups, and IPv6 has 8"],
    ["::1.2.3.4:1", "group", 'IPv4 ("1.2.3.4") stands before the end of IPv6'],
    ["1:1.2.3.4::", "group", 'IPv4 ("1.2.3.4") stands before the end of IPv6'],
    ["::ffff:10.0.0.01", "notation", 'IPv4 octet 4 has a leading zero ("01")'],
    ["2001:db8::1%eth0", "zone", "only link-local addresses (fe80::/10) have a zone"],
    ["fe80::1%", "zone", "its zone is empty"],
    ["fe80::1%eth/0", "zone", 'its zone has the character "/"'],
    ["fe80::1%abcdefghijklmnop", "zone", "its zone has more than 15 characters"],
    ["fe80::1:%eth0", "colon", "it ends with one colon"],
  ])("%j is none (%s): %s", (text, kind, detail) => {
    expect(explainAddress(text)).toEqual({ kind, detail });
    expect(readAddress(found, text, 0, text.length)).toBe(false);
  });
});

test("the explanation has a fault exactly where the reader refuses", () => {
  const pieces = [
    "0 1 9 10 255 256 01 a ff fe80 FFFF 12345 0x1 g * eth0 _ . . . : : :: ::: % [ ] - , / 1.2.3.4 1:2:3:4".split(" "),
    [" ", "\t", "\u00a0"],
  ].flat();
  const piece = fc.constantFrom(...pieces);
  const quad = fc.array(fc.constantFrom("0", "1", "01", "255", "256", "*", ""), { minLength: 3, maxLength: 5 });
  const groups = fc.array(fc.constantFrom("0", "1", "ffff", "FE80", "fe80", "12345", "", "", "1.2.3.4"), {
    minLength: 2,
    maxLength: 10,
  });
  const zone = fc.constantFrom("", "", "", "%", "%eth0", "%a.b-c_d", "%0123456789abcde", "%0123456789abcdef", "%e%f");
  const address = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    quad.map((octets) => octets.join(".")),
    groups.map((each) => each.join(":")),
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join("")),
    fc.ipV6().map((text) => text.replace(/^[^:]*/, "fe80")),
  );
  const text = fc
    .tuple(address, zone, fc.array(fc.tuple(fc.nat(), piece, fc.boolean()), { maxLength: 1 }))
    .map(([head, tail, edits]) =>
      edits.reduce((current, [place, mark, replaces]) => {
        const at = place % (current.length + 1);
        return current.slice(0, at) + mark + current.slice(replaces ? at + 1 : at);
      }, head + tail),
    );
  const counts = { read: 0, refused: 0 };
  fc.assert(
    fc.property(fc.oneof({ weight: 6, arbitrary: text }, fc.string({ unit: "binary", maxLength: 20 })), (each) => {
      const isRead = readAddress(found, each, 0, each.length);
      expect({ text: each, isRead: explainAddress(each) === undefined }).toEqual({ text: each, isRead });
      counts[isRead ? "read" : "refused"]++;
    }),
    { numRuns: 20_000 },
  );
  expect(counts.read).toBeGreaterThan(1000);
  expect(counts.refused).toBeGreaterThan(2000);
});
