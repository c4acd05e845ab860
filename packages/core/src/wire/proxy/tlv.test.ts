import { describe, expect, test } from "vitest";
import { findTlvFault, readTlvs } from "./tlv.ts";
import { readProxyDetails } from "./details.ts";
import { parseProxyV2 } from "./v2.ts";

const SIGNATURE = "0d0a0d0a000d0a515549540a";
const CLIENT = "cb007107c633640ac40601bb";

function tlvs(hex: string) {
  const bytes = Buffer.from(hex, "hex");
  return findTlvFault(bytes, 0, 0, bytes.length) ?? readTlvs(bytes, 0, bytes.length);
}

function details(hex: string, vendor?: "aws" | "azure" | "gcp") {
  const fields = tlvs(hex);
  if (typeof fields === "string") throw new Error(fields);
  return readProxyDetails(fields, vendor);
}

/** What a worked header's fields are. */
function header(hex: string) {
  const bytes = Buffer.from(hex, "hex");
  return parseProxyV2(bytes, 0, bytes.length);
}

test("unknown fields are skipped, and kept for those who know them", () => {
  expect(tlvs("f000026162e10000")).toEqual([
    { type: 0xf0, value: Uint8Array.of(0x61, 0x62) },
    { type: 0xe1, value: new Uint8Array() },
  ]);
});

test("padding is ignored", () => {
  expect(tlvs("0400000400020000010002" + "6832")).toEqual([{ type: 1, value: Uint8Array.of(0x68, 0x32) }]);
});

test("a field that runs over the header's end is refused", () => {
  for (const hex of ["01", "0100", "010001", "010002ff", "f0ffff00", "04000100ff"]) expect(tlvs(hex)).toBe("bad-tlv");
});

test("fields are copies: what becomes of the bytes later does not change them", () => {
  const bytes = Buffer.from("0100026832", "hex");
  const fields = readTlvs(bytes, 0, bytes.length);
  bytes.fill(0);
  expect(fields).toEqual([{ type: 1, value: Uint8Array.of(0x68, 0x32) }]);
});

describe("CRC32c", () => {
  const good = `${SIGNATURE}21110013${CLIENT}0300049132204d`;

  test("a right one is believed, with fields before it too", () => {
    expect(header(good)).toMatchObject({ says: "address" });
    expect(
      header(`${SIGNATURE}2111002a${CLIENT}010002683202000b6578616d706c652e636f6d04000100030004f69af958`),
    ).toMatchObject({ says: "address", tlvs: [{ type: 1 }, { type: 2 }, { type: 3 }] });
  });

  test("one wrong bit anywhere in the header is refused", () => {
    const bytes = Buffer.from(good, "hex");
    for (let bit = 16 * 8; bit < 28 * 8; bit++) {
      const wrong = Buffer.from(bytes);
      wrong[bit >> 3]! ^= 1 << (bit & 7);
      expect(parseProxyV2(wrong, 0, wrong.length)).toBe("bad-checksum");
    }
    for (let bit = 31 * 8; bit < 35 * 8; bit++) {
      const wrong = Buffer.from(bytes);
      wrong[bit >> 3]! ^= 1 << (bit & 7);
      expect(parseProxyV2(wrong, 0, wrong.length)).toBe("bad-checksum");
    }
  });

  test("one that has not four bytes, and a second one, are refused", () => {
    expect(tlvs("0300039132ff")).toBe("bad-checksum");
    expect(tlvs("030000")).toBe("bad-checksum");
    expect(header(`${SIGNATURE}2111001a${CLIENT}0300049132204d0300049132204d`)).toBe("bad-checksum");
  });
});

describe("fields by name", () => {
  test("ALPN, authority, unique id and namespace", () => {
    const hex = "0100026832" + "02000b6578616d706c652e636f6d" + "050003010203" + "300004626c7565";
    expect(details(hex)).toEqual({
      alpn: Uint8Array.of(0x68, 0x32),
      authority: "example.com",
      uniqueId: Uint8Array.of(1, 2, 3),
      networkNamespace: "blue",
      ssl: undefined,
      awsVpcEndpointId: undefined,
      azureLinkId: undefined,
      gcpPscConnectionId: undefined,
    });
  });

  test("a unique id of 128 bytes is the longest", () => {
    expect(details(`050080${"aa".repeat(128)}`).uniqueId).toHaveLength(128);
    expect(tlvs(`050081${"aa".repeat(129)}`)).toBe("bad-tlv");
  });

  test("SSL with all its own fields", () => {
    const inner =
      "210007544c5376312e33" +
      "22000568656c6c6f" +
      "23000161" +
      "24000162" +
      "25000163" +
      "26000164" +
      "27000165" +
      "280002dead";
    const length = (5 + inner.length / 2).toString(16).padStart(4, "0");
    expect(details(`20${length}0700000000${inner}`).ssl).toEqual({
      isTls: true,
      certificateOnConnection: true,
      certificateInSession: true,
      isVerified: true,
      version: "TLSv1.3",
      commonName: "hello",
      cipher: "a",
      signatureAlgorithm: "b",
      keyAlgorithm: "c",
      group: "d",
      signatureScheme: "e",
      certificate: Uint8Array.of(0xde, 0xad),
    });
  });

  test("each bit of SSL is told apart, and a certificate that was not accepted is not", () => {
    expect(details("2000050100000000").ssl).toMatchObject({ isTls: true, certificateOnConnection: false });
    expect(details("2000050200000000").ssl).toMatchObject({ isTls: false, certificateOnConnection: true });
    expect(details("2000050400000000").ssl).toMatchObject({ certificateInSession: true, version: undefined });
    // As HAProxy writes it of a client without a certificate: TLS, verification 0.
    expect(details("20000f0100000000210007544c5376312e33").ssl).toMatchObject({ isTls: true, isVerified: false });
    expect(details("2000050100000000").ssl).toMatchObject({ isTls: true, isVerified: false });
    expect(details("2000050300000000").ssl).toMatchObject({ certificateOnConnection: true, isVerified: true });
    expect(details("2000050500000000").ssl).toMatchObject({ certificateInSession: true, isVerified: true });
    expect(details("2000050700000012").ssl).toMatchObject({ isVerified: false });
    expect(details("2000050100000001").ssl).toMatchObject({ isVerified: false });
    expect(details("2000050180000000").ssl).toMatchObject({ isVerified: false });
  });

  test("SSL that is not well-formed is absent", () => {
    for (const hex of ["200000", "20000401000000", "200006010000000021", "20000801000000002100" + "05"]) {
      expect(details(hex).ssl).toBeUndefined();
    }
  });

  test("text that is not UTF-8 is absent", () => {
    expect(details("020002c328").authority).toBeUndefined();
  });

  test("vendors' fields are read where the vendor is named, and nowhere else", () => {
    const aws = "ea001701767063652d3038643262663135666163353030316339";
    const azure = "ee00050178563412";
    const gcp = "e000080000011f71fb04cb";
    const all = aws + azure + gcp;
    expect(details(all, "aws")).toMatchObject({ awsVpcEndpointId: "vpce-08d2bf15fac5001c9", azureLinkId: undefined });
    expect(details(all, "azure")).toMatchObject({ azureLinkId: 0x12345678, gcpPscConnectionId: undefined });
    expect(details(all, "gcp")).toMatchObject({ gcpPscConnectionId: 1234567890123n, awsVpcEndpointId: undefined });
    expect(details(all)).toMatchObject({
      awsVpcEndpointId: undefined,
      azureLinkId: undefined,
      gcpPscConnectionId: undefined,
    });
  });

  test("vendors' fields of another subtype or length are absent", () => {
    expect(details("ea000302ffff", "aws").awsVpcEndpointId).toBeUndefined();
    expect(details("ea0000", "aws").awsVpcEndpointId).toBeUndefined();
    expect(details("ee00050278563412", "azure").azureLinkId).toBeUndefined();
    expect(details("ee000401785634", "azure").azureLinkId).toBeUndefined();
    expect(details("e0000400000001", "gcp").gcpPscConnectionId).toBeUndefined();
  });
});
