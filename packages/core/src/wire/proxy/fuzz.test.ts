import fc from "fast-check";
import { expect, test } from "vitest";
import { parseAddress } from "../../address/address.ts";
import { encodeProxyV1, encodeProxyV2 } from "./encoder.ts";
import { PROXY_HEADER_LIMIT_BYTES, readProxyHeaders } from "./header.ts";
import { parseProxyV2 } from "./v2.ts";

/** Runs of all properties here together, as in fuzz.test.ts. */
const RUNS = Number(process.env["WHEREFROM_FUZZ_RUNS"] || (process.env["CI"] === undefined ? 20_000 : 100_000));
const SIGNATURE = Buffer.from("0d0a0d0a000d0a515549540a", "hex");

const address4 = fc.ipV4();
const address6 = fc.ipV6();
const port = fc.integer({ min: 0, max: 65_535 });
const pair = fc.oneof(fc.tuple(address4, address4), fc.tuple(address6, address6)).chain(([from, to]) =>
  fc.tuple(port, port).map(([source, destination]) => ({
    source: { address: from, port: source },
    destination: { address: to, port: destination },
  })),
);
const tlv = fc.record({
  // 3 is the checksum's own, 4 is padding, and a unique id has a limit.
  type: fc.integer({ min: 0, max: 255 }).filter((type) => type < 3 || type > 5),
  value: fc.uint8Array({ maxLength: 40 }),
});

/** Things that look like headers, and headers with something broken. */
const nearly = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.uint8Array({ maxLength: 80 }).map((body) => Uint8Array.from([...SIGNATURE, ...body])),
  fc
    .tuple(fc.constantFrom(0x20, 0x21, 0x22), fc.constantFrom(0, 0x11, 0x12, 0x21, 0x31, 0x41), fc.uint8Array())
    .map(([command, family, body]) => Uint8Array.from([...SIGNATURE, command, family, 0, body.length, ...body])),
  fc.string({ maxLength: 120 }).map((text) => new TextEncoder().encode(`PROXY ${text}\r\n`)),
  fc
    .array(fc.constantFrom("TCP4", "TCP6", "UNKNOWN", "1.2.3.4", "::1", "80", "080", " ", "", "x"), { maxLength: 8 })
    .map((words) => new TextEncoder().encode(`PROXY ${words.join(" ")}\r\n`)),
);

test("whatever comes, the answer is a canonical claim, a reason, or a wish for a bounded number of bytes", () => {
  const states = { more: 0, header: 0, refused: 0 };
  fc.assert(
    fc.property(nearly, (bytes) => {
      const reading = readProxyHeaders(bytes);
      states[reading.state]++;
      expect(readProxyHeaders(bytes)).toEqual(reading);
      expect(bytes.length < PROXY_HEADER_LIMIT_BYTES || reading.state !== "more").toBe(true);
      if (reading.state !== "header") return;
      expect(reading.length).toBeLessThanOrEqual(bytes.length);
      for (const { endpoint, destination } of reading.claims) {
        const texts = [endpoint, destination].flatMap((each) => each?.address ?? []);
        expect(texts.map((text) => parseAddress(text)?.text)).toEqual(texts);
      }
    }),
    { numRuns: RUNS / 4 },
  );
  expect(Math.min(...Object.values(states))).toBeGreaterThan(0);
});

test("no shorter beginning of what is a header is one, and none is refused", () => {
  fc.assert(
    fc.property(nearly, (bytes) => {
      const whole = readProxyHeaders(bytes);
      if (whole.state !== "header") return;
      for (let end = 0; end < whole.length; end++) expect(readProxyHeaders(bytes.subarray(0, end)).state).toBe("more");
      expect(readProxyHeaders(bytes.subarray(0, whole.length))).toEqual(whole);
    }),
    { numRuns: RUNS / 8 },
  );
});

test("what is written in version 1 is read again", () => {
  fc.assert(
    fc.property(pair, (header) => {
      const { source, destination } = header;
      const bytes = Buffer.from(encodeProxyV1(canonical(header)));
      expect(readProxyHeaders(bytes)).toMatchObject({
        state: "header",
        length: bytes.length,
        claims: [{ says: "address", endpoint: read(source), destination: read(destination) }],
      });
    }),
    { numRuns: RUNS / 20 },
  );
});

test("what is written in version 2 is read again, field by field", () => {
  fc.assert(
    fc.property(pair, fc.array(tlv, { maxLength: 5 }), fc.boolean(), fc.boolean(), (header, tlvs, checksum, isUdp) => {
      const bytes = encodeProxyV2({ ...header, tlvs, checksum, transport: isUdp ? "datagram" : "stream" });
      const claim = parseProxyV2(bytes, 0, bytes.length);
      expect(claim).toMatchObject({
        says: "address",
        endpoint: read(header.source),
        destination: read(header.destination),
      });
      const fields = (typeof claim === "string" ? undefined : claim.tlvs) ?? [];
      expect(fields.filter(({ type }) => type !== 3)).toEqual(tlvs);
      expect(fields.length - tlvs.length).toBe(checksum ? 1 : 0);
    }),
    { numRuns: RUNS / 20 },
  );
});

interface Ends {
  readonly source: { readonly address: string; readonly port: number };
  readonly destination: { readonly address: string; readonly port: number };
}

/** Version 1 cannot say that one end is mapped and the other not. */
function canonical(header: Ends): Ends {
  const isMapped = (text: string): boolean => text.includes(":") && parseAddress(text)?.family === 4;
  const { source, destination } = header;
  if (isMapped(source.address) === isMapped(destination.address)) return header;
  return { source, destination: { ...source, port: destination.port } };
}

function read({ address, port }: Ends["source"]) {
  return { address: parseAddress(address)?.text, port: port === 0 ? undefined : port };
}
