/** A datagram in IP protocol 248, as dpvs writes it (uoa_mode opp); what is left out is right. */
export interface OppPacket {
  readonly source: string;
  readonly sourcePort: number;
  readonly target: string;
  readonly targetPort: number;
  readonly client: { readonly address: string; readonly port: number };
  readonly payload?: Uint8Array;
  /** Instead of the header of protocol 248, as hex; and instead of its number. */
  readonly header?: string;
  readonly protocol?: number;
  /** Added to UDP's checksum. */
  readonly error?: number;
}

/** The whole packet, as hex. */
export function oppPacket({ payload = new Uint8Array(), error = 0, protocol = 248, ...packet }: OppPacket): string {
  const [source, target] = [bytesOf(packet.source), bytesOf(packet.target)];
  const udp = Buffer.alloc(8 + payload.length);
  udp.set(payload, 8);
  udp.writeUInt16BE(packet.sourcePort, 0);
  udp.writeUInt16BE(packet.targetPort, 2);
  udp.writeUInt16BE(udp.length, 4);
  // RFC 768: over addresses, protocol and length, too.
  udp.writeUInt16BE(
    (checksum(Buffer.concat([source, target, Buffer.from([0, 17]), udp.subarray(4, 6), udp])) + error) % 65_536 ||
      0xffff,
    6,
  );
  const body = Buffer.concat([Buffer.from(packet.header ?? headerOf(packet.client), "hex"), udp]);
  const head = Buffer.alloc(source.length === 4 ? 12 : 8);
  if (source.length === 4) {
    head.writeUInt16BE(0x4500, 0);
    head.writeUInt16BE(20 + body.length, 2);
    head.set([64, protocol], 8);
  } else {
    head[0] = 0x60;
    head.writeUInt16BE(body.length, 4);
    head.set([protocol, 64], 6);
  }
  return Buffer.concat([head, source, target, body]).toString("hex");
}

/** Version, UDP, length, and option 31; the version is the client's family. */
function headerOf({ address, port }: OppPacket["client"]): string {
  const bytes = bytesOf(address);
  const option = Buffer.from([31, 4 + bytes.length, port >> 8, port & 255, ...bytes]);
  return Buffer.from([bytes.length === 4 ? 0x10 : 0x20, 17, 0, 4 + option.length, ...option]).toString("hex");
}

function bytesOf(address: string): Buffer {
  if (!address.includes(":")) return Buffer.from(address.split(".").map(Number));
  const [before = "", after] = address.split("::");
  const groups = (text: string | undefined): number[] =>
    text === undefined || text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
  const [first, last] = [groups(before), groups(after)];
  const all = [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 255]));
}

function checksum(bytes: Buffer): number {
  let total = 0;
  for (let at = 0; at < bytes.length; at += 2) total += (bytes[at]! << 8) | (bytes[at + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return ~total & 0xffff;
}
