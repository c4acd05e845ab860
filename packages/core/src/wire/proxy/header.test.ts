import { describe, expect, test } from "vitest";
import { type ProxyHeaderOptions, type ProxyReading, readProxyHeaders } from "./header.ts";

const V1 = Buffer.from("PROXY TCP4 203.0.113.7 198.51.100.10 50182 443\r\n").toString("hex");
const SIGNATURE = "0d0a0d0a000d0a515549540a";
const V2 = `${SIGNATURE}2111000ccb007107c633640ac40601bb`;
const LOCAL = `${SIGNATURE}20000000`;
const PAYLOAD = Buffer.from("GET / HTTP/1.1\r\n\r\n").toString("hex");

function read(hex: string, options?: ProxyHeaderOptions): ProxyReading {
  return readProxyHeaders(Buffer.from(hex, "hex"), options);
}

function readText(text: string): ProxyReading {
  return readProxyHeaders(Buffer.from(text, "latin1"));
}

describe("a header at every split", () => {
  test.each([
    ["v1", V1],
    ["v1 without addresses", Buffer.from("PROXY UNKNOWN\r\n").toString("hex")],
    ["v2", V2],
    ["v2 with fields", `${SIGNATURE}21110013cb007107c633640ac40601bb0300049132204d`],
    ["v2 over IPv6", `${SIGNATURE}2121002420010db800000000000000000001000220010db80000000000000000000a0443c40601bb`],
    ["LOCAL with bytes to skip", `${SIGNATURE}20000005ffffffffff`],
  ])("%s: more is asked for until the last byte, and not one byte is taken behind it", (_title, hex) => {
    const bytes = Buffer.from(hex, "hex");
    for (let end = 0; end < bytes.length; end++) {
      const reading = readProxyHeaders(bytes.subarray(0, end));
      expect(reading).toMatchObject({ state: "more" });
      const { missing } = reading as Extract<ProxyReading, { state: "more" }>;
      expect(missing).toBeGreaterThan(0);
      expect(missing).toBeLessThanOrEqual(bytes.length - end);
    }
    const whole = readProxyHeaders(bytes);
    expect(whole).toMatchObject({ state: "header", length: bytes.length, claims: [{ method: "proxy-protocol" }] });
    expect(read(hex + PAYLOAD)).toEqual(whole);
    expect(read(hex + hex)).toEqual(whole);
  });
});

test.each([
  ["v2", V2, [16, 12]],
  ["v2 with fields", `${SIGNATURE}21110013cb007107c633640ac40601bb0300049132204d`, [16, 19]],
  ["LOCAL", LOCAL, [16]],
  ["the shortest line", Buffer.from("PROXY UNKNOWN\r\n").toString("hex"), [15]],
  ["a line of 20 bytes", Buffer.from("PROXY UNKNOWN 1234\r\n").toString("hex"), [15, 2, 2, 1]],
])("%s: nobody who waits for what is missing is told too much", (_title, hex, expected) => {
  const bytes = Buffer.from(hex, "hex");
  const waits: number[] = [];
  for (let end = 1; end <= bytes.length;) {
    const reading = readProxyHeaders(bytes.subarray(0, end));
    if (reading.state !== "more") break;
    waits.push(end === 1 ? reading.missing + 1 : reading.missing);
    end += reading.missing;
  }
  expect(waits).toEqual(expected);
});

test("what does not begin like a header is refused at its first wrong byte", () => {
  const tls = Buffer.from("16030100c8010000c40303", "hex");
  for (const bytes of [
    tls,
    Buffer.from("GET / HTTP/1.1\r\n"),
    Buffer.from([0]),
    Buffer.from("\n"),
    Buffer.from("proxy "),
  ]) {
    expect(readProxyHeaders(bytes.subarray(0, 1))).toEqual({ state: "refused", reason: "not-proxy" });
  }
  for (const text of ["PROXY ", "PRI * HTTP/2.0"]) expect(readText(text.slice(0, 1)).state).toBe("more");
  expect(readText("PRI")).toEqual({ state: "refused", reason: "not-proxy" });
  for (let at = 1; at < 12; at++) {
    const wrong = Buffer.from(SIGNATURE, "hex").subarray(0, at + 1);
    wrong[at]! ^= 1;
    expect(readProxyHeaders(wrong)).toEqual({ state: "refused", reason: "not-proxy" });
  }
});

describe("the line of version 1", () => {
  test("107 bytes with CRLF are the longest", () => {
    const longest = `PROXY UNKNOWN ${"x".repeat(107 - 16)}\r\n`;
    expect(longest).toHaveLength(107);
    expect(readText(longest)).toMatchObject({ state: "header", length: 107 });
    expect(readText(longest.slice(0, 106))).toMatchObject({ state: "more" });
    expect(readText(`PROXY UNKNOWN ${"x".repeat(107 - 15)}\r\n`)).toEqual({ state: "refused", reason: "no-end" });
    expect(readText(`PROXY UNKNOWN ${"x".repeat(93)}`)).toEqual({ state: "refused", reason: "no-end" });
  });

  test("ends with CR and LF together, and with neither alone", () => {
    expect(readText("PROXY UNKNOWN\n")).toMatchObject({ state: "more" });
    expect(readText("PROXY UNKNOWN\r")).toMatchObject({ state: "more" });
    expect(readText("PROXY UNKNOWN\rX\r\n")).toEqual({ state: "refused", reason: "bad-line" });
    expect(readText("PROXY UNKNOWN\n\r\n")).toEqual({ state: "refused", reason: "bad-line" });
  });

  test("is refused with the parser's reason", () => {
    expect(readText("PROXY TCP4 1 2 3 4\r\n")).toEqual({ state: "refused", reason: "bad-address" });
  });
});

describe("the head of version 2", () => {
  test("is judged before the rest has come", () => {
    expect(read(`${SIGNATURE}31110fff`)).toEqual({ state: "refused", reason: "bad-version" });
    expect(read(`${SIGNATURE}2f110fff`)).toEqual({ state: "refused", reason: "bad-command" });
    expect(read(`${SIGNATURE}2111ffff`)).toEqual({ state: "refused", reason: "too-long" });
  });

  test("4096 bytes in all are the longest, or what the option says", () => {
    expect(read(`${SIGNATURE}20000ff0`)).toMatchObject({ state: "more" });
    expect(read(`${SIGNATURE}20000ff1`)).toEqual({ state: "refused", reason: "too-long" });
    expect(read(`${SIGNATURE}2000ffff`, { limitBytes: 65_551 })).toMatchObject({ state: "more" });
    expect(read(V2, { limitBytes: 27 })).toEqual({ state: "refused", reason: "too-long" });
    expect(read(V2, { limitBytes: 28 }).state).toBe("header");
  });

  test("is refused with the parser's reason once it is whole", () => {
    expect(read(`${SIGNATURE}21110001`)).toMatchObject({ state: "more" });
    expect(read(`${SIGNATURE}2111000100`)).toEqual({ state: "refused", reason: "too-short" });
    expect(read(`${SIGNATURE}21120000`)).toEqual({ state: "refused", reason: "too-short" });
  });
});

describe("several headers in a row", () => {
  test("only the first is read unless more are said to be there", () => {
    expect(read(V2 + V1)).toMatchObject({ state: "header", length: V2.length / 2, claims: [{ format: "proxy-v2" }] });
  });

  test("each is a claim, nearest first", () => {
    expect(read(V2 + V1 + PAYLOAD, { headers: 2 })).toMatchObject({
      state: "header",
      length: (V2.length + V1.length) / 2,
      claims: [{ format: "proxy-v2" }, { format: "proxy-v1" }],
    });
  });

  test("all must be there, at every split", () => {
    const bytes = Buffer.from(V1 + V2, "hex");
    for (let end = 0; end < bytes.length; end++) {
      expect(readProxyHeaders(bytes.subarray(0, end), { headers: 2 })).toMatchObject({ state: "more" });
    }
    expect(read(V2 + PAYLOAD, { headers: 2 })).toEqual({ state: "refused", reason: "not-proxy" });
    expect(read(`${V2}${SIGNATURE}21120000`, { headers: 2 })).toEqual({ state: "refused", reason: "too-short" });
  });

  test("behind LOCAL nobody speaks through the balancer", () => {
    expect(read(LOCAL, { headers: 2 })).toMatchObject({ state: "header", claims: [{ says: "self" }] });
    expect(read(V2 + LOCAL, { headers: 3 })).toMatchObject({ state: "header", claims: [{ says: "address" }, {}] });
  });
});
