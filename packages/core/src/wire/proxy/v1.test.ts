import { describe, expect, test } from "vitest";
import { parseProxyV1 } from "./v1.ts";

const TCP4 = "PROXY TCP4 203.0.113.7 198.51.100.10 50182 443";

test("an IPv4 line names the client and what it connected to", () => {
  expect(parseProxyV1(TCP4)).toEqual({
    method: "proxy-protocol",
    format: "proxy-v1",
    raw: TCP4,
    says: "address",
    endpoint: { address: "203.0.113.7", port: 50182 },
    destination: { address: "198.51.100.10", port: 443 },
  });
});

test("an IPv6 line is canonical in the answer and as it came in the proof", () => {
  const line = "PROXY TCP6 2001:DB8:0:0:1::2 2001:db8::a:443 50182 443";
  expect(parseProxyV1(line)).toMatchObject({
    raw: line,
    endpoint: { address: "2001:db8::1:0:0:2", port: 50182 },
    destination: { address: "2001:db8::a:443", port: 443 },
  });
});

test("the longest line that has addresses is read", () => {
  const longest = "ffff:f:ffff:ffff:ffff:ffff:ffff:ffff";
  const line = `PROXY TCP6 ${longest} ${longest} 65535 65535`;
  expect(parseProxyV1(line)).toMatchObject({ endpoint: { address: longest, port: 65535 } });
});

test("a mapped address is IPv4 in a TCP6 line", () => {
  expect(parseProxyV1("PROXY TCP6 ::ffff:203.0.113.7 ::ffff:198.51.100.10 1 2")).toMatchObject({
    endpoint: { address: "203.0.113.7", port: 1 },
  });
});

test("port 0 says that no port was named", () => {
  expect(parseProxyV1("PROXY TCP4 203.0.113.7 198.51.100.10 0 443")).toMatchObject({
    endpoint: { address: "203.0.113.7", port: undefined },
  });
});

test.each([
  ["PROXY TCP6 2001:db8::1 127.0.0.1 1234 28181", "2001:db8::1"],
  ["PROXY TCP4 203.0.113.7 ::1 1234 28183", "203.0.113.7"],
  ["PROXY TCP4 203.0.113.7 ::ffff:198.51.100.10 1234 80", "203.0.113.7"],
])("%s: the source counts, the destination of the other family is left out, and the claim is odd", (line, address) => {
  expect(parseProxyV1(line)).toEqual({
    method: "proxy-protocol",
    format: "proxy-v1",
    raw: line,
    says: "address",
    endpoint: { address, port: 1234 },
    destination: undefined,
    oddities: ["destination-family"],
  });
});

describe("UNKNOWN says that nobody knows, whatever stands behind it", () => {
  test.each([
    "PROXY UNKNOWN",
    "PROXY UNKNOWN ",
    "PROXY UNKNOWN 6.6.6.6 7.7.7.7 1 2",
    "PROXY UNKNOWN \u0000\u00ff<script>",
  ])("%j", (line) => {
    expect(parseProxyV1(line)).toEqual({
      method: "proxy-protocol",
      format: "proxy-v1",
      raw: line,
      says: "unknown",
    });
  });
});

describe("a line that is not as the specification writes it is refused", () => {
  test.each([
    ["two spaces", "PROXY  TCP4 203.0.113.7 198.51.100.10 1 2", "bad-line"],
    ["two spaces between addresses", "PROXY TCP4 203.0.113.7  198.51.100.10 1 2", "bad-line"],
    ["a tab", "PROXY\tTCP4 203.0.113.7 198.51.100.10 1 2", "bad-line"],
    ["a space behind", "PROXY TCP4 203.0.113.7 198.51.100.10 1 2 ", "bad-line"],
    ["a fifth word", "PROXY TCP4 203.0.113.7 198.51.100.10 1 2 3", "bad-line"],
    ["a missing port", "PROXY TCP4 203.0.113.7 198.51.100.10 1", "bad-line"],
    ["no words", "PROXY ", "bad-line"],
    ["a small letter", "proxy TCP4 203.0.113.7 198.51.100.10 1 2", "bad-line"],
    ["UDP, which version 1 does not have", "PROXY UDP4 203.0.113.7 198.51.100.10 1 2", "bad-line"],
    ["TCP5", "PROXY TCP5 203.0.113.7 198.51.100.10 1 2", "bad-line"],
    ["UNKNOWN with something glued to it", "PROXY UNKNOWNX", "bad-line"],
    ["a line feed inside", "PROXY TCP4 203.0.113.7 198.51.100.10 1 2\n", "bad-port"],
    ["an address of the other family", "PROXY TCP4 2001:db8::1 198.51.100.10 1 2", "bad-address"],
    ["IPv4 in a TCP6 line", "PROXY TCP6 203.0.113.7 198.51.100.10 1 2", "bad-address"],
    ["a destination that is not valid", "PROXY TCP6 2001:db8::1 127.0.0.256 1 2", "bad-address"],
    ["a destination of the other family, and a port that is not valid", "PROXY TCP4 203.0.113.7 ::1 1 02", "bad-port"],
    ["a mapped source in a TCP4 line", "PROXY TCP4 ::ffff:203.0.113.7 198.51.100.10 1 2", "bad-address"],
    ["leading zeros", "PROXY TCP4 010.020.030.040 198.51.100.10 1 2", "bad-address"],
    ["letters", "PROXY TCP4 1a2b3c4 198.51.100.10 1 2", "bad-address"],
    ["colons alone", "PROXY TCP6 :::::::: ::1 1 2", "bad-address"],
    ["a script", "PROXY TCP4 <script> 198.51.100.10 1 2", "bad-address"],
    ["a zone", "PROXY TCP6 fe80::1%eth0 ::1 1 2", "bad-address"],
    ["an address with a port", "PROXY TCP4 203.0.113.7:80 198.51.100.10 1 2", "bad-address"],
    ["a port with a leading zero", "PROXY TCP4 203.0.113.7 198.51.100.10 01 2", "bad-port"],
    ["a port beyond 65535", "PROXY TCP4 203.0.113.7 198.51.100.10 65536 2", "bad-port"],
    ["a negative port", "PROXY TCP4 203.0.113.7 198.51.100.10 -1 2", "bad-port"],
    ["a port in hexadecimal digits", "PROXY TCP4 203.0.113.7 198.51.100.10 0x1 2", "bad-port"],
    ["a destination of the other family that is cut off", "PROXY TCP6 2001:db8::1 127.0.0 1 2", "bad-address"],
    ["a destination of the other family with a port", "PROXY TCP6 2001:db8::1 127.0.0.1:80 1 2", "bad-address"],
    ["a destination of the other family with letters", "PROXY TCP4 203.0.113.7 ::g 1 2", "bad-address"],
    ["a destination of the other family with a zone", "PROXY TCP4 203.0.113.7 fe80::1%eth0 1 2", "bad-address"],
    ["a destination of the other family and its port beyond 65535", "PROXY TCP4 203.0.113.7 ::1 1 65536", "bad-port"],
    ["a source's port beyond 65535 and mixed families", "PROXY TCP6 2001:db8::1 127.0.0.1 65536 2", "bad-port"],
    ["a source of the other family", "PROXY TCP6 203.0.113.7 2001:db8::1 1 2", "bad-address"],
    ["both addresses of the other family", "PROXY TCP4 2001:db8::1 2001:db8::2 1 2", "bad-address"],
    ["a destination's port with a leading zero", "PROXY TCP4 203.0.113.7 198.51.100.10 1 00", "bad-port"],
  ])("%s", (_title, line, reason) => {
    expect(parseProxyV1(line)).toBe(reason);
  });
});
